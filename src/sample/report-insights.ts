/** Runs an insights report: metrics over time or in total, broken down, combined by formulas. */
import { compile, type Evaluator, ExpressionError, parse } from "../mixpanel/expression.ts";
import { type Buckets, bucketsOf, rowOf, segmentsOf, select } from "./count.ts";
import type { SampleEvent } from "./data.ts";
import {
  dateRange,
  type EventClause,
  filterTest,
  groupReaders,
  paramsError,
  propertyReader,
  type ReportParams,
  reportTime,
  type ShowClause,
} from "./report-parts.ts";
import type { Range, Service } from "./request.ts";
import { isoWithOffset } from "./zone.ts";

/** A number, or numbers by date, `all` or segment. */
type Tree = number | null | { [key: string]: Tree };

type Run = {
  service: Service;
  params: ReportParams;
  range: Range;
  buckets: Buckets;
  line: boolean;
  limit: number;
  limited: boolean;
};

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export function insightsReport(params: ReportParams, service: Service, limit: number) {
  const { range, unit } = reportTime(params, service);
  const buckets = bucketsOf(range, unit);
  const line = params.displayOptions.chartType === "line";
  const run: Run = { service, params, range, buckets, line, limit, limited: false };
  const { show } = params.sections;
  const trees = new Map<string, Tree>();
  const shown: { metric_key: string }[] = [];
  const series: [string, Tree][] = [];
  show.forEach((clause, index) => {
    const letter = LETTERS[index] ?? "Z";
    const tree = clause.type === "formula" ? formula(clause, trees) : metric(clause, run);
    trees.set(letter, tree);
    if (clause.isHidden) return;
    const key = `${show.length > 1 ? `${letter}. ` : ""}${clause.name || defaultName(clause)}`;
    shown.push({ metric_key: key });
    if (!isEmpty(tree)) series.push([key, tree]);
  });
  return {
    date_range: dateRange(range, service),
    headers: ["$metric", ...(params.sections.group ?? []).map(({ value }) => String(value))],
    series: Object.fromEntries(series),
    meta: {
      min_sampling_factor: 1,
      is_segmentation_limit_hit: run.limited,
      sub_query_count: show.length,
      report_sections: { show: shown, group: [] },
    },
  };
}

function defaultName({ type, behavior, measurement }: ShowClause): string {
  if (type === "formula") return "Formula";
  const names: Record<string, string> = { total: "Total of", unique: "Uniques of", dau: "DAU of" };
  const math = measurement?.math ?? "total";
  return `${names[math] ?? `${math} of`} ${behavior?.name ?? "event"}`;
}

function isEmpty(tree: Tree): boolean {
  if (tree === null || typeof tree === "number") return tree === null || tree === 0;
  return Object.values(tree).every(isEmpty);
}

function metric(clause: ShowClause, run: Run): Tree {
  const { behavior } = clause;
  if (!behavior) throw paramsError("sections.show: a metric needs a behavior");
  const inner: EventClause[] = behavior.type === "simple" ? (behavior.behaviors ?? []) : [behavior];
  const events = inner.flatMap((event) => eventsOf(event, run)).sort((a, b) => a.time - b.time);
  return nest(events, groupReaders(run.params), measure(clause), run);
}

function eventsOf(event: EventClause, { service, params, range }: Run): SampleEvent[] {
  const own = filterTest(event.filters, service, event.filtersDeterminer === "any");
  const global = filterTest(params.sections.filter, service);
  const where: Evaluator = (row) => (!own || own(row) === true) && (!global || global(row) === true);
  return select(service.data, { event: event.name ?? undefined, range, where });
}

function nest(events: SampleEvent[], groups: Evaluator[], value: Measure, run: Run): Tree {
  const [first, ...rest] = groups;
  if (!first) return leaf(events, value, run);
  const segments = new Map<string, SampleEvent[]>();
  for (const event of events) {
    for (const name of segmentsOf(first(rowOf(run.service.data, event)))) {
      const members = segments.get(name);
      if (members) members.push(event);
      else segments.set(name, [event]);
    }
  }
  const largest = [...segments].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  if (largest.length > run.limit) run.limited = true;
  const kept = largest.slice(0, run.limit).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries([
    ["$overall", leaf(events, value, run)],
    ...kept.map(([name, members]) => [name, nest(members, rest, value, run)] as const),
  ]);
}

