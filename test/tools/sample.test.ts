import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
  await t.call("fetch_events", { from_date: "2 days ago", to_date: "yesterday" });
});
afterAll(() => t.close());

type Sampled = { columns: string[]; rows: string[][]; total_rows: number };

test("different rows each time, all from the table", async () => {
  const seen = new Set<string>();
  for (let time = 0; time < 5; time++) {
    const { columns, rows } = (await t.call("sample", { table: "events" })).structured as Sampled;
    expect(columns).toEqual(["event_name", "event_time", "distinct_id", "insert_id", "properties"]);
    expect(rows).toHaveLength(5);
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(5);
    // Some events come without an id of their own.
    for (const [, , , id] of rows) if (id !== null) seen.add(String(id));
  }
  expect(seen.size).toBeGreaterThan(15);
  const ids = [...seen].map((id) => `'${id}'`).join(", ");
  const { value } = (
    await t.call("sql_scalar", { query: `SELECT count(DISTINCT insert_id) FROM events WHERE insert_id IN (${ids})` })
  ).structured;
  expect(value).toBe(seen.size);
});

test("of one event, also a rare one", async () => {
  const { rows: events } = (
    await t.call("sql", { query: "SELECT event_name, count(*) FROM events GROUP BY 1 ORDER BY 2" })
  ).structured as { rows: [string, number][] };
  for (const [event, count] of [events[0], events.at(-1)].filter((entry) => entry !== undefined)) {
    const { rows, total_rows } = (await t.call("sample", { table: "events", event, limit: 10 })).structured as Sampled;
    expect(total_rows).toBe(count);
    expect(rows.length).toBe(Math.min(10, count));
    expect(rows.every((row) => row[0] === event)).toBe(true);
  }
});

test("a table smaller than the sample comes whole; unknown events name the nearest", async () => {
  await t.call("create_table", { table: "small", query: "SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3" });
  const { rows } = (await t.call("sample", { table: "small", limit: 50 })).structured as Sampled;
  expect(rows.map(([n]) => n).toSorted()).toEqual([1, 2, 3] as never);
  expect((await t.call("sample", { table: "events", event: "no such event" })).error?.code).toBe("NOT_FOUND");
  expect((await t.call("sample", { table: "small", event: "x" })).error?.code).toBe("INVALID_ARGUMENT");
});

test("values JSON cannot hold come as text, exactly", async () => {
  const query = "SELECT x'00ff' AS b, 9223372036854775807 AS i, 1e999 AS f, NULL AS n, 'text' AS t, 1.5 AS r";
  await t.call("create_table", { table: "odd", query });
  const { columns, rows } = (await t.call("sample", { table: "odd" })).structured as Sampled;
  expect(columns).toEqual(["b", "i", "f", "n", "t", "r"]);
  expect(rows as unknown[][]).toEqual([["base64:AP8=", "9223372036854775807", "Infinity", null, "text", 1.5]]);
  for (const tool of ["summarize", "table_schema"])
    expect((await t.call(tool, { table: "odd" })).error).toBeUndefined();
  for (const column of columns) expect((await t.call("column_stats", { table: "odd", column })).error).toBeUndefined();
});

test("a table dropped at the same moment is not found", async () => {
  for (let time = 0; time < 5; time++) {
    await t.call("create_table", { table: "brief", query: "SELECT 1 AS x" });
    const [sampled] = await Promise.all([
      t.call("sample", { table: "brief" }),
      t.call("drop_table", { table: "brief" }),
    ]);
    expect([undefined, "TABLE_NOT_FOUND", "STORE_BUSY"]).toContain(sampled.error?.code);
  }
});
