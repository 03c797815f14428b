/** Funnels: per person the earliest first step in a bucket, then each next step strictly later, all inside the window. */
import type { Evaluator } from "../mixpanel/expression.ts";
import { type Buckets, eventsNamed, rowOf, segmentsOf, select } from "./count.ts";
import type { SampleData, SampleEvent } from "./data.ts";
import type { Range } from "./request.ts";

export type FunnelStep = { event: string; label?: string; where?: Evaluator | undefined };

export type FunnelQuery = {
  steps: FunnelStep[];
  /** Seconds after the first step within which all others must happen. */
  windowSeconds: number;
  range: Range;
  buckets: Buckets;
  /** Applies to the events of every step. */
  where?: Evaluator | undefined;
  /** Breakdown by the first step's event. */
  on?: Evaluator | undefined;
};

/** One step of one segment: people, and their seconds from the step before and from the start, summed. */
export type StepTotals = { count: number; fromPrevious: number; fromStart: number };
/** Bucket start -> segment -> steps; the segment of everybody is `$overall`. */
export type FunnelResult = Map<number, Map<string, StepTotals[]>>;

export const OVERALL = "$overall";

export function runFunnel(data: SampleData, query: FunnelQuery): FunnelResult {
  const { steps, buckets, range, where, on } = query;
  const result: FunnelResult = new Map(buckets.starts.map((start) => [start, new Map([[OVERALL, emptySteps(steps)]])]));
  const [first] = steps;
  if (!first) return result;
  const entered = new Set<string>();
  const matchers = steps.map((step) => matcher(data, step, where));
  const isFirst = matchers[0];
  for (const entry of select(data, { event: first.event, range, where: undefined })) {
    const bucket = buckets.of(entry);
    const key = `${bucket} ${entry.person.id}`;
    if (entered.has(key) || !isFirst?.(entry)) continue;
    entered.add(key);
    const times = passage(data, entry, matchers, query.windowSeconds);
    const segments = result.get(bucket);
    if (!segments) continue;
    const names = on ? segmentsOf(on(rowOf(data, entry))) : [];
    for (const name of [OVERALL, ...names]) {
      let totals = segments.get(name);
      if (!totals) {
        totals = emptySteps(steps);
        segments.set(name, totals);
      }
      addPassage(totals, times);
    }
  }
  return result;
}

const emptySteps = (steps: FunnelStep[]): StepTotals[] =>
  steps.map(() => ({ count: 0, fromPrevious: 0, fromStart: 0 }));

function matcher(data: SampleData, step: FunnelStep, where: Evaluator | undefined): (event: SampleEvent) => boolean {
  const custom = step.event.startsWith("$") ? new Set(eventsNamed(data, step.event)) : undefined;
  return (event) => {
    if (custom ? !custom.has(event) : event.event !== step.event) return false;
    const row = rowOf(data, event);
    return (!step.where || step.where(row) === true) && (!where || where(row) === true);
  };
}

/** The moments at which a person reached each step, from the entry on. */
function passage(
  data: SampleData,
  entry: SampleEvent,
  steps: ((event: SampleEvent) => boolean)[],
  window: number,
): number[] {
  const times = [entry.time];
  for (const event of data.byPerson.get(entry.person.id) ?? []) {
    if (event.time > entry.time + window) break;
    const last = times.at(-1) ?? 0;
    if (event.time <= last) continue;
    if (steps[times.length]?.(event)) times.push(event.time);
    if (times.length === steps.length) break;
  }
  return times;
}

function addPassage(totals: StepTotals[], times: number[]): void {
  times.forEach((time, index) => {
    const step = totals[index];
    if (!step) return;
    step.count += 1;
    step.fromPrevious += time - (times[index - 1] ?? time);
    step.fromStart += time - (times[0] ?? time);
  });
}

/** Ratios and mean times of a step, as both funnel answers give them; nobody there: no time, ratio 0 (1 at the start). */
export function stepFigures(totals: StepTotals[], index: number) {
  const step = totals[index] ?? { count: 0, fromPrevious: 0, fromStart: 0 };
  const ratio = (of: number) => (index === 0 ? 1 : of === 0 ? 0 : step.count / of);
  const mean = (sum: number) => (index === 0 || step.count === 0 ? null : Math.round(sum / step.count));
  return {
    count: step.count,
    avg_time: mean(step.fromPrevious),
    avg_time_from_start: mean(step.fromStart),
    step_conv_ratio: ratio(totals[index - 1]?.count ?? 0),
    overall_conv_ratio: ratio(totals[0]?.count ?? 0),
  };
}

/** Index of the step that loses the largest share; 1 when nobody entered. */
export function worstStep(totals: StepTotals[]): number {
  let worst = 1;
  for (let index = 2; index < totals.length; index += 1) {
    if (stepFigures(totals, index).step_conv_ratio < stepFigures(totals, worst).step_conv_ratio) worst = index;
  }
  return (totals[0]?.count ?? 0) === 0 ? 1 : worst;
}

/** The `limit` largest segments over all buckets by people who entered; ties by name; never `$overall`. */
export function largestSegments(result: FunnelResult, limit: number): string[] {
  const entrants = new Map<string, number>();
  for (const segments of result.values()) {
    for (const [name, [first]] of segments) entrants.set(name, (entrants.get(name) ?? 0) + (first?.count ?? 0));
  }
  entrants.delete(OVERALL);
  return [...entrants]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([name]) => name);
}
