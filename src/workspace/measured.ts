/** The common answer of segmentation_sum and segmentation_average: one value per bucket. */
import { bucketsOf, type DateRange, type Unit } from "../mixpanel/dates.ts";
import type { Amount } from "../mixpanel/sparse.ts";
import { withoutNoise } from "./arithmetic.ts";
import type { Table } from "./series.ts";

/**
 * One row per bucket. Days without events may be missing in the answer: they are filled with `missing` (0 for a sum, blank
 * for a mean), up to today. Hours are left as they came: not every day has 24.
 */
export function measureTable(
  values: ReadonlyMap<string, Amount>,
  range: DateRange,
  unit: Unit,
  name: string,
  missing: Amount,
): Table {
  const expected = unit === "day" && values.size > 0 ? bucketsOf(range, "day") : [];
  const labels = [...new Set([...expected, ...values.keys()])].sort();
  const amountOf = (label: string): Amount => {
    const value = values.get(label);
    if (value === undefined || value === null) return missing;
    return withoutNoise(value);
  };
  return {
    columns: [unit === "hour" ? "time" : "date", name],
    rows: labels.map((label) => [label, amountOf(label)]),
  };
}

/** Whether nothing was measured: no buckets, or zeros and blanks only. */
export function isUnmeasured(values: ReadonlyMap<string, Amount>): boolean {
  return [...values.values()].every((value) => value === null || value === 0);
}
