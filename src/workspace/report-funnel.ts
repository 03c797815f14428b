/** Funnel steps out of a report: `count` over `1. Step` over `all`, segments or dates, at any depth. */
import { bucketLabel, isBucketKey } from "../mixpanel/dates.ts";
import type { FunnelStep } from "../mixpanel/funnels.ts";
import type { Amount } from "../mixpanel/sparse.ts";
import { addSteps } from "./funnel-rates.ts";
import { amountOf, children, isTree, leaves } from "./report-series.ts";

export type FunnelReport = {
  /** Steps per segment and entry date; the date is undefined where the report is one figure for the range. */
  parts: { segment: string | undefined; date: string | undefined; steps: FunnelStep[] }[];
  /** The report holds several funnels; their names are segments then, and no figure is the whole of them. */
  several: boolean;
};

const OVERALL = "$overall";
const STEP = /^(\d+)\.\s*(.*)$/s;

/** The objects that hold a `count` per step, with the names on the way to them. */
function metricNodes(node: unknown, path: string[] = []): { path: string[]; metrics: Map<string, unknown> }[] {
  if (!isTree(node)) return [];
  const metrics = new Map(children(node));
  const count = metrics.get("count");
  if (isTree(count) && children(count).some(([key]) => STEP.test(key))) return [{ path, metrics }];
  return [...metrics].flatMap(([key, child]) => metricNodes(child, [...path, key]));
}

type Place = { segment: string; date: string };
const keyOf = ({ segment, date }: Place) => `${date}\0${segment}`;

/** Values of one step under `all`, `$overall`, segments and dates, by place. */
function values(node: unknown, above: readonly string[]): Map<string, { place: Place; value: Amount }> {
  const found = new Map<string, { place: Place; value: Amount }>();
  for (const leaf of leaves(node, [""])) {
    const names = [...above, ...leaf.path.slice(1)];
    const points = leaf.points ?? new Map([["", leaf.value ?? null]]);
    for (const [key, value] of points) {
      const date = names.find(isBucketKey) ?? key;
      const segment = names.filter((name) => !isBucketKey(name) && name !== OVERALL).join(" / ");
      const place = { segment, date: date === "" ? "" : bucketLabel(date, "day") };
      found.set(keyOf(place), { place, value: amountOf(value) });
    }
  }
  return found;
}

function stepsOf(tree: unknown): { number: number; event: string; node: unknown }[] {
  if (!isTree(tree)) return [];
  return children(tree)
    .flatMap(([key, node]) => {
      const match = STEP.exec(key);
      return match ? [{ number: Number(match[1]), event: match[2] ?? "", node }] : [];
    })
    .sort((a, b) => a.number - b.number);
}

/** Undefined where the report has no counts per step (a line of conversion rates). */
export function readFunnel(series: ReadonlyMap<string, unknown>): FunnelReport | undefined {
  const nodes = metricNodes(new Map(series));
  if (nodes.length === 0) return undefined;
  const several = new Set(nodes.map((node) => node.path[0])).size > 1;
  const parts = nodes.flatMap(({ path, metrics }) => partsOf(several ? path : path.slice(1), metrics));
  return { parts, several };
}

function partsOf(above: readonly string[], metrics: ReadonlyMap<string, unknown>): FunnelReport["parts"] {
  const times = new Map(stepsOf(metrics.get("avg_time")).map((step) => [step.number, values(step.node, above)]));
  const counts = stepsOf(metrics.get("count")).map((step) => ({ ...step, counts: values(step.node, above) }));
  const places = new Map(counts.flatMap((step) => [...step.counts].map(([key, { place }]) => [key, place] as const)));
  return [...places].map(([key, place]) => ({
    segment: place.segment === "" ? undefined : place.segment,
    date: place.date === "" ? undefined : place.date,
    steps: counts.map((step) => ({
      event: step.event,
      count: step.counts.get(key)?.value ?? null,
      avgTime: times.get(step.number)?.get(key)?.value ?? null,
    })),
  }));
}

export type FunnelFigures = {
  steps: FunnelStep[];
  dates: { date: string; steps: FunnelStep[] }[];
  segments: Map<string, FunnelStep[][]>;
  /** The whole was added up from segments, because the report gives none. */
  addedUp: boolean;
  /** `steps` and `dates` are those of the first of several funnels. */
  firstOnly: boolean;
};

/** The whole, by date, and per segment. */
export function funnelFigures({ parts, several }: FunnelReport): FunnelFigures {
  const whole = parts.filter((part) => part.segment === undefined);
  const split = parts.filter((part) => part.segment !== undefined);
  const first = split.filter((part) => part.segment === split[0]?.segment);
  const base = several ? first : whole.length > 0 ? whole : split;
  const byDate = Map.groupBy(
    base.filter((part) => part.date !== undefined),
    (part) => part.date ?? "",
  );
  const bySegment = Map.groupBy(split, (part) => part.segment ?? "");
  return {
    steps: addSteps(base.map((part) => part.steps)),
    dates: [...byDate]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([date, list]) => ({ date, steps: addSteps(list.map((part) => part.steps)) })),
    segments: new Map([...bySegment].map(([segment, list]) => [segment, list.map((part) => part.steps)])),
    addedUp: whole.length === 0 && split.length > 0 && !several,
    firstOnly: several,
  };
}
