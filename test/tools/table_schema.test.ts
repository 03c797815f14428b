import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
  await t.call("fetch_events", { from_date: "3 days ago", to_date: "yesterday" });
});
afterAll(() => t.close());

type Schema = {
  columns: { name: string; type: string; nullable: boolean; primary_key: boolean }[];
  properties: { key: string; types: string[]; coverage: number; distinct: number; example: unknown; sql: string }[];
  total: number;
};

test("columns, and each property with SQL that works", async () => {
  const { columns, properties, total } = (await t.call("table_schema", { table: "events" })).structured as Schema;
  expect(columns).toEqual(
    ["event_name", "event_time", "distinct_id", "insert_id", "properties"].map((name) => ({
      name,
      type: "TEXT",
      nullable: true,
      primary_key: false,
    })),
  );
  expect(total).toBeGreaterThanOrEqual(properties.length);
  expect(properties.map(({ key }) => key)).not.toContain("distinct_id");
  for (const { sql, distinct, types } of properties.slice(0, 12)) {
    const { value } = (await t.call("sql_scalar", { query: `SELECT count(DISTINCT ${sql}) FROM events` })).structured;
    if (!types.includes("boolean")) expect<unknown>(distinct).toBe(value);
  }
  expect(properties.find(({ key }) => key.startsWith("$"))?.sql).toMatch(/^properties->>'\$\."\$/);
});

test("a result table has columns and no properties", async () => {
  await t.call("create_table", {
    table: "per_day",
    query: "SELECT date(event_time) AS day, count(*) AS n, avg(1.5) AS x FROM events GROUP BY 1",
  });
  const { columns, properties } = (await t.call("table_schema", { table: "per_day" })).structured as Schema;
  expect(columns.map(({ name }) => name)).toEqual(["day", "n", "x"]);
  expect(properties).toEqual([]);
});

test("profiles: the id is the key", async () => {
  await t.call("fetch_profiles", {});
  const { columns, properties } = (await t.call("table_schema", { table: "profiles" })).structured as Schema;
  expect(columns[0]).toMatchObject({ name: "distinct_id", primary_key: true, nullable: false });
  expect(properties.length).toBeGreaterThan(0);
});
