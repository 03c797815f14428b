/** The common answer of the counting endpoints: totals, a table of the largest segments, and what is left out. */
import type { Unit } from "../mixpanel/dates.ts";
import type { Amount, Sparse } from "../mixpanel/sparse.ts";
import { countNotes, cutSegments, type Segmented, totalsOf } from "./segments.ts";
import { additive, type CountType, grandTotal, inNumericOrder, ranked, seriesTable, type Table } from "./series.ts";

export type Presentation = {
  type: CountType;
  unit: Unit;
  /** Segments shown. */
  limit: number;
  /** Segments asked of Mixpanel, where it was asked for them; as many in the answer may mean that there are more. */
  asked?: number;
  /** What a segment is called in sentences; default "segment". */
  what?: string;
  /** Ranges of numbers: columns from low to high instead of largest first. */
  numeric?: boolean;
};

/** Without a breakdown there is one column, under the name that was asked for, also when Mixpanel says nothing or renames it. */
export function onlyEvent(sparse: Sparse, event: string): Sparse {
  const counts = sparse.values.get(event) ?? [...sparse.values.values()][0] ?? new Map<string, Amount>();
  return { buckets: sparse.buckets, values: new Map([[event, counts]]) };
}

/** Everything but `meta`'s other fields: the caller adds those. */
export function segmented(sparse: Sparse, how: Presentation) {
  const { type, limit, asked, what = how.numeric === true ? "range" : "segment" } = how;
  const order = ranked(sparse).map((row) => row.name);
  const chosen = how.numeric === true ? inNumericOrder(order.slice(0, limit)) : order.slice(0, limit);
  const table = seriesTable(sparse, chosen, how.unit === "hour" ? "time" : "date");
  const notes = countNotes(type);
  if (order.length > 1 && !additive(type)) notes.push(`Shown: the ${what}s with the largest mean bucket.`);
  if (asked !== undefined && order.length >= asked) {
    notes.push(`Only the ${asked} largest ${what}s were asked for: there may be more, and total covers these alone.`);
  }
  const result: Segmented & { total: number | null; totals: Record<string, number> | null; series: Table } = {
    total: additive(type) ? grandTotal(sparse) : null,
    series: table,
    totals: totalsOf(table, type),
    segment_count: order.length,
    truncated: false,
    meta: { notes },
  };
  return cutSegments(result, "series", limit, what);
}

type Asked = { event: string; from_date: string; to_date: string; unit: string; type: string; on?: string };
type Shown = Segmented & {
  series?: Table;
  buckets?: Table;
  meta: { from_date?: string; to_date?: string; in_progress: string[] };
};

/** A few labels, or the first and the last. */
function inWords(labels: readonly string[]): string {
  return labels.length <= 3 ? labels.join(", ") : `${labels[0]} to ${labels.at(-1)}`;
}

/** One sentence: what was counted, the total or why there is none, and how many segments. */
export function segmentedSummary(result: Shown, args: Asked): string {
  const { from_date = args.from_date, to_date = args.to_date } = result.meta;
  const what = { general: "events", unique: "unique users", average: "events per user" }[args.type] ?? args.type;
  const count =
    typeof result.total !== "number"
      ? `${what} per ${args.unit}`
      : `${result.total} ${what} in total, per ${args.unit}`;
  const split = args.on === undefined ? "" : `, by ${args.on} (${result.segment_count} segments)`;
  const open = result.meta.in_progress.length > 0 ? ` ${inWords(result.meta.in_progress)} not finished.` : "";
  const { rows } = result.series ?? result.buckets ?? { rows: [] };
  if (rows.every((row) => row.slice(1).every((cell) => cell === 0 || cell === null)))
    return `${args.event}, ${from_date} to ${to_date}: nothing counted; meta.notes says why that may be.`;
  return `${args.event}, ${from_date} to ${to_date}: ${count}${split}.${open}`;
}
