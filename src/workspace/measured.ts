/** The common answer of segmentation_sum and segmentation_average: one value per bucket. */
import type { Api } from "../mixpanel/api.ts";
import { bucketsOf, type DateRange, type Unit } from "../mixpanel/dates.ts";
import type { Measure, MeasureQuery } from "../mixpanel/segmentation.ts";
import type { Amount } from "../mixpanel/sparse.ts";
import { withoutNoise } from "./arithmetic.ts";
import { emptyNotes } from "./empty.ts";
import { openLive } from "./live.ts";
import type { Meta } from "./meta.ts";
import { accessorOf, filterOf, rangeOf } from "./query-input.ts";
import type { Table } from "./series.ts";
import type { Workspace } from "./workspace.ts";

export type MeasureArgs = {
  event: string;
  on: string;
  from_date: string;
  to_date: string;
  unit: "hour" | "day";
  where?: string;
};

export type MeasureKind = {
  ask(api: Api, query: MeasureQuery, signal?: AbortSignal): Promise<Measure>;
  /** The value's column. */
  name: string;
  /** What stands in a bucket the answer leaves out. */
  missing: Amount;
  /** Said in every answer. */
  notes: readonly string[];
};

export type Measured = { values: ReadonlyMap<string, Amount>; series: Table; meta: Meta };

/** Asks, fills the buckets, and says why nothing was measured. The expressions and the range are checked first, free of quota. */
export async function measureOverTime(
  workspace: Workspace,
  args: MeasureArgs,
  kind: MeasureKind,
  signal: AbortSignal,
): Promise<Measured> {
  const accessor = accessorOf(args.on);
  const filter = filterOf(args.where);
  const live = await openLive(workspace, signal);
  const { unit, event } = args;
  const range = rangeOf(args, unit, live);
  const query = { ...range, event, unit, on: accessor, where: filter };
  const { values, computedAt } = await kind.ask(live.api, query, signal);
  const empty = { events: [event], property: args.on, where: filter };
  const notes = isUnmeasured(values) ? await emptyNotes(workspace, live, empty, signal) : [];
  const series = measureTable(values, range, unit, kind.name, kind.missing);
  const labels = series.rows.map((row) => String(row[0]));
  return { values, series, meta: live.meta({ range, unit, labels, notes: [...notes, ...kind.notes], computedAt }) };
}

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
