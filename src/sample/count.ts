/** Counting events: which ones, in which bucket, under which segment, as totals, people or events per person. */
import { type Evaluator, toText, type Value } from "../mixpanel/expression.ts";
import type { SampleData, SampleEvent } from "./data.ts";
import { shuffled } from "./random.ts";
import { endOf, type Range, startOf } from "./request.ts";
import { bucketLabel, bucketStart, DAY, nextBucket, type Unit } from "./zone.ts";

export const COUNT_TYPES = ["general", "unique", "average"] as const;
export type CountType = (typeof COUNT_TYPES)[number];
export const UNITS = ["minute", "hour", "day", "week", "month"] as const;

/** Custom events of the project: a name for several events, addressed as `$custom_event:<id>`. */
export const CUSTOM_EVENTS: Record<number, { name: string; events: string[] }> = {
  555: { name: "Paid Order", events: ["Order Placed", "Subscription Started", "Subscription Renewed"] },
};

const ANY_EVENT = new Set(["$all_events", "$mp_anything_event"]);

/** Events of a name in time order; unknown names have none. */
export function eventsNamed(data: SampleData, name: string | undefined): SampleEvent[] {
  if (name === undefined || ANY_EVENT.has(name)) return data.events;
  const custom = /^\$custom_event:(\d+)$/.exec(name)?.[1];
  if (custom === undefined) return data.byName.get(name) ?? [];
  const names = CUSTOM_EVENTS[Number(custom)]?.events ?? [];
  return names.flatMap((member) => data.byName.get(member) ?? []).sort((a, b) => a.time - b.time);
}

/** The row an expression sees for an event. */
export function rowOf(data: SampleData, event: SampleEvent) {
  return { event: event.properties, user: data.profileOf.get(event.person.id) };
}

export type Selection = { event?: string | undefined; range: Range; where?: Evaluator | undefined };

/** Events of a name inside a range of local days for which the filter is exactly true. */
export function select(data: SampleData, { event, range, where }: Selection): SampleEvent[] {
  const [start, end] = [startOf(range), endOf(range)];
  return eventsNamed(data, event).filter(
    (candidate) =>
      candidate.local >= start &&
      candidate.local < end &&
      (where === undefined || where(rowOf(data, candidate)) === true),
  );
}

/** Segment names of a value: missing and null are `undefined`, a list counts under each of its elements. */
export function segmentsOf(value: Value): string[] {
  if (value === undefined || value === null) return ["undefined"];
  if (!Array.isArray(value)) return [toText(value)];
  const names = new Set(value.map((item) => (item === null || item === undefined ? "undefined" : toText(item))));
  return names.size === 0 ? ["undefined"] : [...names];
}

/** Events and people of one segment, per bucket and over all. */
export class Tally {
  readonly counts = new Map<number, number>();
  readonly people = new Map<number, Set<string>>();
  readonly everyone = new Set<string>();
  total = 0;

  constructor(private readonly withPeople: boolean) {}

  add(bucket: number, person: string): void {
    this.total += 1;
    this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + 1);
    if (!this.withPeople) return;
    this.everyone.add(person);
    const people = this.people.get(bucket);
    if (people) people.add(person);
    else this.people.set(bucket, new Set([person]));
  }

  value(bucket: number, type: CountType): number {
    const count = this.counts.get(bucket) ?? 0;
    if (type === "general") return count;
    const unique = this.people.get(bucket)?.size ?? 0;
    return type === "unique" ? unique : unique === 0 ? 0 : count / unique;
  }

  /** What segments are ranked by. */
  rank(type: CountType): number {
    if (type === "general") return this.total;
    return type === "unique" ? this.everyone.size : this.total / Math.max(1, this.everyone.size);
  }
}

/** Tallies per segment; without `on` everything is under `label`. */
export function tally(
  events: SampleEvent[],
  options: {
    data: SampleData;
    bucketOf: (event: SampleEvent) => number;
    type: CountType;
    on?: Evaluator | undefined;
    label: string;
  },
): Map<string, Tally> {
  const tallies = new Map<string, Tally>();
  const withPeople = options.type !== "general";
  for (const event of events) {
    const segments = options.on ? segmentsOf(options.on(rowOf(options.data, event))) : [options.label];
    const bucket = options.bucketOf(event);
    for (const segment of segments) {
      let found = tallies.get(segment);
      if (!found) {
        found = new Tally(withPeople);
        tallies.set(segment, found);
      }
      found.add(bucket, event.person.id);
    }
  }
  return tallies;
}

/** The `limit` largest segments; ties by name. */
export function largest(tallies: Map<string, Tally>, type: CountType, limit: number): [string, Tally][] {
  return [...tallies].sort(([a, x], [b, y]) => y.rank(type) - x.rank(type) || (a < b ? -1 : 1)).slice(0, limit);
}

export type Buckets = { starts: number[]; labels: string[]; of: (event: SampleEvent) => number };

/** The buckets of a unit that touch a range. A week or month cut by the range keeps its own first day as its name. */
export function bucketsOf(range: Range, unit: Unit): Buckets {
  const starts: number[] = [];
  for (let start = bucketStart(startOf(range), unit); start < endOf(range); start = nextBucket(start, unit))
    starts.push(start);
  const byDay = new Map<number, number>();
  const of = (event: SampleEvent) => {
    if (unit === "hour" || unit === "minute") return bucketStart(event.local, unit);
    const day = Math.floor(event.local / DAY);
    let start = byDay.get(day);
    if (start === undefined) {
      start = bucketStart(event.local, unit);
      byDay.set(day, start);
    }
    return start;
  };
  return { starts, labels: starts.map((start) => bucketLabel(start, unit)), of };
}

/** Buckets of a number of days, counted from the start of the range. */
export function bucketsOfDays(range: Range, days: number): Buckets {
  const starts: number[] = [];
  for (let start = startOf(range); start < endOf(range); start += days * DAY) starts.push(start);
  const of = (event: SampleEvent) => event.local - ((event.local - startOf(range)) % (days * DAY));
  return { starts, labels: starts.map((start) => bucketLabel(start, "day")), of };
}

/** The `{data: {series, values}, legend_size}` answer: keys in no order, zeros left out where Mixpanel leaves them out. */
export function seriesAnswer(
  tallies: [string, Tally][],
  buckets: Buckets,
  type: CountType,
  options: { keepZeros: boolean; shuffleSeries: boolean },
) {
  const values = shuffled(tallies, tallies.length + 1).map(([segment, found]) => {
    const points = buckets.starts.map(
      (start, index) => [buckets.labels[index] ?? "", found.value(start, type)] as const,
    );
    const kept = options.keepZeros ? points : points.filter(([, value]) => value !== 0);
    return [segment, Object.fromEntries(shuffled(kept, kept.length + 7))] as const;
  });
  return {
    data: {
      series: options.shuffleSeries ? shuffled(buckets.labels, buckets.labels.length) : buckets.labels,
      values: Object.fromEntries(values),
    },
    legend_size: values.length,
  };
}

/** The same as CSV: a header of dates, one line per segment. */
export function csvAnswer(answer: ReturnType<typeof seriesAnswer>): Response {
  const { series, values } = answer.data;
  const dates = [...series].sort();
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = Object.entries(values).map(([segment, points]) =>
    [cell(segment), ...dates.map((date) => String(points[date] ?? 0))].join(","),
  );
  return new Response([["", ...dates].join(","), ...lines, ""].join("\n"), { headers: { "Content-Type": "text/csv" } });
}
