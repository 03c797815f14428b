/**
 * How a range of days becomes export requests, and what it will take. Pure: no clock, no network, no store.
 * Mixpanel allows 60 exports an hour and 3 a second, has no cursor and cuts long streams: one day per request is the
 * safest, several days per request only where the quota left would not suffice.
 */

import { EXPORT_PER_HOUR, FETCH_WARN_DAYS, FETCH_WARN_EVENTS, PARALLEL_ABOVE_DAYS } from "../limits.ts";
import { addDays, type DateRange, daysIn } from "../mixpanel/dates.ts";
import { countDays, listDays } from "./ranges.ts";

/** One export request never covers more: clients cap at 100 days. */
export const MAX_CHUNK_DAYS = 100;
/** A chunk is one transaction and one retry unit: aim below this where the volume is known. */
export const CHUNK_EVENTS = 200_000;
/** Days that share a request because they hold little. */
const QUIET_DAYS = 7;
/** Part of the quota left that is planned for; the rest is for retries. */
const PLANNED_SHARE = 0.8;

/** Events per day as far as known; days that are absent count as `0` only when the map is not empty. */
export type DayCounts = ReadonlyMap<string, number>;

export type PlanInput = {
  /** The days to download, sorted, not overlapping. */
  ranges: readonly DateRange[];
  /** Export requests that may still be sent this hour. */
  quotaLeft: number;
  counts?: DayCounts;
  /** This day is not over: it gets a chunk of its own, so that it can be replaced later. */
  today?: string;
  /** With a limit the request count is the smallest possible: which events come is arbitrary anyway. */
  limit?: number;
};

/** The chunks to download, in order of days. Every chunk lies within one of the ranges and is at most 100 days long. */
export function planChunks(input: PlanInput): DateRange[] {
  const ranges = input.ranges.flatMap((range) => splitAt(range, input.today));
  const days = countDays(ranges);
  if (days === 0) return [];
  if (input.limit !== undefined) return ranges.flatMap((range) => cutEvery(range, MAX_CHUNK_DAYS));
  const budget = requestBudget(days, input.quotaLeft);
  if (days <= budget) return ranges.flatMap((range) => cutEvery(range, 1));
  if (input.counts !== undefined && input.counts.size > 0) return planByVolume(ranges, budget, input.counts);
  const span = Math.min(MAX_CHUNK_DAYS, Math.ceil(days / budget));
  return ranges.flatMap((range) => cutEvery(range, span));
}

/** Requests to plan with: the quota left, some kept for retries; a whole hour's worth when nothing is left (the job waits). */
function requestBudget(days: number, quotaLeft: number): number {
  if (days <= quotaLeft) return days;
  const left = quotaLeft > 0 ? quotaLeft : EXPORT_PER_HOUR;
  return Math.max(1, Math.floor(left * PLANNED_SHARE));
}

function splitAt(range: DateRange, day: string | undefined): DateRange[] {
  if (day === undefined || day <= range.fromDate || day > range.toDate) return [range];
  return [
    { fromDate: range.fromDate, toDate: addDays(day, -1) },
    { fromDate: day, toDate: range.toDate },
  ];
}

function cutEvery(range: DateRange, days: number): DateRange[] {
  const chunks: DateRange[] = [];
  for (let from = range.fromDate; from <= range.toDate; from = addDays(from, days)) {
    const rest = Math.min(days, daysIn({ fromDate: from, toDate: range.toDate }));
    chunks.push({ fromDate: from, toDate: addDays(from, rest - 1) });
  }
  return chunks;
}

/** Quiet days share a request, up to a week; where that is not enough, the smallest volume at which the chunks fit the budget. */
function planByVolume(ranges: readonly DateRange[], budget: number, counts: DayCounts): DateRange[] {
  const weeks = fillChunks(ranges, CHUNK_EVENTS, counts, QUIET_DAYS);
  if (weeks.length <= budget) return weeks;
  const total = listDays(ranges).reduce((sum, day) => sum + (counts.get(day) ?? 0), 0);
  let low = Math.min(CHUNK_EVENTS, total);
  let high = Math.max(total, 1);
  while (high - low > Math.max(1, low / 100)) {
    const middle = Math.floor((low + high) / 2);
    if (fillChunks(ranges, middle, counts).length <= budget) high = middle;
    else low = middle;
  }
  return fillChunks(ranges, high, counts);
}

