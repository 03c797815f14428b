/**
 * median, percentile, percentile_cont and percentile_disc, for builds of SQLite older than 3.47 or without them: the same
 * results and the same errors as SQLite's ext/misc/percentile.c.
 */
import type { DatabaseSync } from "node:sqlite";
import type { SqlValue } from "./sql-values.ts";

type Values = { values: Float64Array; count: number; fraction: number | undefined };
type Kind = { name: string; most: number; discrete: boolean };

const KINDS: Kind[] = [
  { name: "percentile", most: 100, discrete: false },
  { name: "percentile_cont", most: 1, discrete: false },
  { name: "percentile_disc", most: 1, discrete: true },
];

export function addPercentiles(db: DatabaseSync): void {
  const median: Kind = { name: "median", most: 1, discrete: false };
  db.aggregate("median", {
    ...shape(median),
    step: (state: never, value: SqlValue) => include(state, median, value, 0.5),
    inverse: (state: never, value: SqlValue) => exclude(state, value),
  });
  for (const kind of KINDS)
    db.aggregate(kind.name, {
      ...shape(kind),
      step: (state: never, value: SqlValue, fraction: SqlValue) => include(state, kind, value, fraction),
      inverse: (state: never, value: SqlValue, _fraction: SqlValue) => exclude(state, value),
    });
}

function shape(kind: Kind) {
  return {
    useBigIntArguments: true,
    start: () => ({ values: new Float64Array(64), count: 0, fraction: undefined }) as never,
    result: (state: never) => finish(state, kind.discrete),
  };
}

function include(state: never, kind: Kind, value: SqlValue, fraction: SqlValue): never {
  const all = state as Values;
  const share =
    typeof fraction === "string" ? Number(fraction) : typeof fraction === "object" ? Number.NaN : Number(fraction);
  if (!(share >= 0 && share <= kind.most))
    throw new Error(`the fraction argument to ${kind.name}() is not between 0.0 and ${kind.most}.0`);
  const wanted = share / kind.most;
  if (all.fraction !== undefined && Math.abs(all.fraction - wanted) > 0.001)
    throw new Error(`the fraction argument to ${kind.name}() is not the same for all input rows`);
  all.fraction ??= wanted;
  if (value === null) return state;
  if (typeof value !== "number" && typeof value !== "bigint") throw new Error(`input to ${kind.name}() is not numeric`);
  const number = Number(value);
  if (!Number.isFinite(number)) throw new Error(`Inf input to ${kind.name}()`);
  if (all.count === all.values.length) {
    const larger = new Float64Array(all.count * 2);
    larger.set(all.values);
    all.values = larger;
  }
  all.values[all.count++] = number;
  return state;
}

function exclude(state: never, value: SqlValue): never {
  const all = state as Values;
  if (value === null) return state;
  const index = all.values.subarray(0, all.count).indexOf(Number(value));
  if (index >= 0) {
    all.values.copyWithin(index, index + 1, all.count);
    all.count--;
  }
  return state;
}

function finish(state: never, discrete: boolean): number | null {
  const all = state as Values;
  if (all.count === 0) return null;
  const sorted = all.values.slice(0, all.count).sort();
  const at = (all.fraction ?? 0.5) * (all.count - 1);
  const lower = sorted[Math.floor(at)] ?? 0;
  if (discrete) return lower;
  const upper = sorted[Math.min(all.count - 1, Math.floor(at) + 1)] ?? lower;
  return lower + (upper - lower) * (at - Math.floor(at));
}
