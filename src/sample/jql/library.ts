/** What a script finds around it: sources, `mixpanel`, `params`, and harmless standard functions. */

import { eventsNamed, rowOf } from "../count.ts";
import { compileExpression, type Service } from "../request.ts";
import { DAY, parseDay } from "../zone.ts";
import { Collection } from "./collection.ts";
import { accessor, KeySpec, reducers } from "./reducers.ts";
import { ScriptError } from "./syntax.ts";
import { Callable, Host, propertyOf, type Value } from "./values.ts";

const list = (value: Value): Value[] => (Array.isArray(value) ? value : []);
const native = (name: string, call: (...args: Value[]) => Value) => new Callable(name, (args) => call(...args));

export function library(service: Service, params: Value): Record<string, Value> {
  return {
    params,
    Events: new Callable("Events", ([options], at) => events(service, options, at)),
    People: new Callable("People", ([options]) => people(service, options)),
    join: new Callable("join", (args, at) => join(args, at)),
    mixpanel: mixpanel(),
    Math: Object.fromEntries(
      (["floor", "ceil", "round", "abs", "sqrt", "log", "min", "max", "pow"] as const).map((name) => [
        name,
        native(name, (...args) => (Math[name] as (...numbers: number[]) => number)(...args.map(Number))),
      ]),
    ),
    Object: {
      keys: native("keys", (value) => Object.keys(Object(value))),
      values: native("values", (value) => Object.values(Object(value))),
    },
    JSON: { stringify: native("stringify", (value) => JSON.stringify(value)) },
    _: underscore(),
    Number: native("Number", Number),
    String: native("String", String),
    Boolean: native("Boolean", Boolean),
    isNaN: native("isNaN", (value) => Number.isNaN(Number(value))),
    parseInt: native("parseInt", (value, radix) => Number.parseInt(String(value), Number(radix ?? 10))),
    parseFloat: native("parseFloat", (value) => Number.parseFloat(String(value))),
  };
}

/** The part of underscore.js that scripts mostly use. */
function underscore(): Record<string, Value> {
  const over = (name: string, apply: (items: Value[], test: (item: Value) => Value) => Value) =>
    new Callable(name, ([items, callback], at) => {
      if (!(callback instanceof Callable)) throw new ScriptError("TypeError", `_.${name} needs a function`, at);
      return apply(Array.isArray(items) ? items : Object.values(Object(items)), (item) => callback.call([item], at));
    });
  return {
    map: over("map", (items, change) => items.map(change)),
    filter: over("filter", (items, test) => items.filter(test)),
    each: over("each", (items, run) => {
      for (const item of items) run(item);
      return undefined;
    }),
    some: over("some", (items, test) => items.some(test)),
    every: over("every", (items, test) => items.every(test)),
    keys: native("keys", (value) => Object.keys(Object(value))),
    values: native("values", (value) => Object.values(Object(value))),
    contains: native("contains", (items, item) => list(items).includes(item)),
    size: native("size", (value) => Object.keys(Object(value)).length),
  };
}

type Selector = {
  event: string | undefined;
  test: ((row: ReturnType<typeof rowOf>) => unknown) | undefined;
  label: string | undefined;
};

function selectors(options: Value, name: string, service: Service): Selector[] {
  const text = (value: Value) => (typeof value === "string" && value !== "" ? value : undefined);
  return list(propertyOf(options, name)).map((each) => {
    const selector = text(propertyOf(each, "selector"));
    return {
      event: text(propertyOf(each, "event")),
      test: selector === undefined ? undefined : compileExpression(name, selector, service),
      label: text(propertyOf(each, "label")),
    };
  });
}

/** Items of the events of the days asked for; an event kept by several selectors comes once, labelled by the first. */
function events(service: Service, options: Value, at: number): Collection {
  const [from, to] = ["from_date", "to_date"].map((name) => {
    const day = parseDay(String(propertyOf(options, name) ?? "").slice(0, 10));
    if (day === undefined) throw new ScriptError("TypeError", `Events() needs ${name} as YYYY-MM-DD`, at);
    return day;
  });
  const wanted = selectors(options, "event_selectors", service);
  const { data } = service;
  const names =
    wanted.length > 0 && wanted.every(({ event }) => event !== undefined)
      ? wanted.map(({ event }) => event)
      : [undefined];
  const candidates = names.length === 1 ? eventsNamed(data, names[0]) : data.events;
  const items: Value[] = [];
  for (const event of candidates) {
    if (event.local < (from ?? 0) * DAY || event.local >= ((to ?? 0) + 1) * DAY) continue;
    const match = wanted.find(
      (each) =>
        (each.event === undefined || each.event === event.event) &&
        (!each.test || each.test(rowOf(data, event)) === true),
    );
    if (wanted.length > 0 && !match) continue;
    items.push({
      name: match?.label ?? event.event,
      distinct_id: event.person.id,
      time: event.local * 1000,
      sampling_factor: 1,
      properties: event.properties,
    });
  }
  return new Collection(items, true);
}

