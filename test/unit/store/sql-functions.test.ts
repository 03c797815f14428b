import { afterAll, beforeAll, expect, test } from "bun:test";
import { DatabaseSync } from "node:sqlite";
import { addFunctions } from "../../../src/store/sql-functions.ts";

/** One connection with SQLite's own functions, one with ours in their place (as on a system whose SQLite lacks them). */
let native: DatabaseSync;
let ours: DatabaseSync;
const open = () => new DatabaseSync(":memory:", { returnArrays: true, readBigInts: true });
beforeAll(() => {
  native = open();
  ours = open();
  addFunctions(ours, "all");
});
afterAll(() => {
  native.close();
  ours.close();
});

function run(db: DatabaseSync, sql: string): unknown {
  try {
    return db.prepare(sql).all();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const VALUES = [
  "NULL",
  "0",
  "1",
  "-1",
  "2",
  "0.5",
  "-0.5",
  "10",
  "1e3",
  "1e308",
  "-7.25",
  "9007199254740993",
  "'2.5'",
  "'abc'",
  "''",
  "x'31'",
];

const ONE = [
  "acos acosh asin asinh atan atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 radians sin sinh sqrt tan tanh trunc",
]
  .join(" ")
  .split(" ");

/** Equal but for the last bits, where two C libraries may differ. */
function sameNumbers(left: unknown, right: unknown): boolean {
  const round = (_key: string, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : typeof value === "number" ? value.toPrecision(13) : value;
  return JSON.stringify(left, round) === JSON.stringify(right, round);
}

test("math functions of one argument", () => {
  const different: string[] = [];
  for (const name of ONE)
    for (const value of VALUES) {
      const sql = `SELECT ${name}(${value}), typeof(${name}(${value}))`;
      const [left, right] = [run(native, sql), run(ours, sql)];
      if (!sameNumbers(left, right))
        different.push(`${sql}: ${JSON.stringify(left, big)} / ${JSON.stringify(right, big)}`);
    }
  expect(different).toEqual([]);
});

const NO_BLOBS = VALUES.filter((value) => !value.startsWith("x'"));

test("math functions of two arguments", () => {
  const different: string[] = [];
  for (const name of ["atan2", "mod", "pow", "power", "log"])
    for (const left of NO_BLOBS)
      for (const right of NO_BLOBS) {
        const sql = `SELECT ${name}(${left}, ${right})`;
        const [theirs, mine] = [run(native, sql), run(ours, sql)];
        if (!sameNumbers(theirs, mine))
          different.push(`${sql}: ${JSON.stringify(theirs, big)} / ${JSON.stringify(mine, big)}`);
      }
  expect(different).toEqual([]);
  expect(run(ours, "SELECT pi()")).toEqual(run(native, "SELECT pi()"));
});

const big = (_key: string, value: unknown) =>
  typeof value === "bigint" ? `${value}n` : value === Number.POSITIVE_INFINITY ? "inf" : value;

const LISTS = [
  "(1)",
  "(1),(2)",
  "(3),(1),(2)",
  "(1),(2),(3),(4)",
  "(5),(5),(5),(1)",
  "(NULL)",
  "(NULL),(7),(NULL),(1.5)",
  "(-3),(2.25),(1e10),(0)",
  "(1),('x')",
  "(1),(x'00')",
  "(1),(9e999)",
  "(9007199254740993),(1)",
  "(1e20),(1e-5),(0.1),(1e14),(-0.0001),(123456.789)",
];
const CALLS = [
  "median(v)",
  "percentile(v, 0)",
  "percentile(v, 25)",
  "percentile(v, 50)",
  "percentile(v, 99.5)",
  "percentile(v, 100)",
  "percentile(v, 101)",
  "percentile(v, -1)",
  "percentile(v, NULL)",
  "percentile(v, 'x')",
  "percentile(v, v)",
  "percentile_cont(v, 0.25)",
  "percentile_cont(v, 0.9)",
  "percentile_cont(v, 2)",
  "percentile_disc(v, 0)",
  "percentile_disc(v, 0.5)",
  "percentile_disc(v, 0.75)",
  "percentile_disc(v, 1)",
  "median(v) FILTER (WHERE v > 1)",
  "median(DISTINCT v)",
  "string_agg(v, ', ')",
  "string_agg(v, NULL)",
  "string_agg(v, '')",
  "concat_ws('-', max(v), 'a', NULL)",
  "concat(max(v), NULL, 'b', 1.5)",
];

test("aggregates and texts, with the same errors", () => {
  const different: string[] = [];
  for (const list of LISTS)
    for (const call of CALLS) {
      const sql = `WITH t(v) AS (VALUES ${list}) SELECT ${call} FROM t`;
      const [theirs, mine] = [run(native, sql), run(ours, sql)];
      if (!sameNumbers(theirs, mine))
        different.push(`${sql}: ${JSON.stringify(theirs, big)} / ${JSON.stringify(mine, big)}`);
    }
  expect(different).toEqual([]);
});

test("as window functions", () => {
  for (const call of ["median(v)", "percentile_cont(v, 0.75)", "percentile_disc(v, 0.5)", "string_agg(v, '-')"])
    for (const frame of ["ROWS 1 PRECEDING", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", "ROWS UNBOUNDED PRECEDING"]) {
      const sql = `WITH t(v) AS (VALUES (5), (1), (NULL), (9), (2), (2)) SELECT ${call} OVER (ORDER BY v ${frame}) FROM t`;
      expect(run(ours, sql)).toEqual(run(native, sql));
    }
});

test("deviations hold for large values with a small spread", () => {
  const sql =
    "WITH t(v) AS (VALUES (1e9 + 4), (1e9 + 7), (1e9 + 13), (1e9 + 16)) SELECT var_samp(v), stddev_pop(v), stddev(v) FILTER (WHERE v > 1e10) FROM t";
  expect(run(ours, sql)).toEqual([[30, Math.sqrt(22.5), null]]);
});
