import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ anonymous: true });
});
afterAll(() => t.close());

test("without credentials and without tables, SQL answers", async () => {
  const reply = await t.call("sql", { query: "SELECT 1 AS one, 'a' AS text, NULL AS missing" });
  expect(reply.structured).toMatchObject({
    columns: [
      { name: "one", type: "INTEGER" },
      { name: "text", type: "TEXT" },
      { name: "missing", type: "NULL" },
    ],
    rows: [[1, "a", null]],
    row_count: 1,
    truncated: false,
  });
  expect(reply.text).toContain("one:INTEGER\ttext:TEXT\tmissing:NULL\n1\ta\tNULL");
});

test("a missing table says that nothing was fetched", async () => {
  const { error } = await t.call("sql", { query: "SELECT * FROM events" });
  expect(error).toMatchObject({ code: "SQL_ERROR", message: "No such table: events. Nothing has been fetched yet." });
  expect(error?.suggestions[0]).toContain("fetch_events");
});

const NUMBERS = (most: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most}) SELECT i FROM n`;

test("100 rows by default, and truncated is exact", async () => {
  expect((await t.call("sql", { query: NUMBERS(100) })).structured).toMatchObject({ row_count: 100, truncated: false });
  expect((await t.call("sql", { query: NUMBERS(101) })).structured).toMatchObject({ row_count: 100, truncated: true });
  expect((await t.call("sql", { query: NUMBERS(1_000_000), limit: 2 })).structured).toMatchObject({
    rows: [[1], [2]],
    truncated: true,
  });
});

test("a complete answer is never cut, the beginning of an open-ended one is short", async () => {
  const wide = (most: number) => `SELECT i, printf('%.*c', 300, 'word ') AS text FROM (${NUMBERS(most)})`;
  const complete = (await t.call("sql", { query: wide(100) })).structured;
  expect(complete).toMatchObject({ row_count: 100, truncated: false });
  const open = (await t.call("sql", { query: wide(101) })).structured;
  expect(open).toMatchObject({ truncated: true });
  expect(Number(open["row_count"])).toBeLessThan(90);
  expect((await t.call("sql", { query: wide(101), limit: 101 })).structured).toMatchObject({ row_count: 101 });
});

test("a limit beyond the largest is refused with a sentence", async () => {
  const { error } = await t.call("sql", { query: "SELECT 1", limit: 5_001 });
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(error?.message).toContain("5000");
});

test("a cancelled query answers nobody and the next one works", async () => {
  const abort = new AbortController();
  const endless = t.call("sql", { query: `SELECT count(*) FROM (${NUMBERS(1e12)})` }, { signal: abort.signal });
  setTimeout(() => abort.abort(), 150);
  await expect(endless).rejects.toThrow();
  expect((await t.call("sql", { query: "SELECT 2" })).structured).toMatchObject({ rows: [[2]] });
});

test("a query over an incomplete table says what is missing", async () => {
  const { store } = t.workspace;
  await store.writer().create({
    name: "half",
    type: "events",
    status: "partial",
    missing_ranges: [{ from_date: "2026-01-03", to_date: "2026-01-05" }],
  });
  const { hint } = (await t.call("sql", { query: "SELECT count(*) FROM Half" })).structured;
  expect(hint).toBe("half is incomplete (missing: 2026-01-03 to 2026-01-05): fetch it with mode resume to fill it.");
  expect((await t.call("sql", { query: "SELECT 'half'" })).structured["hint"]).toBeUndefined();
});

test("fifty calls at once, each with its own answer", async () => {
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, index) => t.call("sql", { query: `SELECT ${index} AS n` })),
  );
  expect(replies.map(({ structured }) => structured["rows"])).toEqual(
    Array.from({ length: 50 }, (_, index) => [[index]]),
  );
});

test("a clipped cell is a cut: marked in the cell, in truncated and in the first line", async () => {
  const reply = await t.call("sql", { query: "SELECT 1 AS n, printf('%.*c', 60000, 'x') AS long" });
  expect(reply.structured).toMatchObject({ row_count: 1, truncated: true });
  expect(String((reply.structured["rows"] as unknown[][])[0]?.[1])).toEndWith("[clipped: 60,000 characters]");
  expect(reply.text.split("\n")[0]).toContain("long cells clipped");
  expect(reply.text.length).toBeLessThan(45_000);
});
