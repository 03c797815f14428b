/** Retention and frequency: when people come back, each on their own clock. */
import type { Evaluator } from "../mixpanel/expression.ts";
import { type Buckets, eventsNamed, rowOf, segmentsOf, select } from "./count.ts";
import type { SampleData, SampleEvent } from "./data.ts";
import type { Range } from "./request.ts";
import { DAY } from "./zone.ts";

export type RetentionQuery = {
  range: Range;
  buckets: Buckets;
  /** Length of one interval in seconds. */
  intervalSeconds: number;
  /** Intervals answered, the first of which starts with the birth. */
  intervals: number;
  bornEvent: string;
  bornWhere?: Evaluator | undefined;
  returnEvent?: string | undefined;
  returnWhere?: Evaluator | undefined;
  /** `birth`: the first time in the range. `compounded`: the first time in every bucket. */
  type: "birth" | "compounded";
  /** Interval N counts who came back in N or later. */
  unbounded: boolean;
  /** Breakdown by the returning event. */
  on?: Evaluator | undefined;
  /** Local seconds; intervals that start after it are left out. */
  nowLocal: number;
};

export type Cohort = {
  start: number;
  size: number;
  counts: number[];
  segments: Map<string, number[]>;
};

const MONTH_DAYS = 30;
const UNIT_DAYS = { day: 1, week: 7, month: MONTH_DAYS };

/** Seconds of an interval of a unit; a month is 30 days, as the windows roll per person. */
export function intervalSeconds(unit: keyof typeof UNIT_DAYS, interval = 1): number {
  return UNIT_DAYS[unit] * interval * DAY;
}

export function runRetention(data: SampleData, query: RetentionQuery): Cohort[] {
  const returning = returnsByPerson(data, query);
  const cohorts = new Map<number, Cohort>(
    query.buckets.starts.map((start) => [start, { start, size: 0, counts: zeros(start, query), segments: new Map() }]),
  );
  for (const [bucket, birth] of births(data, query)) {
    const cohort = cohorts.get(bucket);
    if (!cohort) continue;
    cohort.size += 1;
    addReturns(data, cohort, birth, returning.get(birth.person.id) ?? [], query);
  }
  return [...cohorts.values()];
}

/** One entry per interval that has begun. */
function zeros(start: number, { intervals, intervalSeconds: width, nowLocal }: RetentionQuery): number[] {
  const begun = Math.floor((nowLocal - start) / width) + 1;
  return Array<number>(Math.max(0, Math.min(intervals, begun))).fill(0);
}

function* births(data: SampleData, query: RetentionQuery): Generator<[bucket: number, event: SampleEvent]> {
  const seen = new Set<string>();
  for (const event of select(data, { event: query.bornEvent, range: query.range, where: query.bornWhere })) {
    const bucket = query.buckets.of(event);
    const key = query.type === "birth" ? event.person.id : `${bucket} ${event.person.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield [bucket, event];
  }
}

function returnsByPerson(data: SampleData, { returnEvent, returnWhere }: RetentionQuery): Map<string, SampleEvent[]> {
  if (returnEvent === undefined && !returnWhere) return data.byPerson;
  const returns = new Map<string, SampleEvent[]>();
  for (const event of eventsNamed(data, returnEvent)) {
    if (returnWhere && returnWhere(rowOf(data, event)) !== true) continue;
    const list = returns.get(event.person.id);
    if (list) list.push(event);
    else returns.set(event.person.id, [event]);
  }
  return returns;
}

function addReturns(
  data: SampleData,
  cohort: Cohort,
  birth: SampleEvent,
  returns: SampleEvent[],
  query: RetentionQuery,
): void {
  const overall = new Set<number>();
  const segments = new Map<string, Set<number>>();
  for (const event of returns) {
    if (event.time <= birth.time) continue;
    const interval = Math.floor((event.time - birth.time) / query.intervalSeconds);
    overall.add(interval);
    if (!query.on) continue;
    for (const name of segmentsOf(query.on(rowOf(data, event)))) {
      const intervals = segments.get(name);
      if (intervals) intervals.add(interval);
      else segments.set(name, new Set([interval]));
    }
  }
  countIntervals(cohort.counts, overall, query.unbounded);
  for (const [name, intervals] of segments) {
    let counts = cohort.segments.get(name);
    if (!counts) {
      counts = cohort.counts.map(() => 0);
      cohort.segments.set(name, counts);
    }
    countIntervals(counts, intervals, query.unbounded);
  }
}

function countIntervals(counts: number[], intervals: Set<number>, unbounded: boolean): void {
  const last = Math.max(-1, ...intervals);
  counts.forEach((count, index) => {
    if (unbounded ? index <= last : intervals.has(index)) counts[index] = count + 1;
  });
}

export type FrequencyQuery = {
  buckets: Buckets;
  events: SampleEvent[];
  /** Sub-period of an event, a number unique within the range. */
  subPeriodOf: (event: SampleEvent) => number;
  subPeriodsOf: (bucket: number) => number;
};

/** Per bucket: how many people were active in at least 1, 2, 3, ... sub-periods. */
export function runFrequency({ buckets, events, subPeriodOf, subPeriodsOf }: FrequencyQuery): Map<number, number[]> {
  const active = new Map<number, Map<string, Set<number>>>();
  for (const event of events) {
    const bucket = buckets.of(event);
    let people = active.get(bucket);
    if (!people) {
      people = new Map();
      active.set(bucket, people);
    }
    const periods = people.get(event.person.id);
    if (periods) periods.add(subPeriodOf(event));
    else people.set(event.person.id, new Set([subPeriodOf(event)]));
  }
  return new Map(
    buckets.starts.map((start) => {
      const counts = Array<number>(subPeriodsOf(start)).fill(0);
      for (const periods of active.get(start)?.values() ?? []) {
        for (let index = 0; index < periods.size; index += 1) counts[index] = (counts[index] ?? 0) + 1;
      }
      return [start, counts] as const;
    }),
  );
}
