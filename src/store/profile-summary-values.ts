/** Turns the counts and sums of one property into figures. */
import { estimate } from "./profile-distinct.ts";
import { numberOf } from "./profile-numbers.ts";
import { type Entry, entries } from "./profile-slots.ts";
import type { Values } from "./profile-values.ts";
import { VALUE_FALSE, VALUE_NULL, VALUE_TRUE } from "./scan.ts";

export type Scalar = string | number | boolean | null;

/** The quantiles that are kept; linear interpolation between neighbours, as SQL's percentile_cont. */
export const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;

/** Most frequent values kept per property. */
export const TOP_VALUES = 50;
export const VALUE_CHARS = 200;

export type ValueSummary = {
  /** Rows with a value other than null. */
  count: number;
  distinct: number;
  distinctExact: boolean;
  /** As SQLite orders: numbers before texts. Booleans, arrays and objects have none. */
  min: Scalar;
  max: Scalar;
  /** Over the numbers only; null when there are none. `std` is the sample standard deviation, as DuckDB's SUMMARIZE. */
  numbers: number;
  sum: number | null;
  mean: number | null;
  std: number | null;
  /** Values of QUANTILES; null without numbers. */
  quantiles: number[] | null;
  quantilesExact: boolean;
  /** [value, rows], most frequent first, equal counts by value. */
  top: [Scalar, number][];
  topExact: boolean;
};

/** Candidates whose texts are read to order equal counts by value. */
const TOP_CANDIDATES = 3_000;

export type ReadSample = (sample: number) => Scalar | undefined;

