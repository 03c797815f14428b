import { afterAll, beforeAll, expect, test } from "bun:test";
import { createFixture, type Fixture } from "./sandbox-fixture.ts";

let f: Fixture;
beforeAll(() => {
  f = createFixture();
});
afterAll(() => f.close());

const MATRIX: [string, unknown, string][] = [
  ["NULL", null, "NULL"],
  ["0", 0, "INTEGER"],
  ["-1", -1, "INTEGER"],
  ["9007199254740991", 9007199254740991, "INTEGER"],
  ["9007199254740992", "9007199254740992", "INTEGER"],
  ["9007199254740993", "9007199254740993", "INTEGER"],
  ["-9007199254740993", "-9007199254740993", "INTEGER"],
  ["9223372036854775807", "9223372036854775807", "INTEGER"],
  ["-9223372036854775808", "-9223372036854775808", "INTEGER"],
  ["1.0", 1, "REAL"],
  ["-0.0", 0, "REAL"],
  ["0.1 + 0.2", 0.30000000000000004, "REAL"],
  ["5e-324", 5e-324, "REAL"],
  ["1.7976931348623157e308", 1.7976931348623157e308, "REAL"],
  ["9e999", "Infinity", "REAL"],
  ["-9e999", "-Infinity", "REAL"],
  ["9e999 - 9e999", null, "NULL"],
  ["''", "", "TEXT"],
  ["'a' || char(0) || 'b'", "a\u0000b", "TEXT"],
  ["char(10, 13, 9, 27, 127)", "\n\r\t\u001b\u007f", "TEXT"],
  ["'é日本😀'", "é日本😀", "TEXT"],
  ["char(128512)", "😀", "TEXT"],
  ["char(8238)", "\u202e", "TEXT"],
  ["CAST(x'ff41' AS TEXT)", "\ufffdA", "TEXT"],
  ["CAST(x'eda0bd' AS TEXT)", "\ufffd\ufffd\ufffd", "TEXT"],
  ["x''", "base64:", "BLOB"],
  ["x'00ff'", "base64:AP8=", "BLOB"],
  ["json_extract('{\"a\":12345678901234567890}', '$.a')", Number("12345678901234567890"), "REAL"],
  ["json_extract('{\"a\":true}', '$.a')", 1, "INTEGER"],
  ["json('[1,2]')", "[1,2]", "TEXT"],
];

for (const [sql, value, type] of MATRIX)
  test(sql, async () => {
    const { columns, rows } = await f.query(`SELECT ${sql} AS v`);
    expect(rows).toEqual([[value]] as never);
    expect(columns).toEqual([{ name: "v", type }]);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

test("duplicate and empty column names are kept", async () => {
  const { columns } = await f.query('SELECT 1 AS a, 2 AS a, 3 AS "", 4 AS A');
  expect(columns.map(({ name }) => name)).toEqual(["a", "a", "", "A"]);
});

test("a declared type wins, a mixture is ANY, integers with reals are REAL", async () => {
  expect((await f.query("SELECT event_name FROM events WHERE 0")).columns).toEqual([
    { name: "event_name", type: "TEXT" },
  ]);
  expect((await f.query("SELECT column1 AS v FROM (VALUES (1), ('a'))")).columns).toEqual([{ name: "v", type: "ANY" }]);
  expect((await f.query("SELECT column1 AS v FROM (VALUES (1), (NULL), (1.5))")).columns).toEqual([
    { name: "v", type: "REAL" },
  ]);
});

test("a giant cell is clipped and says so", async () => {
  const { rows, truncated, hint } = await f.query("SELECT printf('%.*c', 4000000, 'x') AS long, 1 AS one");
  const cell = String(rows[0]?.[0]);
  expect(cell.length).toBeLessThan(11_000);
  expect(cell).toEndWith("x... [clipped: 4,000,000 characters]");
  expect(rows[0]?.[1]).toBe(1);
  expect(truncated).toBe(false);
  expect(hint).toContain("clipped");
});

test("what fits whole is whole, and five thousand short rows fit", async () => {
  const one = await f.query("SELECT 1 AS n, printf('%.*c', 39000, 'x') AS long");
  expect(String(one.rows[0]?.[1])).toHaveLength(39_000);
  expect(one.hint).toBeUndefined();
  const two = await f.query("SELECT printf('%.*c', 30000, 'x') AS long UNION ALL SELECT printf('%.*c', 30000, 'y')");
  expect(two.rows.map(([cell]) => String(cell).length < 11_000)).toEqual([true, true]);
  const short = await f.query(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i FROM n",
    5_000,
  );
  expect(short.rows).toHaveLength(5_000);
  expect(short.truncated).toBe(true);
});

test("a clipped emoji does not break in half", async () => {
  const { rows } = await f.query("SELECT 'x' || replace(printf('%.*c', 50000, '-'), '-', '😀') AS long");
  expect(String(rows[0]?.[0]).isWellFormed()).toBe(true);
});

test("rows stop at the character budget, exactly marked", async () => {
  const long =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, printf('%.*c', 1000, 'y') FROM n";
  const { rows, truncated } = await f.query(long);
  expect(truncated).toBe(true);
  expect(rows.length).toBeGreaterThan(30);
  expect(JSON.stringify(rows).length).toBeLessThan(41_000);
});

test("500 columns with names of 10,000 characters stay small; 501 are refused", async () => {
  const columns = (count: number) =>
    Array.from({ length: count }, (_, index) => `${index} AS "c${index}${"z".repeat(150)}"`).join(", ");
  const { columns: names, rows } = await f.query(`SELECT ${columns(500)}`);
  expect(names).toHaveLength(500);
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(names).length).toBeLessThan(60_000);
  const one = await f.query(`SELECT 1 AS "${"n".repeat(10_000)}"`);
  expect(one.columns[0]?.name.length).toBeLessThan(250);
  expect(await f.attempt(`SELECT ${columns(501)}`)).toMatchObject({ code: "LIMIT_EXCEEDED" });
});

test("truncated is exact around the row limit", async () => {
  for (const [limit, truncated] of [
    [9, true],
    [10, false],
    [11, false],
  ] as const)
    expect(await f.query("SELECT 1 FROM events", limit)).toMatchObject({
      truncated,
      rows: { length: Math.min(limit, 10) },
    });
});
