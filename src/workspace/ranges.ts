/** Sets of days, kept as sorted ranges with both ends included. Days compare as text. */
import { addDays, type DateRange, daysIn } from "../mixpanel/dates.ts";

/** Sorted, with overlapping and adjacent ranges joined. */
export function joinRanges(ranges: readonly DateRange[]): DateRange[] {
  const joined: DateRange[] = [];
  for (const { fromDate, toDate } of [...ranges].sort((a, b) => (a.fromDate < b.fromDate ? -1 : 1))) {
    const last = joined.at(-1);
    if (last !== undefined && fromDate <= addDays(last.toDate, 1)) {
      if (toDate > last.toDate) last.toDate = toDate;
    } else joined.push({ fromDate, toDate });
  }
  return joined;
}

/** The days of `ranges` that no range of `minus` covers. */
export function subtractRanges(ranges: readonly DateRange[], minus: readonly DateRange[]): DateRange[] {
  let left = joinRanges(ranges);
  for (const hole of joinRanges(minus)) {
    left = left.flatMap((range) => {
      if (hole.toDate < range.fromDate || hole.fromDate > range.toDate) return [range];
      const parts: DateRange[] = [];
      if (range.fromDate < hole.fromDate) parts.push({ fromDate: range.fromDate, toDate: addDays(hole.fromDate, -1) });
      if (range.toDate > hole.toDate) parts.push({ fromDate: addDays(hole.toDate, 1), toDate: range.toDate });
      return parts;
    });
  }
  return left;
}

export function overlaps(a: DateRange, b: DateRange): boolean {
  return a.fromDate <= b.toDate && b.fromDate <= a.toDate;
}

export function intersectRanges(ranges: readonly DateRange[], within: readonly DateRange[]): DateRange[] {
  return subtractRanges(ranges, subtractRanges(ranges, within));
}

export function countDays(ranges: readonly DateRange[]): number {
  return ranges.reduce((sum, range) => sum + daysIn(range), 0);
}

/** Every day of the ranges, in order. */
export function listDays(ranges: readonly DateRange[]): string[] {
  return ranges.flatMap((range) => Array.from({ length: daysIn(range) }, (_, index) => addDays(range.fromDate, index)));
}

/** `2026-03-01` or `2026-03-01 to 2026-03-05`, for sentences. */
export function describeRange({ fromDate, toDate }: DateRange): string {
  return fromDate === toDate ? fromDate : `${fromDate} to ${toDate}`;
}

/** At most three ranges by name, for sentences. */
export function describeRanges(ranges: readonly DateRange[]): string {
  const named = ranges.slice(0, 3).map(describeRange).join(", ");
  return ranges.length > 3 ? `${named} and ${ranges.length - 3} more` : named;
}