function people(service: Service, options: Value): Collection {
  const wanted = selectors(options, "user_selectors", service);
  const { data } = service;
  const kept = data.profiles.filter(
    ({ properties }) =>
      wanted.length === 0 || wanted.some(({ test }) => !test || test({ event: properties, user: properties }) === true),
  );
  const milliseconds = (value: Value) => (data.zone.local(Date.parse(`${String(value)}Z`) / 1000) || 0) * 1000;
  return new Collection(
    kept.map(({ distinctId, properties }) => ({
      distinct_id: distinctId,
      time: milliseconds(properties["$last_seen"]),
      last_seen: milliseconds(properties["$last_seen"]),
      properties,
    })),
    true,
  );
}

/** Pairs of event and user by distinct id; `full` also keeps what has no partner. */
function join([left, right, options]: Value[], at: number): Collection {
  if (!(left instanceof Collection) || !(right instanceof Collection) || !left.raw || !right.raw) {
    throw new ScriptError("TypeError", "join() needs untransformed Events and People", at);
  }
  const type = String(propertyOf(options, "type") ?? "full");
  const users = new Map(right.items.map((user) => [propertyOf(user, "distinct_id"), user]));
  const matched = new Set<Value>();
  const items: Value[] = [];
  for (const event of left.items) {
    const id = propertyOf(event, "distinct_id");
    const user = users.get(id);
    if (user !== undefined) matched.add(id);
    if (user !== undefined || type === "full" || type === "left") items.push({ distinct_id: id, event, user });
  }
  if (type === "full" || type === "right") {
    for (const [id, user] of users) if (!matched.has(id)) items.push({ distinct_id: id, event: undefined, user });
  }
  return new Collection(items, true);
}

/** A ready-made bucket of time: from local milliseconds to the start of its day, week, month. */
class TimeBuckets extends Host {
  constructor(readonly start: (ms: number) => number) {
    super();
  }

  method(): undefined {
    return undefined;
  }
}

const DAY_MS = DAY * 1000;
const monthStart = (months: number) => (ms: number) => {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / months) * months, 1);
};

function mixpanel(): Record<string, Value> {
  return {
    reducer: reducers(),
    slice: native("slice", (path, start, limit) =>
      sliceKey(String(path), Number(start), limit === undefined ? undefined : Number(limit)),
    ),
    multiple_keys: new Callable("multiple_keys", ([specs], at) => {
      const reads = list(specs).map((spec) => accessor(spec, at));
      return new KeySpec((item) => reads.flatMap((read) => read(item) ?? [null]), true);
    }),
    to_number: new Callable("to_number", ([spec], at) => {
      const read = accessor(spec, at);
      return new KeySpec((item) => [Number(read(item))]);
    }),
    numeric_bucket: new Callable("numeric_bucket", ([spec, edges], at) => {
      const read = accessor(spec, at);
      const lower = bucketOf(edges, at);
      return new KeySpec((item) => {
        const value = read(item);
        return [typeof value === "number" ? lower(value) : null];
      });
    }),
    daily_time_buckets: new TimeBuckets((ms) => Math.floor(ms / DAY_MS) * DAY_MS),
    weekly_time_buckets: new TimeBuckets((ms) => (Math.floor((ms / DAY_MS + 3) / 7) * 7 - 3) * DAY_MS),
    monthly_time_buckets: new TimeBuckets(monthStart(1)),
    quarterly_time_buckets: new TimeBuckets(monthStart(3)),
    annual_time_buckets: new TimeBuckets(monthStart(12)),
  };
}

/** Part of a composite key: one value, or `limit` of them from `start`. */
function sliceKey(path: string, start: number, limit: number | undefined): KeySpec {
  const read = accessor(path, 0);
  return new KeySpec((item) => list(read(item)).slice(start, start + (limit ?? 1)));
}

function bucketOf(edges: Value, at: number): (value: number) => number | null {
  if (edges instanceof TimeBuckets) return edges.start;
  if (Array.isArray(edges)) {
    const sorted = edges.map(Number).sort((a, b) => a - b);
    return (value) => sorted.findLast((edge) => edge <= value) ?? null;
  }
  const size = Number(propertyOf(edges, "bucket_size"));
  const offset = Number(propertyOf(edges, "offset") ?? 0);
  if (!(size > 0)) throw new ScriptError("TypeError", "numeric_bucket needs edges or a bucket_size", at);
  return (value) => Math.floor((value - offset) / size) * size + offset;
}
