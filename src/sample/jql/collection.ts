/** Collections of JQL: sources and the transforms chained on them. */
import { accessor, KeySpec, Reducer, reduction } from "./reducers.ts";
import { ScriptError } from "./syntax.ts";
import { Callable, Host, propertyOf, type Value } from "./values.ts";

type Transform = (collection: Collection, args: Value[], at: number) => Collection;

export class Collection extends Host {
  constructor(
    readonly items: Value[],
    /** Straight from a source, possibly filtered: `groupByUser` works on nothing else. */
    readonly raw = false,
  ) {
    super();
  }

  method(name: string): Callable | undefined {
    const transform = TRANSFORMS.get(name);
    return transform && new Callable(name, (args, at) => transform(this, args, at));
  }
}

function functionOf(value: Value, at: number): (item: Value) => Value {
  if (!(value instanceof Callable)) throw new ScriptError("TypeError", `${typeof value} is not a function`, at);
  return (item) => value.call([item], at);
}

function sorted(sign: 1 | -1): Transform {
  return ({ items }, [spec], at) => {
    const read = accessor(spec, at);
    const order = (a: Value, b: Value) =>
      typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
    return new Collection([...items].sort((a, b) => sign * order(read(a), read(b))));
  };
}

const TRANSFORMS = new Map<string, Transform>([
  ["filter", ({ items, raw }, [test], at) => new Collection(items.filter(functionOf(test, at)), raw)],
  ["map", ({ items }, [change], at) => new Collection(items.map(functionOf(change, at)))],
  ["flatten", ({ items }) => new Collection(items.flatMap((item) => (Array.isArray(item) ? item : [item])))],
  ["reduce", ({ items }, [reducer], at) => new Collection([reduction(reducer, at)(items)])],
  ["groupBy", ({ items }, [keys, reducer], at) => group(items, keys, reduction(reducer, at), at)],
  ["groupByUser", groupByUser],
  ["sortAsc", sorted(1)],
  ["sortDesc", sorted(-1)],
  ["applyGroupLimits", applyGroupLimits],
]);

/** Keys of an item: usually one list of key values, several where a key spreads. */
function keysOf(specs: Value[], at: number): (item: Value) => Value[][] {
  const parts = specs.map((spec): { read: (item: Value) => Value[]; spread: boolean } => {
    if (spec instanceof KeySpec) return spec;
    const read = accessor(spec, at);
    return {
      spread: false,
      read: (item) => {
        const value = read(item);
        return Array.isArray(value) ? value : [value ?? null];
      },
    };
  });
  return (item) =>
    parts.reduce<Value[][]>(
      (keys, { read, spread }) => {
        const values = read(item);
        return spread
          ? keys.flatMap((key) => values.map((value) => [...key, value]))
          : keys.map((key) => [...key, ...values]);
      },
      [[]],
    );
}

function group(items: Value[], keys: Value, reduce: (items: Value[]) => Value, at: number): Collection {
  if (!Array.isArray(keys)) throw new ScriptError("TypeError", "groupBy needs a list of keys", at);
  const read = keysOf(keys, at);
  const groups = new Map<string, { key: Value[]; items: Value[] }>();
  for (const item of items) {
    for (const key of read(item)) {
      if (key.some((value) => typeof value === "object" && value !== null))
        throw new ScriptError("TypeError", "group keys must be scalars", at);
      const id = JSON.stringify(key);
      const found = groups.get(id);
      if (found) found.items.push(item);
      else groups.set(id, { key, items: [item] });
    }
  }
  return new Collection([...groups.values()].map(({ key, items: members }) => ({ key, value: reduce(members) })));
}

/** `(reducer)` or `(keys, reducer)`; a function is called once per user with no state and all events in time order. */
function groupByUser({ items, raw }: Collection, args: Value[], at: number): Collection {
  if (!raw) throw new ScriptError("TypeError", "groupByUser can only be called on an untransformed collection", at);
  const [keys, reducer] = args.length > 1 ? args : [[], args[0]];
  const extra = Array.isArray(keys) ? keys : [];
  const ordered = [...items].sort((a, b) => Number(propertyOf(a, "time")) - Number(propertyOf(b, "time")));
  const fold =
    reducer instanceof Callable && !(reducer instanceof Reducer)
      ? (events: Value[]) => reducer.call([undefined, events], at)
      : reduction(reducer, at);
  return group(ordered, ["distinct_id", ...extra], fold, at);
}

/** Of each key the groups with the largest values, then the largest `total` of what is left. */
function applyGroupLimits({ items }: Collection, [limits, total]: Value[], at: number): Collection {
  if (!Array.isArray(limits)) throw new ScriptError("TypeError", "applyGroupLimits needs a list of limits", at);
  const value = (item: Value) => Number(propertyOf(item, "value")) || 0;
  const keyOf = (item: Value, index: number) => JSON.stringify(propertyOf(propertyOf(item, "key"), String(index)));
  let kept = [...items];
  limits.forEach((limit, index) => {
    const sums = new Map<string, number>();
    for (const item of kept) sums.set(keyOf(item, index), (sums.get(keyOf(item, index)) ?? 0) + value(item));
    const largest = [...sums].sort(([, a], [, b]) => b - a).slice(0, Number(limit));
    const names = new Set(largest.map(([name]) => name));
    kept = kept.filter((item) => names.has(keyOf(item, index)));
  });
  kept.sort((a, b) => value(b) - value(a));
  return new Collection(total === undefined ? kept : kept.slice(0, Number(total)));
}
