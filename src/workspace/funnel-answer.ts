/** A funnel run as an answer: steps over all dates, by date, by segment, and how to read the counts. */
import type { FunnelResult } from "../mixpanel/funnels.ts";
import {
  addSteps,
  conversionRate,
  datesTable,
  type SegmentRates,
  type StepRate,
  segmentRates,
  segmentsOf,
  stepRates,
  wholeOf,
} from "./funnel-rates.ts";
import type { Table } from "./series.ts";

export type FunnelAnswer = {
  conversion_rate: number;
  steps: StepRate[];
  by_date: Table;
  /** Only with a breakdown; `segment_count` is how many there are. */
  segments?: SegmentRates[];
  segment_count?: number;
};

/** `unit`: what a date of the answer stands for. */
export function funnelAnswer(result: FunnelResult, unit: string, brokenDown: boolean) {
  const dates = result.dates.map((date) => ({ date: date.date, steps: wholeOf(date) }));
  const steps = addSteps(dates.map((date) => date.steps));
  const names = steps.map((step) => step.event);
  const answer: FunnelAnswer = {
    conversion_rate: conversionRate(steps),
    steps: stepRates(steps),
    by_date: datesTable(dates, names),
  };
  if (brokenDown) {
    answer.segments = segmentRates(segmentsOf(result.dates));
    answer.segment_count = answer.segments.length;
  }
  return { answer, labels: dates.map((date) => date.date), notes: notesOf(result, unit, (steps[0]?.count ?? 0) === 0) };
}

function notesOf(result: FunnelResult, unit: string, empty: boolean): string[] {
  if (empty) return ["Nobody entered this funnel in this range."];
  const notes = [
    `Counts are entrants per ${unit}: someone who enters in several ${unit}s counts in each, so sums over dates are entries, not distinct users.`,
  ];
  if (result.dates.some((date) => date.overall === undefined && date.segments.size > 0)) {
    notes.push(
      "Mixpanel gave no $overall: the whole is its segments added up, and a user with several values is in each of them.",
    );
  }
  return notes;
}
