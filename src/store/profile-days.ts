/** Rows per event and day (UTC). */
const DAY_MS = 86_400_000;
/** Days an event may span: beyond, a stray time would make the list too long. */
const MOST_DAYS = 20_000;

/** `counts[i]` is the day `first + i` since 1970; undefined for an event that was not met. */
export type Days = { list: ({ first: number; counts: Int32Array } | undefined)[]; overflowed: boolean };

export function createDays(): Days {
  return { list: [], overflowed: false };
}

/** `change`: 1 for a row that comes, -1 for one that goes. */
export function countDay(days: Days, event: number, timeMs: number, change: number): void {
  const day = Math.floor(timeMs / DAY_MS);
  let own = days.list[event];
  if (own === undefined) {
    own = { first: day - 32, counts: new Int32Array(128) };
    days.list[event] = own;
  }
  const index = day - own.first;
  if (index >= 0 && index < own.counts.length) own.counts[index] = (own.counts[index] ?? 0) + change;
  else extend(days, own, day, change);
}

function extend(days: Days, own: { first: number; counts: Int32Array }, day: number, change: number): void {
  const first = Math.min(own.first, day - 64);
  const end = Math.max(own.first + own.counts.length, day + 65);
  if (end - first > MOST_DAYS) {
    days.overflowed = true;
    return;
  }
  const counts = new Int32Array(end - first);
  counts.set(own.counts, own.first - first);
  own.counts = counts;
  own.first = first;
  counts[day - first] = (counts[day - first] ?? 0) + change;
}

/** `[day, rows]` of an event, days as `YYYY-MM-DD`, in order. */
export function dayCounts(days: Days, event: number): [string, number][] {
  const own = days.list[event];
  if (own === undefined) return [];
  const list: [string, number][] = [];
  for (const [index, count] of own.counts.entries()) {
    if (count > 0) list.push([new Date((own.first + index) * DAY_MS).toISOString().slice(0, 10), count]);
  }
  return list;
}
