/**
 * Mixpanel's expression language: a tree to a function of one event or profile. Types follow Mixpanel's published rules:
 * a wrong type never raises, it gives `undefined`, and a filter keeps a row only when the result is exactly true. The one
 * error is a number, text or list where and/or need a condition.
 */
import { momentOfNumber, parseMoment, type ZoneOffset, zoneOffset } from "./expression-datetime.ts";
import type { BinaryOperator, Expression } from "./expression-parse.ts";
import { ExpressionError } from "./expression-tokens.ts";

/** What an expression yields: any JSON value, or undefined. */
export type Value = unknown;
export type Properties = Readonly<Record<string, unknown>>;

/** The row an expression looks at; what is absent reads as undefined. */
export type Row = {
  /** Event properties, for `properties["x"]` and `event["x"]`; `$time` reads `time`. */
  event?: Properties | undefined;
  /** Profile properties, for `user["x"]`, and for `properties["x"]` where there is no event (engage). */
  user?: Properties | undefined;
  /** Counts by name, engage only. */
  behaviors?: Properties | undefined;
  groups?: Readonly<Record<string, Properties>> | undefined;
};

export type Surroundings = {
  /** Unix seconds, the value of NOW. */
  now: number;
  /** IANA name; `datetime("2026-03-01T00:00:00")` written in the expression is read in it. Property texts are UTC. */
  timezone: string;
};

export type Evaluator = (row: Row) => Value;

const UTC: ZoneOffset = () => 0;

/** Turns a parsed expression into a function; do this once, then call it per row. */
export function compile(expression: Expression, surroundings: Surroundings): Evaluator {
  switch (expression.kind) {
    case "literal":
      return () => expression.value;
    case "now":
      return () => surroundings.now;
    case "property":
      return compileProperty(expression.scope, expression.path);
    case "list": {
      const items = expression.items.map((item) => compile(item, surroundings));
      return (row) => items.map((item) => item(row));
    }
    case "negate": {
      const operand = compile(expression.operand, surroundings);
      return (row) => {
        const value = operand(row);
        return typeof value === "number" ? -value : undefined;
      };
    }
    case "not":
      return compileNot(compile(expression.operand, surroundings));
    case "logic":
      return compileLogic(expression, surroundings);
    case "binary":
      return compileBinary(expression, surroundings);
    case "call":
      return compileCall(expression, surroundings);
  }
}

