/** Lines and totals out of an insights report, whatever the depth of its tree. */
import { bucketLabel, daysBetween, isBucketKey, type Unit } from "../mixpanel/dates.ts";
import type { Amount } from "../mixpanel/sparse.ts";
import { addUp, withoutNoise } from "./arithmetic.ts";
import type { Cell, Table } from "./series.ts";

const OVERALL = "$overall";
const ALL = "all";
const MAX_RAW_CHARS = 200;

/** One leaf: the names on the way to it (metric first), and either points over time or one value for the whole range. */
export type Leaf = { path: string[]; points?: Map<string, Value>; value?: Value };

/** Most measures are numbers; the most frequent or first value of a property is a text or a boolean. */
export type Value = Amount | string | boolean;

export const isTree = (node: unknown): node is Map<string, unknown> | Record<string, unknown> =>
  typeof node === "object" && node !== null && !Array.isArray(node);

/** The children of a node, whether it was parsed into a Map or left as an object. */
export function children(node: Map<string, unknown> | Record<string, unknown>): [string, unknown][] {
  return node instanceof Map ? [...node] : Object.entries(node);
}

const tidy = (value: Value | undefined): Value => (typeof value === "number" ? withoutNoise(value) : (value ?? null));

const isValue = (value: unknown): value is Value =>
  value === null || (typeof value !== "object" && value !== undefined);

/**
 * Leaves are numbers. A level of dates over numbers is a line; `all` over a number is a total; every other key is the
 * name of a metric or segment. A breakdown by a date property has dates over objects and so stays a level of names.
 */
export function leaves(node: unknown, path: string[] = []): Leaf[] {
  if (isValue(node)) return [{ path, value: node }];
  // A list is no shape we know: shown as it is rather than dropped.
  if (Array.isArray(node)) return [{ path, value: JSON.stringify(node).slice(0, MAX_RAW_CHARS) }];
  if (!isTree(node)) return [];
  const entries = children(node);
  if (entries.length > 0 && path.length > 0 && entries.every(([key, value]) => isBucketKey(key) && isValue(value))) {
    return [
      {
        path,
        points: new Map(entries.flatMap(([key, value]): [string, Value][] => (isValue(value) ? [[key, value]] : []))),
      },
    ];
  }
  return entries.flatMap(([key, value]) => leaves(value, key === ALL && path.length > 0 ? path : [...path, key]));
}

/** The number of a value; null for the others. */
export const amountOf = (value: Value | undefined): Amount => (typeof value === "number" ? value : null);
const weight = (leaf: Leaf): number =>
  addUp(leaf.points ? [...leaf.points.values()].map(amountOf) : [amountOf(leaf.value)]);

/** `A. Sign Up` before `B. Order`, `Z.` before `BA.`: the order in which the report shows its metrics. */
function prefixRank(metric: string): number {
  const letters = /^([A-Z]{1,3})\. /.exec(metric)?.[1];
  if (letters === undefined) return Number.POSITIVE_INFINITY;
  return [...letters].reduce((rank, letter) => rank * 26 + letter.charCodeAt(0) - 64, 0);
}

/** In the report's order of metrics; `$overall` first within a metric, then the largest segments. */
export function inOrder(found: readonly Leaf[], metricKeys: readonly string[]): Leaf[] {
  const place = new Map(metricKeys.map((key, index) => [key, index]));
  const metric = (leaf: Leaf) => leaf.path[0] ?? "";
  const metricOrder = (a: string, b: string) => {
    const [x, y] = [place.get(a) ?? Number.POSITIVE_INFINITY, place.get(b) ?? Number.POSITIVE_INFINITY];
    const [p, q] = [prefixRank(a), prefixRank(b)];
    return (x === y ? 0 : x - y) || (p === q ? 0 : p - q) || (a < b ? -1 : a > b ? 1 : 0);
  };
  const whole = (leaf: Leaf) => (leaf.path.slice(1).every((name) => name === OVERALL) ? 0 : 1);
  return [...found].sort(
    (a, b) =>
      metricOrder(metric(a), metric(b)) || whole(a) - whole(b) || weight(b) - weight(a) || compare(a.path, b.path),
  );
}

function compare(a: readonly string[], b: readonly string[]): number {
  const [x, y] = [a.join("\0"), b.join("\0")];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** `Chrome / iOS`, with the metric in front where there are several. A sub-total keeps its `$overall`. */
function labelOf(leaf: Leaf, severalMetrics: boolean): string {
  const [metric = "", ...names] = leaf.path;
  if (names.length === 0) return metric;
  const segment = names.every((name) => name === OVERALL) ? OVERALL : names.join(" / ");
  return severalMetrics ? `${metric} / ${segment}` : segment;
}

/** Size of the buckets, from the distance between their labels; `day` where it cannot be told. */
export function unitOf(labels: readonly string[]): Unit {
  if (labels.some((label) => /[T ](?!00:00)\d{2}:\d{2}/.test(label))) return "hour";
  const days = [...new Set(labels.map((label) => label.slice(0, 10)))]
    .sort()
    .map((label) => Date.parse(`${label}T00:00:00Z`) / 86_400_000);
  const gaps = days.slice(1).map((day, index) => day - (days[index] ?? day));
  const least = Math.min(...gaps);
  if (!Number.isFinite(least) || least < 7) return "day";
  return least < 28 ? "week" : "month";
}

/**
 * The last label where it names an unfinished bucket of a size that its distance to others does not tell: a quarter, or the only bucket
 * of a range that reaches to today.
 */
export function openEnd(labels: readonly string[], toDate: string | undefined, today: string): string[] {
  const last = labels.at(-1);
  if (last === undefined || toDate === undefined || toDate < today || !isBucketKey(last)) return [];
  const before = labels.at(-2);
  return before === undefined || daysBetween(before.slice(0, 10), last.slice(0, 10)) > 31 ? [last] : [];
}

export type ReportSeries = { table: Table; unit: Unit; labels: string[] };

/** Lines as one table: a row per bucket, a column per metric and segment. */
export function linesTable(lines: readonly Leaf[]): ReportSeries {
  const keys = lines.flatMap((leaf) => [...(leaf.points?.keys() ?? [])]);
  const unit = unitOf(keys);
  const columns = lines.map(
    (leaf) => new Map([...(leaf.points ?? [])].map(([key, value]) => [bucketLabel(key, unit), value])),
  );
  const labels = [...new Set(keys.map((key) => bucketLabel(key, unit)))].sort();
  const several = new Set(lines.map((leaf) => leaf.path[0])).size > 1;
  return {
    unit,
    labels,
    table: {
      columns: [unit === "hour" ? "time" : "date", ...lines.map((leaf) => labelOf(leaf, several))],
      rows: labels.map((label): Cell[] => [label, ...columns.map((column) => tidy(column.get(label)))]),
    },
  };
}

/** Totals over the whole range: a row each, with a column per level of the breakdown. */
export function totalsTable(totals: readonly Leaf[], headers: readonly string[]): Table {
  const depth = Math.max(1, ...totals.map((leaf) => leaf.path.length));
  const names = Array.from({ length: depth }, (_, index) =>
    index === 0 ? "metric" : (headers[index] ?? `level ${index + 1}`),
  );
  return {
    columns: [...names, "value"],
    rows: totals.map((leaf): Cell[] => [...names.map((_, index) => leaf.path[index] ?? null), tidy(leaf.value)]),
  };
}