export function summarizeValues(
  values: Values | undefined,
  kinds: number[] | undefined,
  read: ReadSample,
): ValueSummary | undefined {
  if (values !== undefined && values.lost !== 0) return undefined;
  const trues = kinds?.[VALUE_TRUE] ?? 0;
  const falses = kinds?.[VALUE_FALSE] ?? 0;
  const all = kinds?.reduce((sum, count) => sum + count, 0) ?? values?.numberCount ?? 0;
  const numbers = values?.numbers === undefined ? [] : entries(values.numbers);
  const texts = values?.texts === undefined ? [] : entries(values.texts);
  const numberCount = values?.numberCount ?? 0;
  const exactNumbers = values?.numberSketch === undefined;
  const exactTexts = values?.textSketch === undefined;
  const top = topValues(
    values,
    numbers,
    texts,
    [
      [true, trues],
      [false, falses],
    ],
    read,
  );
  if (top === undefined) return undefined;
  const isNumeric = numberCount > 0 && values !== undefined;
  return {
    count: all - (kinds?.[VALUE_NULL] ?? 0),
    distinct:
      (values?.numberSketch === undefined ? numbers.length : estimate(values.numberSketch)) +
      (values?.textSketch === undefined ? texts.length : estimate(values.textSketch)) +
      (trues > 0 ? 1 : 0) +
      (falses > 0 ? 1 : 0),
    distinctExact: exactNumbers && exactTexts && values?.bigMin === undefined,
    min: values === undefined ? null : extreme(values, numbers, "min"),
    max: values === undefined ? null : extreme(values, numbers, "max"),
    numbers: numberCount,
    sum: isNumeric ? finite(values.sum + values.sumRest) : null,
    mean: isNumeric ? finite((values.sum + values.sumRest) / numberCount) : null,
    std: values === undefined ? null : deviation(values),
    quantiles: isNumeric ? quantiles(values, numbers) : null,
    quantilesExact: exactNumbers,
    top,
    topExact: exactNumbers && (exactTexts || (values?.forgotten ?? 0) === 0) && values?.bigMin === undefined,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Sample standard deviation, from sums around the first value: stable for large values that lie close together. */
function deviation(values: Values): number | null {
  const n = values.numberCount;
  if (n < 2) return null;
  const shifted = values.shifted + values.shiftedRest;
  const variance = (values.squares + values.squaresRest - (shifted * shifted) / n) / (n - 1);
  return finite(Math.sqrt(Math.max(0, variance)));
}

/** While every number is counted the table knows best: a number that was replaced may have been the extreme. */
function extreme(values: Values, numbers: Entry[], end: "min" | "max"): Scalar {
  const text = end === "min" ? values.minText : values.maxText;
  const hasNumbers = values.numberCount > 0;
  if (text !== undefined && (end === "max" || !hasNumbers)) return clip(new TextDecoder().decode(text));
  if (!hasNumbers) return null;
  const big = end === "min" ? values.bigMin : values.bigMax;
  let found = end === "min" ? values.min : values.max;
  if (values.numberSketch === undefined && numbers.length > 0) {
    found = end === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    for (const { low, high } of numbers) {
      const value = numberOf(low, high);
      found = end === "min" ? Math.min(found, value) : Math.max(found, value);
    }
  }
  return big !== undefined && Number(big) === found ? big.toString() : found;
}

/** The numbers in order with their counts; merged ones stand at the middle of what was merged. */
function quantiles(values: Values, numbers: Entry[]): number[] {
  const unit = values.lowMask === -1 ? 0 : 1;
  const points = numbers.map(({ low, high, count }) => ({
    value: unit === 0 ? numberOf(low, high) : middle(values, low, high),
    count,
  }));
  points.sort((a, b) => a.value - b.value);
  const total = points.reduce((sum, { count }) => sum + count, 0);
  const at = (rank: number): number => {
    let before = 0;
    for (const { value, count } of points) {
      before += count;
      if (rank < before) return value;
    }
    return points.at(-1)?.value ?? 0;
  };
  return QUANTILES.map((share) => {
    const position = share * (total - 1);
    const below = at(Math.floor(position));
    const above = at(Math.ceil(position));
    return below + (above - below) * (position - Math.floor(position));
  });
}

function middle(values: Values, low: number, high: number): number {
  const from = numberOf(low, high);
  const to = numberOf(low | ~values.lowMask, high | ~values.highMask);
  return high === 1 << 31 && low === 0 ? 0 : (from + to) / 2;
}

type Candidate = { value: Scalar | undefined; sample: number; count: number };

/** Equal counts go by value; where too many are equal, those seen first are kept. */
function topValues(
  values: Values | undefined,
  numbers: Entry[],
  texts: Entry[],
  booleans: [boolean, number][],
  read: ReadSample,
): [Scalar, number][] | undefined {
  const merged = values !== undefined && values.numberSketch !== undefined;
  const candidates: Candidate[] = [
    ...booleans.filter(([, count]) => count > 0).map(([value, count]) => ({ value, sample: 0, count })),
    ...(merged ? [] : numbers.map(({ low, high, count, sample }) => ({ value: numberOf(low, high), sample, count }))),
    ...texts.map(({ count, sample }) => ({ value: undefined, sample, count })),
  ];
  // Numbers are known, so their order is exact however many there are.
  candidates.sort(
    (a, b) =>
      b.count - a.count ||
      (typeof a.value === "number" && typeof b.value === "number" ? a.value - b.value : a.sample - b.sample),
  );
  const least = candidates[TOP_VALUES - 1]?.count ?? 0;
  const known: [Scalar, number][] = [];
  for (const { value, sample, count } of candidates.slice(0, TOP_CANDIDATES)) {
    if (count < least) break;
    const found = value ?? (sample === 0 ? undefined : read(sample));
    if (found === undefined) return undefined;
    known.push([typeof found === "string" ? clip(found) : found, count]);
  }
  known.sort((a, b) => b[1] - a[1] || compareScalars(a[0], b[0]));
  return known.slice(0, TOP_VALUES);
}

/** Numbers before texts, as SQLite orders them. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return rankOf(a) - rankOf(b);
}

function rankOf(value: Scalar): number {
  return value === null ? 0 : value === false ? 1 : value === true ? 2 : typeof value === "number" ? 3 : 4;
}

export function clip(text: string): string {
  return text.length <= VALUE_CHARS ? text : `${text.slice(0, VALUE_CHARS).toWellFormed()}…`;
}
