/** What scripts handle besides plain data. */
export type Value = unknown;

/** Anything a script can call. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: Value[], at: number) => Value,
  ) {}
}

/** A value with methods of its own: collections, reducers. */
export abstract class Host {
  /** The method of a name, or undefined when there is none. */
  abstract method(name: string): Callable | undefined;
}

/** Own properties and lengths only: nothing inherited can be reached. */
export function propertyOf(object: Value, key: string): Value {
  if (key === "length" && (typeof object === "string" || Array.isArray(object))) return object.length;
  if (typeof object === "string") return object[Number(key)];
  if (typeof object !== "object" || object === null || object instanceof Host) return undefined;
  return Object.hasOwn(object, key) ? (object as Record<string, Value>)[key] : undefined;
}
