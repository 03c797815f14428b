/** A table with one column per segment: its totals, which segments are shown, and what is said about the rest. */
import { fraction } from "./arithmetic.ts";
import { additive, type CountType, columnTotals, keyed, type Table } from "./series.ts";

const REST = "Not shown: ";
const CUT = "Cut to fit: ";

/** Notes with the one about the rest replaced; what is left out is said once, at the front. */
export function withRest(notes: readonly string[], rest: string | undefined): string[] {
  const others = notes.filter((note) => !note.startsWith(REST));
  return rest === undefined ? others : [`${REST}${rest}`, ...others];
}

/** "11 more segments, 3.2% of the total" - the share only where totals can be added. */
export function restText(
  what: string,
  hidden: number,
  total: number | null,
  shown: readonly number[],
): string | undefined {
  if (hidden <= 0) return undefined;
  const share = total === null ? null : fraction(total - shown.reduce((sum, value) => sum + value, 0), total);
  const part = share === null ? "" : ` with ${Math.round(share * 1000) / 10}% of the total`;
  return `${hidden} more ${what}${hidden === 1 ? "" : "s"}${part}.`;
}

/** Indexes of the `count` value columns with the largest sums, in the table's order. */
function largestColumns(table: Table, count: number): number[] {
  return columnTotals(table)
    .map(([, sum], index) => ({ sum, index: index + 1 }))
    .sort((a, b) => b.sum - a.sum || a.index - b.index)
    .slice(0, count)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

/** The table with its largest `count` value columns only; buckets are never dropped. */
export function keepColumns(table: Table, count: number): Table {
  if (table.columns.length - 1 <= count) return table;
  const indexes = [0, ...largestColumns(table, count)];
  return {
    columns: indexes.map((index) => table.columns[index] ?? ""),
    rows: table.rows.map((row) => indexes.map((index) => row[index] ?? null)),
  };
}

/** Totals per column as a plain object; null where they would be sums of users or averages. */
export function totalsOf(table: Table, type: CountType): Record<string, number> | null {
  return additive(type) ? keyed(columnTotals(table)) : null;
}

/** What the segment tables of all tools have in common. `segment_count`: how many segments there are, shown or not. */
export type Segmented = {
  total?: number | null;
  totals?: Record<string, number> | null;
  segment_count: number;
  truncated: boolean;
  meta: { notes: string[] };
};

type With<Key extends string> = Segmented & { [K in Key]: Table };

/**
 * How a segment table is cut to the reply budget: columns of the table go, dates and totals stay; a figure per segment is worth more
 * than the course of each.
 */
export function segmentCut<Key extends "series" | "buckets">(key: Key, what = "segment") {
  const shownIn = (result: With<Key>) => result[key].columns.length - 1;
  return {
    size: shownIn,
    keep: <Result extends With<Key>>(result: Result, count: number): Result => {
      const table = keepColumns(result[key], count);
      const note = `${CUT}${key} has the ${count} largest of ${result.segment_count} ${what}s. For the others ask for a shorter range or a coarser unit.`;
      const notes = [note, ...result.meta.notes.filter((other) => !other.startsWith(CUT))];
      return { ...result, [key]: table, truncated: true, meta: { ...result.meta, notes } };
    },
    shown: (result: With<Key>) => `${shownIn(result)} of ${result.segment_count} ${what}s in ${key}`,
  };
}

/** Keeps the largest `count` segments, in the table and in the totals, and says how many others there are. */
export function cutSegments<Key extends string, Result extends With<Key>>(
  result: Result,
  key: Key,
  count: number,
  what: string,
): Result {
  const table = keepColumns(result[key], count);
  const shown = columnTotals(table);
  const rest = restText(
    what,
    result.segment_count - shown.length,
    result.total ?? null,
    shown.map(([, sum]) => sum),
  );
  return {
    ...result,
    [key]: table,
    ...(result.totals ? { totals: keyed(shown) } : {}),
    truncated: shown.length < result.segment_count,
    meta: { ...result.meta, notes: withRest(result.meta.notes, rest) },
  };
}

/** What must be said where counts are users or averages. */
export function countNotes(type: CountType): string[] {
  if (type === "unique") {
    return [
      "Unique users: one user can be in several buckets and segments, so these must not be added up (total and totals are null). Use a coarser unit for the users of a longer period.",
    ];
  }
  if (type === "average")
    return ["Events per user and bucket: averages cannot be added up or averaged (total and totals are null)."];
  return [];
}
