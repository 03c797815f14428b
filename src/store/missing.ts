/** What a table still misses: the ranges its fetch wrote down when it began, without the chunks stored since. */
import type { Database } from "bun:sqlite";
import type { MissingRange } from "./tables.ts";

const DAY_MS = 86_400_000;

/**
 * The ledger is written with the rows, the list of missing ranges before and after a fetch: between the two, and after a
 * crash, only both together are true.
 */
export function stillMissing(db: Database, tableId: number, ranges: MissingRange[]): MissingRange[] {
  if (ranges.length === 0) return ranges;
  const chunks = db
    .query<{ from_date: string; to_date: string }, [number]>(
      "SELECT from_date, to_date FROM _mp_chunk WHERE table_id = ? AND from_date <> ''",
    )
    .all(tableId);
  return chunks.reduce((left, chunk) => left.flatMap((range) => without(range, chunk)), ranges);
}

function without(range: MissingRange, chunk: { from_date: string; to_date: string }): MissingRange[] {
  if (chunk.to_date < range.from_date || chunk.from_date > range.to_date) return [range];
  const parts: MissingRange[] = [];
  if (range.from_date < chunk.from_date) parts.push({ ...range, to_date: shifted(chunk.from_date, -1) });
  if (range.to_date > chunk.to_date) parts.push({ ...range, from_date: shifted(chunk.to_date, 1) });
  return parts;
}

function shifted(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
