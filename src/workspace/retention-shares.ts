/** Retention shares from counts: per cohort, and on average over the cohorts that reached an interval. */
import { addDays, addMonths } from "../mixpanel/dates.ts";
import type { Cohort } from "../mixpanel/retention.ts";
import { addUp, fraction } from "./arithmetic.ts";
import type { Cell, Table } from "./series.ts";

export type Step = { unit: "day" | "week" | "month"; count: number };

/** The day on which interval `index` of a cohort begins for the first of its users. */
function begins(date: string, index: number, step: Step): string {
  if (step.unit === "month") return addMonths(date, index * step.count);
  return addDays(date, index * step.count * (step.unit === "week" ? 7 : 1));
}

/** Whether a count is an answer: sent by Mixpanel, and not the 0 of an interval that has yet to begin. */
function reached(cohort: Cohort, index: number, step: Step, today: string): boolean {
  const count = cohort.counts[index];
  if (count === undefined || count === null) return false;
  return count > 0 || begins(cohort.date, index, step) <= today;
}

export type Shares = {
  table: Table;
  average: (number | null)[];
  /** The same over the cohorts whose interval is over for all of their users; null where there is none yet. */
  averageFinished: (number | null)[];
  /** Cohorts whose latest interval is still running, so that its share will rise. */
  running: string[];
};

/**
 * One row per cohort: date, size, then the share of the cohort that returned in interval 0, 1, 2, ... Shares are counts
 * over the cohort's size (never over counts[0], which is not the size). Null where the interval is not reached yet.
 */
export function retentionShares(cohorts: readonly Cohort[], step: Step, today: string): Shares {
  const width = Math.max(0, ...cohorts.map((cohort) => cohort.counts.length));
  const intervals = Array.from({ length: width }, (_, index) => index);
  const shareOf = (cohort: Cohort, index: number): Cell => {
    if (!reached(cohort, index, step, today)) return null;
    return cohort.size === 0 ? 0 : fraction(cohort.counts[index], cohort.size);
  };
  return {
    table: {
      columns: ["date", "size", ...intervals.map(String)],
      rows: cohorts.map((cohort) => [cohort.date, cohort.size, ...intervals.map((index) => shareOf(cohort, index))]),
    },
    average: intervals.map((index) => weightedShare(cohorts, index, (cohort) => reached(cohort, index, step, today))),
    averageFinished: intervals.map((index) =>
      weightedShare(
        cohorts,
        index,
        (cohort) => isOver(cohort.date, index, step, today) && reached(cohort, index, step, today),
      ),
    ),
    running: cohorts.filter((cohort) => isRunning(cohort, step, today)).map((cohort) => cohort.date),
  };
}

function weightedShare(cohorts: readonly Cohort[], index: number, counts: (cohort: Cohort) => boolean): number | null {
  const there = cohorts.filter((cohort) => cohort.size !== null && counts(cohort));
  return fraction(addUp(there.map((cohort) => cohort.counts[index])), addUp(there.map((cohort) => cohort.size)));
}

/** The last user of a cohort is born up to one unit after the first, so an interval ends one unit after the next begins. */
function isOver(date: string, index: number, step: Step, today: string): boolean {
  return begins(begins(date, index + 1, step), 1, { ...step, count: 1 }) <= today;
}

function isRunning(cohort: Cohort, step: Step, today: string): boolean {
  const last = cohort.counts.findLastIndex((_, index) => reached(cohort, index, step, today));
  return last >= 0 && !isOver(cohort.date, last, step, today);
}
