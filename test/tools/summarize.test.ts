import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
  await t.call("fetch_events", { from_date: "3 days ago", to_date: "yesterday" });
});
afterAll(() => t.close());

type Entry = { name: string; type: string; count: number; nulls: number; distinct: number; [key: string]: unknown };
type Summary = {
  row_count: number;
  columns: Entry[];
  properties: Entry[];
  total_properties: number;
  truncated: boolean;
};

const scalar = async (query: string) => (await t.call("sql_scalar", { query })).structured["value"];

test("columns as SQL counts them", async () => {
  const { row_count, columns } = (await t.call("summarize", { table: "events" })).structured as Summary;
  expect(columns.map(({ name }) => name)).toEqual([
    "event_name",
    "event_time",
    "distinct_id",
    "insert_id",
    "properties",
  ]);
  for (const { name, count, nulls, distinct, min, max } of columns.slice(0, 4)) {
    expect(await scalar(`SELECT count(${name}) FROM events`)).toBe(count);
    expect(count + nulls).toBe(row_count);
    expect(await scalar(`SELECT count(DISTINCT ${name}) FROM events`)).toBe(distinct);
    expect(await scalar(`SELECT min(${name}) FROM events`)).toBe(min);
    expect(await scalar(`SELECT max(${name}) FROM events`)).toBe(max);
  }
});

test("the most frequent properties, as many as asked", async () => {
  const { properties, total_properties, truncated } = (await t.call("summarize", { table: "events", properties: 3 }))
    .structured as Summary;
  expect(properties).toHaveLength(3);
  expect(truncated).toBe(total_properties > 3);
  const all = (await t.call("summarize", { table: "events", properties: 500 })).structured as Summary;
  const number = all.properties.find(({ mean, type }) => mean !== null && !type.includes("string"));
  const e = `properties->>'$."${number?.name}"'`;
  const [row] = (
    await t.call("sql", {
      query: `SELECT count(${e}), min(${e}), max(${e}), avg(${e}), stddev_samp(${e}), median(${e}) FROM events`,
    })
  ).structured["rows"] as number[][];
  expect([number?.count, number?.["min"], number?.["max"]]).toEqual(row?.slice(0, 3) as number[]);
  expect(Number(number?.["mean"]) / Number(row?.[3])).toBeCloseTo(1, 8);
  expect(Number(number?.["std"]) / Number(row?.[4])).toBeCloseTo(1, 8);
  expect(Number(number?.["q50"])).toBeCloseTo(Number(row?.[5]), 6);
});

test("result tables: their columns", async () => {
  await t.call("create_table", {
    table: "numbers",
    query: "SELECT 1 AS n, 'a' AS t UNION ALL SELECT 2, NULL UNION ALL SELECT 4.5, 'b'",
  });
  const { columns, properties } = (await t.call("summarize", { table: "numbers" })).structured as Summary;
  expect(columns[0]).toMatchObject({ name: "n", count: 3, nulls: 0, distinct: 3, min: 1, max: 4.5, mean: 2.5, q50: 2 });
  expect(columns[1]).toMatchObject({ name: "t", count: 2, nulls: 1, distinct: 2, min: "a", max: "b", mean: null });
  expect(properties).toEqual([]);
});
