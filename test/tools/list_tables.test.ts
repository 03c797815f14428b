import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
});
afterAll(() => t.close());

test("nothing yet", async () => {
  const reply = await t.call("list_tables");
  expect(reply.structured).toEqual({ tables: [] });
  expect(reply.text).toContain("fetch_events");
});

test("a fetched table and a result, with every key; by type", async () => {
  await t.call("fetch_events", { from_date: "2 days ago", to_date: "yesterday" });
  await t.call("create_table", { table: "counts", query: "SELECT event_name, count(*) AS n FROM events GROUP BY 1" });
  const { tables } = (await t.call("list_tables")).structured as { tables: Record<string, unknown>[] };
  expect(tables.map(({ name, type }) => [name, type])).toEqual([
    ["counts", "result"],
    ["events", "events"],
  ]);
  const { value } = (await t.call("sql_scalar", { query: "SELECT count(*) FROM events" })).structured;
  expect(tables[1]).toEqual({
    name: "events",
    type: "events",
    row_count: value,
    size_bytes: expect.any(Number),
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    fetched_at: expect.stringMatching(/Z$/),
    from_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    to_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    filters: null,
    status: "complete",
    missing_ranges: [],
    timezone: expect.any(String),
  });
  expect(tables[0]).toMatchObject({ from_date: null, to_date: null, status: "complete" });
  const results = (await t.call("list_tables", { type: "result" })).structured as { tables: unknown[] };
  expect(results.tables).toHaveLength(1);
  expect((await t.call("list_tables", { type: "profiles" })).structured).toEqual({ tables: [] });
});
