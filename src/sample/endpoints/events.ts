/** /events and what lies below it: counts, names, top, properties. */
import { toText } from "../../mixpanel/expression.ts";
import {
  type Buckets,
  bucketsOf,
  COUNT_TYPES,
  type CountType,
  csvAnswer,
  eventsNamed,
  largest,
  segmentsOf,
  select,
  seriesAnswer,
  Tally,
  tally,
  UNITS,
} from "../count.ts";
import { shuffled } from "../random.ts";
import {
  ApiError,
  dayParameter,
  dayRange,
  type Endpoint,
  integer,
  oneOf,
  optional,
  type Range,
  refuseLongMinutes,
  required,
  type SampleRequest,
  type Service,
  textList,
} from "../request.ts";
import { bucketStart, DAY, HOUR, nextBucket, type Unit } from "../zone.ts";

const DEFAULT_NAMES = 255;
const MAX_NAMES = 5_000;
/** Events not seen for this many days are left out of the names unless dates are given. */
const NAMES_LOOKBACK_DAYS = 31;

type Query = { type: CountType; unit: Unit; range: Range; buckets: Buckets };

/** `from_date` and `to_date`, or `interval` units back from now. */
function query(request: SampleRequest, service: Service): Query {
  const type = oneOf(request, "type", COUNT_TYPES);
  const unit = oneOf(request, "unit", UNITS);
  if (type === "unique" && (unit === "hour" || unit === "minute")) {
    throw new ApiError(400, `Error in unit: ${unit} is not supported for unique counts`);
  }
  const range =
    optional(request, "interval") && !optional(request, "from_date")
      ? unitsBack(request, service, unit)
      : dayRange(request);
  refuseLongMinutes(unit, range);
  return { type, unit, range, buckets: bucketsOf(range, unit) };
}

function unitsBack(request: SampleRequest, service: Service, unit: Unit): Range {
  const count = integer(request, "interval", 1, 10_000);
  const { zone } = service.data;
  const today = zone.day(service.now() / 1000);
  if (unit === "hour" || unit === "minute") {
    const seconds = count * (unit === "hour" ? HOUR : 60);
    return { from: zone.day(service.now() / 1000 - seconds), to: today };
  }
  let start = bucketStart(today * DAY, unit);
  for (let left = count; left > 1; left -= 1) start = bucketStart(start - DAY, unit);
  return { from: start / DAY, to: Math.min(today, nextBucket(today * DAY, unit) / DAY) };
}

function answer(request: SampleRequest, tallies: [string, Tally][], { buckets, type }: Query) {
  const result = seriesAnswer(tallies, buckets, type, { keepZeros: false, shuffleSeries: false });
  return optional(request, "format") === "csv" ? csvAnswer(result) : result;
}

/** Counts of each named event; an event without any is missing from `values`. */
export const events: Endpoint = (request, service) => {
  required(request, "event");
  const names = textList(request, "event") ?? [];
  const asked = query(request, service);
  const { data } = service;
  const tallies = [...new Set(names)].flatMap((name) => [
    ...tally(select(data, { event: name, range: asked.range }), {
      data,
      bucketOf: asked.buckets.of,
      type: asked.type,
      label: name,
    }),
  ]);
  return answer(request, tallies, asked);
};

export const eventNames: Endpoint = (request, service) => {
  oneOf(request, "type", COUNT_TYPES);
  const limit = integer(request, "limit", DEFAULT_NAMES, MAX_NAMES);
  const today = service.data.zone.day(service.now() / 1000);
  const from = optional(request, "from_date") ? dayParameter(request, "from_date") : today - NAMES_LOOKBACK_DAYS;
  const to = optional(request, "to_date") ? dayParameter(request, "to_date") : today;
  if (service.lookbackDays !== undefined && today - from > service.lookbackDays) {
    throw new ApiError(403, `Date range exceeds ${service.lookbackDays} days into the past`);
  }
  const seen = [...service.data.byName]
    .map(
      ([name, list]) =>
        [name, list.filter(({ local }) => local >= from * DAY && local < (to + 1) * DAY).length] as const,
    )
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  return seen.slice(0, limit).map(([name]) => name);
};

/** Today so far against yesterday up to the same time of day. */
export const topEvents: Endpoint = (request, service) => {
  const type = oneOf(request, "type", COUNT_TYPES);
  const limit = integer(request, "limit", 100);
  const { zone, byName } = service.data;
  const now = zone.local(service.now() / 1000);
  const today = Math.floor(now / DAY) * DAY;
  const rows = [...byName].flatMap(([event, list]) => {
    const current = new Tally(true);
    const before = new Tally(true);
    for (const { local, person } of list) {
      if (local >= today && local <= now) current.add(0, person.id);
      else if (local >= today - DAY && local <= now - DAY) before.add(0, person.id);
    }
    const amount = current.value(0, type);
    const previous = before.value(0, type);
    return amount === 0 ? [] : [{ amount, event, percent_change: previous === 0 ? 1 : (amount - previous) / previous }];
  });
  rows.sort((a, b) => b.amount - a.amount);
  return { events: rows.slice(0, limit), type };
};

/** One event by one property over time; every value becomes a text. */
export const eventProperties: Endpoint = (request, service) => {
  const event = required(request, "event");
  const name = required(request, "name");
  const asked = query(request, service);
  const wanted = textList(request, "values");
  const { data } = service;
  const tallies = tally(select(data, { event, range: asked.range }), {
    data,
    bucketOf: asked.buckets.of,
    type: asked.type,
    on: ({ event: properties }) => (properties && Object.hasOwn(properties, name) ? properties[name] : undefined),
    label: event,
  });
  if (wanted) for (const value of tallies.keys()) if (!wanted.includes(value)) tallies.delete(value);
  return answer(request, largest(tallies, asked.type, integer(request, "limit", 255)), asked);
};

/** Property names of an event with how many events have each; now and then the count is missing, as seen live. */
export const topProperties: Endpoint = (request, service) => {
  const list = eventsNamed(service.data, required(request, "event"));
  const counts = new Map<string, number>();
  for (const { properties } of list) {
    for (const name in properties) if (properties[name] !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  // Delivered in exports only; Mixpanel does not list them as properties of an event.
  for (const name of ["time", "distinct_id"]) counts.delete(name);
  const top = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, integer(request, "limit", 10));
  return Object.fromEntries(
    shuffled(top, top.length).map(([name, count]) => [name, name === "$mp_api_endpoint" ? {} : { count }]),
  );
};

/** Values of a property as texts, most common first; lists and objects as JSON. */
export const propertyValues: Endpoint = (request, service) => {
  const name = required(request, "name");
  const counts = new Map<string, number>();
  for (const { properties } of eventsNamed(service.data, optional(request, "event"))) {
    const value = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (value === undefined) continue;
    const text = value === null ? (segmentsOf(value)[0] ?? "") : toText(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const byCount = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return byCount.slice(0, integer(request, "limit", 255)).map(([value]) => value);
};
