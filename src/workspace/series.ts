/** From a sparse series of Mixpanel to a table: buckets down, names across. Nothing is added up that cannot be. */
import type { Amount, Sparse } from "../mixpanel/sparse.ts";
import { addUp, withoutNoise } from "./arithmetic.ts";

export type Cell = string | number | boolean | null;
export type Table = { columns: string[]; rows: Cell[][] };

/** How counts were made. Only `general` ones may be added: a user counted on two days is one user. */
export type CountType = "general" | "unique" | "average";

export const additive = (type: CountType): boolean => type === "general";

/**
 * One row per bucket, one column per name, in the order given. Mixpanel leaves buckets of nothing out or sends 0 for them, so a missing
 * one is 0, for averages of events per user too; null is a count that Mixpanel did not make.
 */
export function seriesTable(sparse: Sparse, names: readonly string[], first: string): Table {
  const columns = names.map((name) => sparse.values.get(name));
  return {
    columns: [first, ...names],
    rows: sparse.buckets.map((bucket) => [bucket, ...columns.map((column) => cellOf(column?.get(bucket)))]),
  };
}

function cellOf(value: Amount | undefined): Amount {
  if (value === undefined) return 0;
  return value === null ? null : withoutNoise(value);
}

export type Ranked = { name: string; sum: number };

/**
 * Names with the largest sum first, ties by name. For users and averages the sum ranks (it is the mean times the number
 * of buckets) but is never shown.
 */
export function ranked(sparse: Sparse): Ranked[] {
  return [...sparse.values]
    .map(([name, counts]) => ({ name, sum: addUp(counts.values()) }))
    .sort((a, b) => b.sum - a.sum || (a.name < b.name ? -1 : 1));
}

/** A plain object from pairs of data; a key such as `__proto__` is a key like any other. */
export function keyed<T>(pairs: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(pairs);
}

/** Total per value column of a table whose first column is the bucket. */
export function columnTotals(table: Table): [string, number][] {
  return table.columns.slice(1).map((name, index) => {
    const numbers = table.rows.map((row) => row[index + 1]).map((cell) => (typeof cell === "number" ? cell : null));
    return [name, addUp(numbers)];
  });
}

/** Everything in a sparse series added up. */
export function grandTotal(sparse: Sparse): number {
  return addUp([...sparse.values.values()].flatMap((counts) => [...counts.values()]));
}

/** Whether nothing at all was counted. */
export function isEmpty(sparse: Sparse): boolean {
  for (const counts of sparse.values.values())
    for (const count of counts.values()) if (count !== null && count !== 0) return false;
  return true;
}

/**
 * Adds daily buckets into weeks or months (labels from `bucketOf`). Right for counts of events only.
 */
export function rollUp(sparse: Sparse, bucketOf: (label: string) => string): Sparse {
  const values = new Map<string, Map<string, Amount>>();
  for (const [name, counts] of sparse.values) {
    const grouped = Map.groupBy(counts, ([label]) => bucketOf(label));
    values.set(name, new Map([...grouped].map(([label, pairs]) => [label, addUp(pairs.map(([, count]) => count))])));
  }
  return { buckets: [...new Set(sparse.buckets.map(bucketOf))].sort(), values };
}

const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;
const BELOW = /^\W*(?:<|≤|(?:less|lower|under|below|up to)\b)/i;
const NO_LOWER_BOUND = /^\W*-\s*(?:inf|∞)/i;

/** The lowest number a label such as `2,000 - 2,100`, `-5 - 0`, `[1.5, 2)`, `< 10` or `100+` names; undefined where there is none. */
export function lowerBound(label: string): number | undefined {
  const text = label
    .trim()
    .replaceAll("−", "-")
    .replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, "");
  if (NO_LOWER_BOUND.test(text)) return Number.NEGATIVE_INFINITY;
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const number = Number(match[0]);
  // "< 10" comes before "10 - 20", which starts at the same number.
  return BELOW.test(text) ? number - Math.max(1e-9, Math.abs(number) * 1e-12) : number;
}

/** Labels of numeric ranges from low to high; labels without a number last, `undefined` at the very end. */
export function inNumericOrder(labels: Iterable<string>): string[] {
  const place = (label: string) => lowerBound(label) ?? Number.POSITIVE_INFINITY;
  const last = (label: string) => (label === "undefined" ? 1 : 0);
  return [...labels].sort((a, b) => {
    const [x, y] = [place(a), place(b)];
    return (x === y ? 0 : x - y) || last(a) - last(b) || (a < b ? -1 : a > b ? 1 : 0);
  });
}
