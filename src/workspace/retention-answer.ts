/** Retention as an answer: cohorts with shares, averages, segments, and how to read them. */
import type { Cohort, RetentionResult } from "../mixpanel/retention.ts";
import { addUp } from "./arithmetic.ts";
import { retentionShares, type Step } from "./retention-shares.ts";
import type { Table } from "./series.ts";

type Averages = {
  average: (number | null)[];
  /** Only where some interval is still running: the average without those. */
  average_finished?: (number | null)[];
};
export type RetentionSegment = { segment: string; cohorts: Table } & Averages;
export type RetentionAnswer = Averages & {
  cohorts: Table;
  segments?: RetentionSegment[];
  segment_count?: number;
  cohort_count: number;
};

export const HOW_TO_READ =
  "Column N: share of the cohort (of its size) that returned in interval N. Interval 0 is the time up to one interval after birth, so it need not be 1; shares may rise again. Blank: not reached yet.";

function answerOf(cohorts: readonly Cohort[], step: Step, today: string) {
  const { table, average, averageFinished, running } = retentionShares(cohorts, step, today);
  const averages: Averages = running.length > 0 ? { average, average_finished: averageFinished } : { average };
  return { cohorts: table, ...averages, running };
}

/** Segments with the most users born first. */
function segmentsOf(segments: ReadonlyMap<string, Cohort[]>, step: Step, today: string): RetentionSegment[] {
  return [...segments]
    .map(([segment, cohorts]) => ({ segment, cohorts, size: addUp(cohorts.map((cohort) => cohort.size)) }))
    .sort((a, b) => b.size - a.size || (a.segment < b.segment ? -1 : 1))
    .map(({ segment, cohorts }) => {
      const { running: _, ...answer } = answerOf(cohorts, step, today);
      return { segment, ...answer };
    });
}

/** `today` in the project's time zone. */
export function retentionAnswer(
  reply: RetentionResult,
  step: Step,
  today: string,
): { answer: RetentionAnswer; notes: string[] } {
  const { running, ...whole } = answerOf(reply.cohorts, step, today);
  const answer: RetentionAnswer = { ...whole, cohort_count: reply.cohorts.length };
  const notes: string[] = [];
  if (reply.unread > 0) notes.push(`${reply.unread} cohorts of Mixpanel's reply had no counts and are left out.`);
  if (reply.segments.size > 0) {
    answer.segments = segmentsOf(reply.segments, step, today);
    answer.segment_count = reply.segments.size;
    if (reply.cohorts.length === 0) {
      notes.push(
        "Mixpanel gave segments only; users may be in several, so they are not added up. Ask without `on` for the whole.",
      );
    }
  }
  if (running.length > 0) {
    notes.push(
      `Cohorts from ${running[0]} on: the last interval shown is still running and will rise; average includes it, average_finished does not.`,
    );
  }
  return { answer, notes };
}
