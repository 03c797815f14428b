/**
 * How a range of days becomes export requests, and what it will take. Pure: no clock, no network, no store.
 * Mixpanel allows 60 exports an hour and 3 a second, has no cursor and cuts long streams: one day per request is the
 * safest. Several days share one where the quota left would not suffice, or where they are known to hold little.
 */

import { EXPORT_PER_HOUR, PARALLEL_ABOVE_DAYS } from "../limits.ts";
import { addDays, type DateRange, daysIn } from "../mixpanel/dates.ts";
import { countDays, listDays } from "./ranges.ts";

/** One export request never covers more: clients cap at 100 days. */
export const MAX_CHUNK_DAYS = 100;
/** A chunk is one transaction and one retry unit: aim below this where the volume is known. */
export const CHUNK_EVENTS = 120_000;
/** Days that share a request because they hold little. */
const QUIET_DAYS = 14;
/** So many days are asked for one by one whatever they hold: that takes a few seconds. */
export const FEW_DAYS = 10;
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
  const known = input.counts !== undefined && input.counts.size > 0 && days > FEW_DAYS;
  if (known && input.counts !== undefined) return planByVolume(ranges, budget, input.counts);
  if (days <= budget) return ranges.flatMap((range) => cutEvery(range, 1));
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

/** Quiet days share a request; where that is not enough, the smallest volume at which the chunks fit the budget. */
function planByVolume(ranges: readonly DateRange[], budget: number, counts: DayCounts): DateRange[] {
  const quiet = fillChunks(ranges, CHUNK_EVENTS, counts, QUIET_DAYS);
  if (quiet.length <= budget) return quiet;
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

/** One request: `replace` when its days are stored already. */
export type Task = DateRange & { replace: boolean };

/** Everything a plan downloads: missing days as planned, stored chunks again as they are. */
export function tasksOf(chunks: readonly DateRange[], replaced: readonly DateRange[]): Task[] {
  return [
    ...chunks.map((chunk) => ({ ...chunk, replace: false })),
    ...replaced.map((chunk) => ({ ...chunk, replace: true })),
  ].sort((a, b) => (a.fromDate < b.fromDate ? -1 : 1));
}

/**
 * The rest of a plan once the first days have shown how much a day holds: neighbours share a request as far as
 * CHUNK_EVENTS goes. `alone` (today) stays alone; few days stay as they are.
 */
export function mergeQuiet(tasks: readonly Task[], eventsPerDay: number, alone: string): Task[] {
  if (countDays(tasks) <= FEW_DAYS) return [...tasks];
  const most = Math.min(QUIET_DAYS, Math.floor(CHUNK_EVENTS / Math.max(1, eventsPerDay)));
  const merged: Task[] = [];
  for (const task of tasks) {
    const last = merged.at(-1);
    const joins =
      last !== undefined &&
      !last.replace &&
      !task.replace &&
      task.fromDate === addDays(last.toDate, 1) &&
      task.fromDate !== alone &&
      daysIn(last) + daysIn(task) <= most;
    if (joins) last.toDate = task.toDate;
    else merged.push({ ...task });
  }
  return merged;
}

/** A task of several days in two: what Mixpanel cuts off as a whole may come in parts. */
export function halves(task: Task): Task[] {
  const days = daysIn(task);
  const middle = addDays(task.fromDate, Math.ceil(days / 2) - 1);
  return [
    { ...task, toDate: middle },
    { ...task, fromDate: addDays(middle, 1) },
  ];
}

/** Default of `parallel`: on above a week. */
export function chooseWorkers(days: number, parallel: boolean | undefined, workers: number): number {
  return (parallel ?? days > PARALLEL_ABOVE_DAYS) ? workers : 1;
}