function fillChunks(
  ranges: readonly DateRange[],
  events: number,
  counts: DayCounts,
  maxDays = MAX_CHUNK_DAYS,
): DateRange[] {
  const chunks: DateRange[] = [];
  for (const range of ranges) {
    let current: DateRange | undefined;
    let held = 0;
    for (const day of listDays([range])) {
      const count = counts.get(day) ?? 0;
      if (current !== undefined && held + count <= events && daysIn(current) < maxDays) {
        current.toDate = day;
        held += count;
      } else {
        current = { fromDate: day, toDate: day };
        held = count;
        chunks.push(current);
      }
    }
  }
  return chunks;
}

/** Default of `parallel`: on above a week. */
export function chooseWorkers(days: number, parallel: boolean | undefined, workers: number): number {
  return (parallel ?? days > PARALLEL_ABOVE_DAYS) ? workers : 1;
}

// Rough by nature: what Mixpanel's export usually delivers, and what a request costs before its first byte.
const EVENTS_PER_SECOND = 15_000;
const STORE_EVENTS_PER_SECOND = 150_000;
const SECONDS_PER_REQUEST = 3;
/** Uncompressed size of one event in the store when nothing better is known. */
export const EVENT_BYTES = 900;

export type Estimate = {
  days: number;
  requests: number;
  /** null when nobody counted. */
  rows: number | null;
  /** In the store, not on the wire. */
  bytes: number | null;
  minutes: number | null;
  minutes_parallel: number | null;
  quota_left: number;
};

/** What a plan will take. `bytesPerEvent` from a table that is already there, when there is one. */
export function estimate(
  plan: readonly DateRange[],
  rows: number | undefined,
  options: { quotaLeft: number; workers: number; bytesPerEvent?: number },
): Estimate {
  const minutes = (parallel: number) => {
    if (rows === undefined) return null;
    const download =
      (rows / EVENTS_PER_SECOND + plan.length * SECONDS_PER_REQUEST) / Math.min(parallel, plan.length || 1);
    return Math.max(0.1, Math.round((Math.max(download, rows / STORE_EVENTS_PER_SECOND) / 60) * 10) / 10);
  };
  return {
    days: countDays(plan),
    requests: plan.length,
    rows: rows ?? null,
    bytes: rows === undefined ? null : Math.round(rows * (options.bytesPerEvent ?? EVENT_BYTES)),
    minutes: minutes(1),
    minutes_parallel: minutes(options.workers),
    quota_left: options.quotaLeft,
  };
}

const LARGE = "Large fetch";

/** The sentences said before a big fetch; none for a small one. `filtered`: the count knows nothing of the `where`. */
export function sizeWarnings(
  size: Estimate,
  options: { parallel: boolean; filtered?: boolean; always?: boolean },
): string[] {
  const long = size.days > FETCH_WARN_DAYS;
  const large = (size.rows ?? 0) > FETCH_WARN_EVENTS;
  if (!long && !large && options.always !== true) return [];
  const requests = `${size.requests} of the ${size.quota_left} export requests left this hour`;
  if (size.rows === null) {
    return [`${LARGE}: ${size.days} days in ${requests}; the number of events is not known beforehand.`];
  }
  const most = options.filtered === true ? "at most " : "about ";
  const time = options.parallel
    ? `about ${size.minutes_parallel} min in parallel (${size.minutes} min without)`
    : `about ${size.minutes} min, with parallel: true about ${size.minutes_parallel} min`;
  const megabytes = Math.max(1, Math.round((size.bytes ?? 0) / 1e6));
  const prefix = long || large ? LARGE : "Estimate";
  return [
    `${prefix}: ${most}${size.rows.toLocaleString("en-US")} events over ${size.days} days, ${megabytes} MB in the store, ${requests}, ${time}.`,
  ];
}

/** The same warning when nobody counted beforehand: from what the first days brought. Once. */
export function projectedWarning(
  rows: number,
  done: number,
  total: number,
  warnings: readonly string[],
): string | undefined {
  const projected = done === 0 ? 0 : (rows / done) * total;
  if (projected <= FETCH_WARN_EVENTS || done === total || warnings.some((warning) => / events over /.test(warning)))
    return undefined;
  return `${LARGE}: about ${Math.round(projected).toLocaleString("en-US")} events over ${total} days, going by the first ${done}.`;
}
