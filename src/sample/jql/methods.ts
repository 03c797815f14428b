/** The methods of texts, lists, numbers and dates that scripts may call. */
import { ScriptError } from "./syntax.ts";
import { Callable, Host, type Value } from "./values.ts";

/** A moment, as `new Date(ms)` gives it. */
class Moment extends Host {
  constructor(private readonly date: Date) {
    super();
  }

  method(name: string): Callable | undefined {
    const read = DATE_METHODS.get(name);
    return read && new Callable(name, () => read(this.date));
  }
}

/** JQL times are shifted into the project's zone already, so the plain getters are the UTC ones. */
const DATE_METHODS = new Map<string, (date: Date) => Value>([
  ["getTime", (date) => date.getTime()],
  ["valueOf", (date) => date.getTime()],
  ["toISOString", (date) => date.toISOString()],
  ["toJSON", (date) => date.toISOString()],
  ...["", "UTC"].flatMap((zone): [string, (date: Date) => Value][] => [
    [`get${zone}FullYear`, (date) => date.getUTCFullYear()],
    [`get${zone}Month`, (date) => date.getUTCMonth()],
    [`get${zone}Date`, (date) => date.getUTCDate()],
    [`get${zone}Day`, (date) => date.getUTCDay()],
    [`get${zone}Hours`, (date) => date.getUTCHours()],
    [`get${zone}Minutes`, (date) => date.getUTCMinutes()],
  ]),
]);

export function construct(name: string, args: Value[], at: number): Value {
  if (name !== "Date")
    throw new ScriptError("ReferenceError", `new ${name} is not supported by the sample project's JQL`, at);
  const [value] = args;
  const date = typeof value === "number" || typeof value === "string" ? new Date(value) : new Date(Number.NaN);
  if (Number.isNaN(date.getTime())) throw new ScriptError("RangeError", "Invalid time value", at);
  return new Moment(date);
}

type Method<T> = (self: T, args: Value[], call: (callback: Value, args: Value[]) => Value) => Value;

const number = (value: Value) => (value === undefined ? undefined : Number(value));

const TEXT = new Map<string, Method<string>>([
  ["toLowerCase", (self) => self.toLowerCase()],
  ["toUpperCase", (self) => self.toUpperCase()],
  ["trim", (self) => self.trim()],
  ["indexOf", (self, [piece]) => self.indexOf(String(piece))],
  ["includes", (self, [piece]) => self.includes(String(piece))],
  ["startsWith", (self, [piece]) => self.startsWith(String(piece))],
  ["endsWith", (self, [piece]) => self.endsWith(String(piece))],
  ["charAt", (self, [index]) => self.charAt(Number(index))],
  ["split", (self, [separator]) => self.split(String(separator))],
  ["slice", (self, [from, to]) => self.slice(number(from), number(to))],
  ["substring", (self, [from, to]) => self.substring(Number(from), number(to))],
  [
    "substr",
    (self, [from, length]) =>
      self.slice(Number(from), length === undefined ? undefined : Number(from) + Number(length)),
  ],
  ["replace", (self, [from, to]) => self.replace(String(from), () => String(to))],
  ["toString", (self) => self],
]);

const LIST = new Map<string, Method<Value[]>>([
  ["map", (self, [callback], call) => self.map((item, index) => call(callback, [item, index]))],
  ["filter", (self, [callback], call) => self.filter((item, index) => call(callback, [item, index]))],
  ["forEach", (self, [callback], call) => self.forEach((item, index) => void call(callback, [item, index]))],
  ["some", (self, [callback], call) => self.some((item) => call(callback, [item]))],
  ["every", (self, [callback], call) => self.every((item) => call(callback, [item]))],
  ["find", (self, [callback], call) => self.find((item) => call(callback, [item]))],
  ["reduce", (self, [callback, start], call) => self.reduce((state, item) => call(callback, [state, item]), start)],
  ["push", (self, items) => self.push(...items)],
  ["concat", (self, lists) => self.concat(...lists.map((list) => (Array.isArray(list) ? list : [list])))],
  ["join", (self, [separator]) => self.join(separator === undefined ? "," : String(separator))],
  ["indexOf", (self, [item]) => self.indexOf(item)],
  ["includes", (self, [item]) => self.includes(item)],
  ["slice", (self, [from, to]) => self.slice(number(from), number(to))],
  ["reverse", (self) => self.reverse()],
  [
    "sort",
    (self, [callback], call) =>
      self.sort(callback === undefined ? undefined : (a, b) => Number(call(callback, [a, b]))),
  ],
]);

const NUMBER = new Map<string, Method<number>>([
  ["toFixed", (self, [digits]) => self.toFixed(Number(digits ?? 0))],
  ["toString", (self) => String(self)],
]);

/** The result of a built-in method, or undefined when the value has no such method. */
export function callMethod(self: Value, name: string, args: Value[], at: number): { value: Value } | undefined {
  const call = (callback: Value, callbackArgs: Value[]) => {
    if (!(callback instanceof Callable))
      throw new ScriptError("TypeError", `${String(callback)} is not a function`, at);
    return callback.call(callbackArgs, at);
  };
  if (typeof self === "string") return apply(TEXT, self);
  if (typeof self === "number") return apply(NUMBER, self);
  if (Array.isArray(self)) return apply(LIST, self as Value[]);
  return undefined;

  function apply<T>(methods: Map<string, Method<T>>, value: T) {
    const method = methods.get(name);
    return method && { value: method(value, args, call) };
  }
}
