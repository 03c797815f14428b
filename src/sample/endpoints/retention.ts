/** /retention and /retention/addiction. */
import { bucketsOf, bucketsOfDays, rowOf, segmentsOf, select } from "../count.ts";
import type { SampleEvent } from "../data.ts";
import { shuffled } from "../random.ts";
import { savedRetention } from "../report.ts";
import {
  ApiError,
  dayRange,
  type Endpoint,
  expressionParameter,
  flag,
  integer,
  oneOf,
  optional,
  type SampleRequest,
  type Service,
  UNKNOWN_ERROR,
} from "../request.ts";
import { type Cohort, intervalSeconds, runFrequency, runRetention } from "../retention.ts";
import { bucketLabel, bucketStart, DAY, HOUR, nextBucket } from "../zone.ts";

const MAX_INTERVAL = 90;
const MAX_INTERVALS = 1_000;
const RETENTION_UNITS = ["day", "week", "month"] as const;

/** Keyed by cohort date without an envelope. */
export const retention: Endpoint = (request, service) => {
  if (optional(request, "bookmark_id")) return savedRetention(request, service);
  const range = dayRange(request);
  const type = oneOf(request, "retention_type", ["birth", "compounded"], "birth");
  const interval = integer(request, "interval", 1);
  const both = optional(request, "unit") !== undefined && optional(request, "interval") !== undefined;
  if (both || interval > MAX_INTERVAL) throw new ApiError(500, UNKNOWN_ERROR);
  const unit = oneOf(request, "unit", RETENTION_UNITS, "day");
  const bornEvent = optional(request, type === "birth" ? "born_event" : "event");
  if (type === "birth" && bornEvent === undefined) return {};
  const on = expressionParameter(request, service, "on");
  const returnWhere = expressionParameter(request, service, "where");
  const cohorts = runRetention(service.data, {
    range,
    buckets: interval > 1 ? bucketsOfDays(range, interval) : bucketsOf(range, unit),
    intervalSeconds: interval > 1 ? interval * DAY : intervalSeconds(unit),
    intervals: integer(request, "interval_count", 1, MAX_INTERVALS) + 1,
    bornEvent: bornEvent ?? "$all_events",
    bornWhere: type === "birth" ? expressionParameter(request, service, "born_where") : returnWhere,
    returnEvent: optional(request, "event"),
    returnWhere,
    type,
    unbounded: flag(request, "unbounded_retention", false),
    on,
    nowLocal: service.data.zone.local(service.now() / 1000),
  });
  if (cohorts.every(({ size }) => size === 0)) return {};
  const limit = on ? integer(request, "limit", 255) : undefined;
  return Object.fromEntries(
    shuffled(cohorts, 5).map((cohort) => [bucketLabel(cohort.start, "day"), cohortAnswer(cohort, limit)]),
  );
};

/** With a breakdown one level of segment names stands between the date and the counts. */
function cohortAnswer(cohort: Cohort, limit: number | undefined) {
  if (limit === undefined) return { counts: cohort.counts, first: cohort.size };
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const top = [...cohort.segments].sort(([a, x], [b, y]) => sum(y) - sum(x) || (a < b ? -1 : 1)).slice(0, limit);
  return Object.fromEntries(top.map(([name, counts]) => [name, { counts, first: cohort.size }]));
}

/** `data[date][k]`: people active in at least k + 1 sub-periods. */
export const addiction: Endpoint = (request, service) => {
  const range = dayRange(request);
  const unit = oneOf(request, "unit", RETENTION_UNITS);
  const sub = oneOf(request, "addiction_unit", ["hour", "day"]);
  const where = expressionParameter(request, service, "where");
  const events = select(service.data, { event: optional(request, "event"), range, where });
  if (events.length === 0) return { data: {} };
  const buckets = bucketsOf(range, unit);
  const width = sub === "hour" ? HOUR : DAY;
  const count = (members: SampleEvent[]) =>
    runFrequency({
      buckets,
      events: members,
      subPeriodOf: (event) => bucketStart(event.local, sub),
      subPeriodsOf: (bucket) => Math.round((nextBucket(bucket, unit) - bucket) / width),
    });
  const byDate = bySegment(request, service, events, count);
  const answer = buckets.starts.map((start) => [bucketLabel(start, "day"), byDate(start)]);
  return { data: Object.fromEntries(shuffled(answer, answer.length)) };
};

type Frequencies = Map<number, number[]>;

function bySegment(
  request: SampleRequest,
  service: Service,
  events: SampleEvent[],
  count: (events: SampleEvent[]) => Frequencies,
) {
  const on = expressionParameter(request, service, "on");
  if (!on) {
    const all = count(events);
    return (start: number): unknown => all.get(start) ?? [];
  }
  const members = new Map<string, SampleEvent[]>();
  for (const event of events) {
    for (const name of segmentsOf(on(rowOf(service.data, event)))) {
      const list = members.get(name);
      if (list) list.push(event);
      else members.set(name, [event]);
    }
  }
  const top = [...members].sort(([, a], [, b]) => b.length - a.length).slice(0, integer(request, "limit", 255));
  const counted = top.map(([name, list]) => [name, count(list)] as const);
  return (start: number): unknown =>
    Object.fromEntries(counted.map(([name, frequencies]) => [name, frequencies.get(start) ?? []]));
}
