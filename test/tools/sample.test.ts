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
    expect(new Set(rows.map((row) => row[3])).size).toBe(5);
    for (const row of rows) seen.add(String(row[3]));
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
