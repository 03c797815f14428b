/** The store's ledger of chunks, read as days: what an events table already holds. */
import type { DateRange } from "../mixpanel/dates.ts";
import { listChunks } from "../store/chunks.ts";
import type { Store } from "../store/store.ts";
import type { MissingRange } from "../store/tables.ts";
import { subtractRanges } from "./ranges.ts";

/** `fetchedAt` in Unix ms, `jobId`: who stored it. */
export type StoredChunk = DateRange & { fetchedAt: number | undefined; jobId: string };

/** The stored chunks of an events table, oldest day first. */
export function storedChunks(store: Store, table: string): StoredChunk[] {
  return listChunks(store, table)
    .filter((chunk) => chunk.from_date !== "")
    .map((chunk) => {
      const fetchedAt = Date.parse(chunk.stored_at);
      return {
        fromDate: chunk.from_date,
        toDate: chunk.to_date,
        jobId: chunk.job_id,
        fetchedAt: Number.isNaN(fetchedAt) ? undefined : fetchedAt,
      };
    });
}

/**
 * The asked days that are not stored, as replies show them. `reasons`: why, for the ranges where it is known; a range is
 * cut where the reason changes.
 */
export function missingRanges(
  asked: readonly DateRange[],
  stored: readonly DateRange[],
  reasons: readonly (DateRange & { reason: string })[] = [],
): MissingRange[] {
  let rest = subtractRanges(asked, stored);
  const missing: MissingRange[] = [];
  for (const known of reasons) {
    const outside = subtractRanges(rest, [known]);
    for (const part of subtractRanges(rest, outside)) {
      missing.push({ from_date: part.fromDate, to_date: part.toDate, reason: known.reason });
    }
    rest = outside;
  }
  missing.push(...rest.map(({ fromDate, toDate }) => ({ from_date: fromDate, to_date: toDate })));
  return joinSameReason(missing.sort((a, b) => (a.from_date < b.from_date ? -1 : 1)));
}

function joinSameReason(ranges: MissingRange[]): MissingRange[] {
  const joined: MissingRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    const touching =
      last !== undefined &&
      last.reason === range.reason &&
      Date.parse(range.from_date) - Date.parse(last.to_date) <= 86_400_000;
    if (touching) last.to_date = range.to_date;
    else joined.push({ ...range });
  }
  return joined;
}