function own(properties: Properties | undefined, name: string): Value {
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function compileProperty(scope: string, path: (string | number)[]): Evaluator {
  const [first = "", ...rest] = path.map(String);
  // Delivered as `time` in events, addressed as `$time` in expressions.
  const name = first === "$time" && (scope === "properties" || scope === "event") ? "time" : first;
  const read = readScope(scope, name);
  if (rest.length === 0) return read;
  return (row) => rest.reduce<Value>((value, key) => (isObject(value) ? own(value, key) : undefined), read(row));
}

function readScope(scope: string, name: string): Evaluator {
  switch (scope) {
    case "properties":
      return (row) => own(row.event ?? row.user, name);
    case "event":
      return (row) => own(row.event, name);
    case "user":
      return (row) => own(row.user, name);
    case "behaviors":
      return (row) => own(row.behaviors, name);
    case "group_properties":
      return (row) => own(row.groups, name);
    default:
      return () => undefined;
  }
}

function isObject(value: Value): value is Properties {
  return typeof value === "object" && value !== null;
}

function compileNot(operand: Evaluator): Evaluator {
  return (row) => {
    const value = operand(row);
    if (value === undefined) return true;
    return typeof value === "boolean" ? !value : undefined;
  };
}

function compileLogic(expression: Expression & { kind: "logic" }, surroundings: Surroundings): Evaluator {
  const operands = expression.operands.map((operand) => ({
    read: compile(operand, surroundings),
    position: operand.position,
  }));
  const decisive = expression.operator === "or";
  return (row) => {
    for (const { read, position } of operands) {
      const value = read(row);
      if (value !== undefined && typeof value !== "boolean") {
        throw new ExpressionError(`${expression.operator} needs conditions, got ${typeName(value)}`, position);
      }
      if ((value ?? false) === decisive) return decisive;
    }
    return !decisive;
  };
}

function typeName(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function compileBinary(expression: Expression & { kind: "binary" }, surroundings: Surroundings): Evaluator {
  const left = compile(expression.left, surroundings);
  const right = compile(expression.right, surroundings);
  const { operator } = expression;
  if (operator === "==" || operator === "!=") {
    // `x == undefined`, written out, asks whether x is missing; two missing properties are not equal.
    const written = [expression.left, expression.right].some(
      (side) => side.kind === "literal" && side.value === undefined,
    );
    const same = (a: Value, b: Value) => (written && a === undefined && b === undefined) || equal(a, b);
    return operator === "==" ? (row) => same(left(row), right(row)) : (row) => !same(left(row), right(row));
  }
  const apply = BINARY[operator];
  return (row) => apply(left(row), right(row));
}

function numeric(apply: (a: number, b: number) => Value): (a: Value, b: Value) => Value {
  return (a, b) => (typeof a === "number" && typeof b === "number" ? apply(a, b) : undefined);
}

/** Documented for numbers only, yet used and working on ISO texts, which sort as texts. */
function ordered(apply: (order: number) => boolean): (a: Value, b: Value) => Value {
  return (a, b) => {
    if (typeof a === "number" && typeof b === "number") return apply(a - b);
    if (typeof a === "string" && typeof b === "string") return apply(a < b ? -1 : a > b ? 1 : 0);
    return undefined;
  };
}

const BINARY: Record<Exclude<BinaryOperator, "==" | "!=">, (a: Value, b: Value) => Value> = {
  "+": (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a + b;
    return typeof a === "string" && typeof b === "string" ? a + b : undefined;
  },
  "-": numeric((a, b) => a - b),
  "*": numeric((a, b) => a * b),
  "/": numeric((a, b) => (b === 0 ? undefined : a / b)),
  "%": numeric((a, b) => (b === 0 ? undefined : a % b)),
  ">": ordered((order) => order > 0),
  ">=": ordered((order) => order >= 0),
  "<": ordered((order) => order < 0),
  "<=": ordered((order) => order <= 0),
  in: (a, b) => {
    if (Array.isArray(b)) return a === undefined ? undefined : b.some((item) => equal(a, item));
    return typeof a === "string" && typeof b === "string" ? b.includes(a) : undefined;
  },
};

/** Same type and same value; undefined equals nothing. Lists and objects by content. */
function equal(a: Value, b: Value): boolean {
  if (a === undefined || b === undefined) return false;
  if (!isObject(a) || !isObject(b)) return a === b;
  return Bun.deepEquals(a, b);
}

function compileCall(expression: Expression & { kind: "call" }, surroundings: Surroundings): Evaluator {
  const [first, second] = expression.args.map((argument) => compile(argument, surroundings));
  if (first === undefined) return expression.name === "NOW" ? () => surroundings.now : () => undefined;
  if (expression.name === "datetime") return compileDatetime(expression.args[0], first, surroundings);
  if (expression.name === "has_prefix") {
    return (row) => {
      const text = first(row);
      const prefix = second?.(row);
      return typeof text === "string" && typeof prefix === "string" ? text.startsWith(prefix) : undefined;
    };
  }
  const apply = FUNCTIONS.get(expression.name);
  return apply ? (row) => apply(first(row)) : () => undefined;
}

function compileDatetime(argument: Expression | undefined, read: Evaluator, { timezone }: Surroundings): Evaluator {
  const literal = argument?.kind === "literal";
  const offset = literal && typeof argument.value === "string" ? zoneOffset(timezone) : UTC;
  const moment = (value: Value): Value => {
    if (typeof value === "number") return momentOfNumber(value);
    return typeof value === "string" ? parseMoment(value, offset) : undefined;
  };
  if (!literal) return (row) => moment(read(row));
  const fixed = moment(argument.value);
  return () => fixed;
}

function rounding(apply: (value: number) => number): (value: Value) => Value {
  return (value) => (typeof value === "number" ? apply(value) : undefined);
}

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

const FUNCTIONS = new Map<string, (value: Value) => Value>([
  ["floor", rounding(Math.floor)],
  ["ceil", rounding(Math.ceil)],
  ["round", rounding(Math.round)],
  ["defined", (value) => value !== undefined && value !== null],
  ["string", (value) => (value === undefined || value === null ? value : toText(value))],
  ["number", toNumber],
  [
    "boolean",
    (value) =>
      !(value === undefined || value === null || value === 0 || value === "" || value === "false" || value === false),
  ],
  ["list", (value) => (Array.isArray(value) ? value : undefined)],
]);

/** The text form of a value, as in segment names: JSON for lists and objects. */
export function toText(value: Value): string {
  return isObject(value) ? JSON.stringify(value) : String(value);
}

function toNumber(value: Value): Value {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "string" && DECIMAL.test(value) ? Number(value) : undefined;
}
