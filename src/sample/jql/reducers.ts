/** `mixpanel.reducer.*`: from items to one value. */
import { ScriptError } from "./syntax.ts";
import { Callable, Host, propertyOf, type Value } from "./values.ts";

/** A ready-made reducer; it has no methods. */
export class Reducer extends Host {
  constructor(readonly apply: (items: Value[]) => Value) {
    super();
  }

  method(): undefined {
    return undefined;
  }
}

/** What stands for one or several key values: `mixpanel.slice`, `multiple_keys`, `numeric_bucket`, `to_number`. */
export class KeySpec extends Host {
  constructor(
    readonly read: (item: Value) => Value[],
    /** One group per value instead of all values in one key. */
    readonly spread = false,
  ) {
    super();
  }

  method(): undefined {
    return undefined;
  }
}

/** A path with dots, or a function of the item; names with dots in them are found too. */
export function accessor(spec: Value, at: number): (item: Value) => Value {
  if (spec instanceof Callable) return (item) => spec.call([item], at);
  if (spec instanceof KeySpec) return (item) => spec.read(item)[0];
  if (typeof spec === "string") return (item) => readPath(item, spec.split("."));
  throw new ScriptError("TypeError", "an accessor is a property path or a function", at);
}

function readPath(item: Value, [key = "", ...rest]: string[]): Value {
  const value = propertyOf(item, key);
  if (rest.length === 0) return value;
  const deeper = value === undefined || value === null ? undefined : readPath(value, rest);
  return deeper === undefined ? propertyOf(item, [key, ...rest].join(".")) : deeper;
}

function numbers(items: Value[], read: (item: Value) => Value): number[] {
  return items.map(read).filter((value) => typeof value === "number");
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** The number itself where no accessor is given. */
function optionalAccessor(spec: Value, at: number): (item: Value) => Value {
  return spec === undefined
    ? (item) => (typeof item === "number" ? item : propertyOf(item, "value"))
    : accessor(spec, at);
}

function statistics(values: number[]) {
  const avg = values.length === 0 ? 0 : sum(values) / values.length;
  const squares = sum(values.map((value) => value * value));
  const variance = values.length === 0 ? 0 : squares / values.length - avg * avg;
  return {
    count: values.length,
    sum: sum(values),
    sum_squares: squares,
    avg,
    stddev: Math.sqrt(Math.max(0, variance)),
  };
}

function percentile(sorted: number[], wanted: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor((wanted / 100) * sorted.length))] ?? null;
}

function extreme(items: Value[], read: (item: Value) => Value, sign: 1 | -1): Value {
  let best: { item: Value; value: number } | undefined;
  for (const item of items) {
    const value = Number(read(item));
    if (!Number.isNaN(value) && (!best || (value - best.value) * sign > 0)) best = { item, value };
  }
  return best?.item ?? null;
}

/** Merges objects; where both sides are numbers they are added. */
function merge(a: Value, b: Value): Value {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return b ?? a;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(propertyOf(a, key), propertyOf(b, key))]));
}

type Make = (args: Value[], at: number) => (items: Value[]) => Value;

const overNumbers =
  (apply: (values: number[]) => Value): Make =>
  ([spec], at) => {
    const read = optionalAccessor(spec, at);
    return (items) => apply(numbers(items, read));
  };

const REDUCERS: Record<string, Make> = {
  count: () => (items) => items.length,
  sum: overNumbers(sum),
  avg: overNumbers((values) => (values.length === 0 ? null : sum(values) / values.length)),
  min: overNumbers((values) => (values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)))),
  max: overNumbers((values) => (values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)))),
  numeric_summary: overNumbers(statistics),
  min_by: ([spec], at) => {
    const read = accessor(spec, at);
    return (items) => extreme(items, read, -1);
  },
  max_by: ([spec], at) => {
    const read = accessor(spec, at);
    return (items) => extreme(items, read, 1);
  },
  numeric_percentiles: ([spec, wanted], at) => {
    const read = accessor(spec, at);
    return (items) => {
      const sorted = numbers(items, read).sort((a, b) => a - b);
      if (!Array.isArray(wanted)) return percentile(sorted, Number(wanted));
      return wanted.map((each) => ({ percentile: each, value: percentile(sorted, Number(each)) }));
    };
  },
  top:
    ([count]) =>
    (items) =>
      [...items]
        .sort((a, b) => Number(propertyOf(b, "value")) - Number(propertyOf(a, "value")))
        .slice(0, Number(count)),
  ["any"]: () => (items) => items[0] ?? null,
  null: () => () => null,
  object_merge: () => (items) => items.reduce(merge, {}),
};

/** The object `mixpanel.reducer`. */
export function reducers(): Record<string, Callable> {
  return Object.fromEntries(
    Object.entries(REDUCERS).map(([name, make]) => [
      name,
      new Callable(name, (args, at) => new Reducer(make(args, at))),
    ]),
  );
}

const MAX_REDUCERS = 8;

/**
 * One reducer or a list of them as a function of items. A function of the script's own is called as Mixpanel calls it,
 * in two rounds, so that one which forgets to merge earlier accumulators gives wrong numbers here too.
 */
export function reduction(spec: Value, at: number): (items: Value[]) => Value {
  if (spec instanceof Reducer) return spec.apply;
  if (spec instanceof Callable) {
    return (items) => {
      const half = Math.floor(items.length / 2);
      if (half === 0) return spec.call([[], items], at);
      return spec.call([[spec.call([[], items.slice(0, half)], at)], items.slice(half)], at);
    };
  }
  if (!Array.isArray(spec)) throw new ScriptError("TypeError", "a reducer is expected", at);
  if (spec.length > MAX_REDUCERS)
    throw new ScriptError("TypeError", `at most ${MAX_REDUCERS} reducers are allowed`, at);
  const all = spec.map((each) => reduction(each, at));
  return (items) => all.map((each) => each(items));
}
