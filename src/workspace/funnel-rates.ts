/** Funnel figures from counts: rates are always recomputed, never averaged over dates. */
import type { FunnelDate, FunnelStep } from "../mixpanel/funnels.ts";
import { addUp, fraction, roundTo } from "./arithmetic.ts";
import type { Cell, Table } from "./series.ts";

export type StepRate = {
  /** Counted from 1. */
  step: number;
  event: string;
  count: number;
  /** Share of the step before; 1 for the first step, 0 where nobody reached the step before. */
  step_conversion_rate: number;
  /** Share of the first step. */
  overall_conversion_rate: number;
  /** Mean seconds since the step before, weighted by the users who made it; absent where unknown. */
  avg_time_seconds?: number;
};

/** Share of `part` in `whole` as Mixpanel gives it: 0 where there is nothing to convert. */
function rate(part: number, whole: number): number {
  return fraction(part, whole) ?? 0;
}

/** Adds several answers of the same funnel (one per date, or one per segment) step by step. */
export function addSteps(parts: readonly (readonly FunnelStep[])[]): FunnelStep[] {
  const length = Math.max(0, ...parts.map((steps) => steps.length));
  return Array.from({ length }, (_, index) => {
    const same = parts.flatMap((steps) => steps[index] ?? []);
    const timed = same.filter((step) => step.avgTime !== null && (step.count ?? 0) > 0);
    const weight = addUp(timed.map((step) => step.count));
    return {
      event: same.find((step) => step.event !== "")?.event ?? `Step ${index + 1}`,
      count: addUp(same.map((step) => step.count)),
      avgTime: weight > 0 ? addUp(timed.map((step) => (step.avgTime ?? 0) * (step.count ?? 0))) / weight : null,
    };
  });
}

/** Counts with their rates. */
export function stepRates(steps: readonly FunnelStep[]): StepRate[] {
  const first = steps[0]?.count ?? 0;
  return steps.map((step, index) => {
    const count = step.count ?? 0;
    const before = steps[index - 1]?.count ?? 0;
    const rates: StepRate = {
      step: index + 1,
      event: step.event,
      count,
      step_conversion_rate: index === 0 ? 1 : rate(count, before),
      overall_conversion_rate: index === 0 ? 1 : rate(count, first),
    };
    if (index > 0 && step.avgTime !== null && Number.isFinite(step.avgTime))
      rates.avg_time_seconds = roundTo(step.avgTime, 4);
    return rates;
  });
}

/** Share of the first step that reached the last; 0 where nobody entered. */
export function conversionRate(steps: readonly FunnelStep[]): number {
  const last = steps.at(-1)?.count ?? 0;
  return rate(last, steps[0]?.count ?? 0);
}

/** The whole of one date: `$overall` where Mixpanel gives it, otherwise its segments together. */
export function wholeOf(date: FunnelDate): FunnelStep[] {
  return date.overall ?? addSteps([...date.segments.values()]);
}

/** One row per entry date: the count of each step and the conversion of that date's entrants. */
export function datesTable(
  dates: readonly { date: string; steps: readonly FunnelStep[] }[],
  names: readonly string[],
): Table {
  return {
    columns: ["date", ...names.map((name, index) => `${index + 1}. ${name}`), "conversion_rate"],
    rows: dates.map(({ date, steps }): Cell[] => {
      const counts = names.map((_, index) => (steps.length === 0 ? 0 : (steps[index]?.count ?? null)));
      return [date, ...counts, conversionRate(steps)];
    }),
  };
}

export type SegmentRates = { segment: string; conversion_rate: number; steps: StepRate[] };

/** Segments over all dates, the one with most entrants first. */
export function segmentRates(segments: ReadonlyMap<string, readonly (readonly FunnelStep[])[]>): SegmentRates[] {
  return [...segments]
    .map(([segment, parts]) => {
      const steps = addSteps(parts);
      return { segment, conversion_rate: conversionRate(steps), steps: stepRates(steps) };
    })
    .sort((a, b) => (b.steps[0]?.count ?? 0) - (a.steps[0]?.count ?? 0) || (a.segment < b.segment ? -1 : 1));
}

/** The same segment's answers of all dates together. */
export function segmentsOf(dates: readonly FunnelDate[]): Map<string, FunnelStep[][]> {
  const segments = new Map<string, FunnelStep[][]>();
  for (const date of dates) {
    for (const [segment, steps] of date.segments) {
      const parts = segments.get(segment) ?? [];
      parts.push(steps);
      segments.set(segment, parts);
    }
  }
  return segments;
}
