/**
 * Functions analysts expect. Those that SQLite never has (regexp, stddev, ...) are added everywhere; those that only newer
 * builds have (percentile, math; macOS loads the system's library) are added where they are missing, with the same results.
 */
import type { DatabaseSync } from "node:sqlite";
import { MATH } from "./sql-math.ts";
import { addPercentiles } from "./sql-percentile.ts";
import type { SqlValue } from "./sql-values.ts";

export type FunctionSource = "missing" | "all";

/** `all` replaces SQLite's own functions too: for the test that ours give the same results. */
export function addFunctions(db: DatabaseSync, source: FunctionSource = "missing"): void {
  const present = new Set(
    source === "all"
      ? []
      : (db.prepare("SELECT DISTINCT lower(name) FROM pragma_function_list").all() as unknown as [string][]).map(
          ([name]) => name,
        ),
  );
  const has = (name: string) => present.has(name);
  for (const [name, compute] of Object.entries(MATH)) if (!has(name)) addMath(db, name, compute);
  if (!has("percentile")) addPercentiles(db);
  if (!has("string_agg")) addStringAgg(db);
  if (!has("concat")) addConcat(db);
  addRegexp(db);
  addDeviations(db);
}

/** NULL for anything that is no number, as SQLite's own; a result that is no number is NULL too. */
function addMath(db: DatabaseSync, name: string, compute: (...values: number[]) => number | bigint): void {
  const evaluate = (...values: SqlValue[]): number | bigint | null => {
    const numbers = values.map(toNumber);
    if (numbers.some((value) => value === null)) return null;
    const result = compute(...(numbers as number[]));
    return typeof result === "number" && Number.isNaN(result) ? null : result;
  };
  const options = { deterministic: true, useBigIntArguments: true };
  if (compute.length === 0) db.function(name, options, () => evaluate());
  if (compute.length === 1)
    db.function(name, options, (x: SqlValue) => (typeof x === "bigint" && keepsIntegers(name) ? x : evaluate(x)));
  if (compute.length === 2) db.function(name, options, (x: SqlValue, y: SqlValue) => evaluate(x, y));
  if (name === "log")
    db.function(name, options, (base: SqlValue, x: SqlValue) =>
      isNumeric(base) && isNumeric(x) ? logBase(Number(base), Number(x)) : null,
    );
}

function keepsIntegers(name: string): boolean {
  return ["ceil", "ceiling", "floor", "trunc"].includes(name);
}

function logBase(base: number, x: number): number | null {
  if (base <= 0 || x <= 0) return null;
  const divisor = Math.log(base);
  return divisor <= 0 ? null : Math.log(x) / divisor;
}

function isNumeric(value: SqlValue): boolean {
  return toNumber(value) !== null;
}

/** What sqlite3_value_numeric_type would make of it. */
function toNumber(value: SqlValue): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value)) return null;
  return Number(value);
}

type Texts = { parts: { separator: string; text: string }[] };

/** Also over a moving window: the first part loses its separator. */
function addStringAgg(db: DatabaseSync): void {
  const parts = (state: never) => (state as Texts).parts;
  db.aggregate("string_agg", {
    useBigIntArguments: true,
    start: () => ({ parts: [] }) as never,
    step(state: never, value: SqlValue, separator: SqlValue) {
      if (value !== null) parts(state).push({ separator: toText(separator), text: toText(value) });
      return state;
    },
    inverse(state: never, value: SqlValue, _separator: SqlValue) {
      if (value !== null) parts(state).shift();
      return state;
    },
    result: (state: never) =>
      parts(state).length === 0
        ? null
        : parts(state)
            .map(({ separator, text }, index) => (index === 0 ? text : separator + text))
            .join(""),
  });
}

function addConcat(db: DatabaseSync): void {
  const options = { deterministic: true, varargs: true, useBigIntArguments: true };
  db.function("concat", options, (...values: SqlValue[]) => values.map(toText).join(""));
  db.function("concat_ws", options, (separator: SqlValue, ...values: SqlValue[]) =>
    separator === null
      ? null
      : values
          .filter((value) => value !== null)
          .map(toText)
          .join(toText(separator)),
  );
}

/** As SQLite writes a value into a text: `1.0`, `1.0e+20`, `Inf`, the bytes of a blob. */
function toText(value: SqlValue): string {
  if (value === null) return "";
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return value > 0 ? "Inf" : "-Inf";
  const digits = value.toPrecision(15);
  const [mantissa = "", exponent] =
    (/e/.test(digits) || Math.abs(value) < 1e-4) && value !== 0 ? value.toExponential(14).split("e") : [digits];
  const short = mantissa.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ".0");
  const plain = short.includes(".") ? short : `${short}.0`;
  return exponent === undefined ? plain : `${plain}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, "0")}`;
}