function leaf(events: SampleEvent[], value: Measure, { buckets, line, service }: Run): Tree {
  const { data } = service;
  if (!line) return { all: value(events, data) };
  const inBucket = new Map<number, SampleEvent[]>(buckets.starts.map((start) => [start, []]));
  for (const event of events) inBucket.get(buckets.of(event))?.push(event);
  return Object.fromEntries(
    [...inBucket].map(([start, members]) => [isoWithOffset(start, data.zone), value(members, data)]),
  );
}

type Measure = (events: SampleEvent[], data: Service["data"]) => number | null;

function measure({ measurement }: ShowClause): Measure {
  const math = measurement?.math ?? "total";
  const property = measurement?.property;
  if (math === "unique" || math === "dau") return (events) => new Set(events.map(({ person }) => person.id)).size;
  // The server does not refuse a statistic without a property: it counts.
  if (!property) {
    if (math === "total" || statistic(math)) return (events) => events.length;
    throw paramsError(`math ${math} is not supported by the sample project`);
  }
  const apply = math === "total" ? sum : statistic(math);
  if (!apply) throw paramsError(`math ${math} is not supported by the sample project`);
  const read = propertyReader(property.name, property.resourceType);
  const perUser = measurement.perUserAggregation;
  return (events, data) => {
    const numbers = new Map<string, number[]>();
    events.forEach((event, index) => {
      const value = read(rowOf(data, event));
      if (typeof value !== "number") return;
      const key = perUser ? event.person.id : String(index);
      numbers.set(key, [...(numbers.get(key) ?? []), value]);
    });
    const reduce = perUser === "total" || !perUser ? sum : statistic(perUser);
    if (!reduce) throw paramsError(`perUserAggregation ${perUser} is not supported by the sample project`);
    return apply([...numbers.values()].map((values) => reduce(values) ?? 0));
  };
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

function statistic(math: string): ((values: number[]) => number | null) | undefined {
  if (math === "average") return (values) => (values.length === 0 ? null : sum(values) / values.length);
  const percentile =
    math === "median"
      ? 50
      : math === "min"
        ? 0
        : math === "max"
          ? 100
          : Number(/^p(\d\d)$/.exec(math)?.[1] ?? Number.NaN);
  if (Number.isNaN(percentile)) return undefined;
  return (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const rank = (percentile / 100) * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
    return low === undefined || high === undefined ? null : low + (high - low) * (rank % 1);
  };
}

/** Letters stand for the metrics above; the arithmetic is that of expressions. */
function formula({ definition }: ShowClause, trees: Map<string, Tree>): Tree {
  const text = (definition ?? "").replace(/\b[A-Z]\b/g, (letter) => `properties["${letter}"]`);
  try {
    const evaluator = compile(parse(text), { now: 0, timezone: "UTC" });
    return combine(evaluator, trees);
  } catch (error) {
    if (error instanceof ExpressionError) throw paramsError(`formula: ${error.message}`);
    throw error;
  }
}

function combine(evaluator: Evaluator, trees: Map<string, Tree>): Tree {
  const keys = new Set(
    [...trees.values()].flatMap((tree) => (tree !== null && typeof tree === "object" ? Object.keys(tree) : [])),
  );
  if (keys.size === 0) {
    const value = evaluator({
      event: Object.fromEntries([...trees].map(([letter, tree]) => [letter, tree ?? undefined])),
    });
    return typeof value === "number" ? value : null;
  }
  const child = (tree: Tree, key: string): Tree =>
    tree !== null && typeof tree === "object" ? (tree[key] ?? null) : tree;
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      combine(evaluator, new Map([...trees].map(([letter, tree]) => [letter, child(tree, key)]))),
    ]),
  );
}