/** How many compiled patterns are kept: a query uses one or two. */
const PATTERNS_KEPT = 50;

/** `x REGEXP p` is `regexp(p, x)`; the other names take the text first, as elsewhere. JavaScript's syntax, Unicode aware. */
function addRegexp(db: DatabaseSync): void {
  const compiled = new Map<string, RegExp>();
  const compile = (pattern: SqlValue, flags = ""): RegExp => {
    const key = `${flags}/${pattern}`;
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const ignoreCase = /^\(\?i\)/.test(String(pattern));
    const regexp = new RegExp(String(pattern).replace(/^\(\?i\)/, ""), `${flags}${ignoreCase ? "i" : ""}u`);
    if (compiled.size >= PATTERNS_KEPT) compiled.clear();
    compiled.set(key, regexp);
    return regexp;
  };
  const options = { deterministic: true, useBigIntArguments: true };
  const matches = (pattern: SqlValue, text: SqlValue) =>
    pattern === null || text === null ? null : compile(pattern).test(String(text)) ? 1n : 0n;
  db.function("regexp", options, matches);
  db.function("regexp_like", options, (text: SqlValue, pattern: SqlValue) => matches(pattern, text));
  db.function("regexp_replace", options, (text: SqlValue, pattern: SqlValue, replacement: SqlValue) =>
    text === null || pattern === null || replacement === null
      ? null
      : String(text).replace(compile(pattern, "g"), String(replacement).replaceAll(/\\(\d)/g, "$$$1")),
  );
  const extract = (text: SqlValue, pattern: SqlValue, group: SqlValue) =>
    text === null || pattern === null ? null : (compile(pattern).exec(String(text))?.[Number(group ?? 0)] ?? null);
  db.function("regexp_extract", options, (text: SqlValue, pattern: SqlValue) => extract(text, pattern, 0));
  db.function("regexp_extract", options, (text: SqlValue, pattern: SqlValue, group: SqlValue) =>
    extract(text, pattern, group),
  );
  db.function("regexp_substr", options, (text: SqlValue, pattern: SqlValue) => extract(text, pattern, 0));
}

/** Welford's running sums: exact enough for large values with small spread, and reversible for window frames. */
type Spread = { n: number; mean: number; sum: number };

function addDeviations(db: DatabaseSync): void {
  const add = (name: string, finish: (spread: Spread) => number | null) =>
    db.aggregate(name, {
      useBigIntArguments: true,
      start: () => ({ n: 0, mean: 0, sum: 0 }) as never,
      step: (state: never, value: SqlValue) => include(state, numberFor(name, value)),
      inverse: (state: never, value: SqlValue) => exclude(state, numberFor(name, value)),
      result: (state: never) => finish(state),
    });
  const sample = ({ n, sum }: Spread) => (n < 2 ? null : Math.max(0, sum) / (n - 1));
  const population = ({ n, sum }: Spread) => (n < 1 ? null : Math.max(0, sum) / n);
  const root = (variance: (spread: Spread) => number | null) => (spread: Spread) => {
    const value = variance(spread);
    return value === null ? null : Math.sqrt(value);
  };
  for (const name of ["variance", "var_samp"]) add(name, sample);
  add("var_pop", population);
  for (const name of ["stddev", "stddev_samp"]) add(name, root(sample));
  add("stddev_pop", root(population));
}

function numberFor(name: string, value: SqlValue): number | null {
  if (value === null) return null;
  const number = toNumber(value);
  if (number === null) throw new Error(`input to ${name}() is not numeric`);
  return number;
}

function include(state: never, value: number | null): never {
  const spread = state as Spread;
  if (value === null) return state;
  spread.n += 1;
  const before = value - spread.mean;
  spread.mean += before / spread.n;
  spread.sum += before * (value - spread.mean);
  return state;
}

function exclude(state: never, value: number | null): never {
  const spread = state as Spread;
  if (value === null) return state;
  spread.n -= 1;
  if (spread.n === 0) Object.assign(spread, { mean: 0, sum: 0 });
  else {
    const before = value - spread.mean;
    spread.mean -= before / spread.n;
    spread.sum -= before * (value - spread.mean);
  }
  return state;
}
