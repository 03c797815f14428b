import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
let event: string;
beforeAll(async () => {
  t = await connect();
  await t.call("fetch_events", { from_date: "3 days ago", to_date: "yesterday" });
  await t.call("fetch_profiles", {});
  event = String(
    (await t.call("sql_scalar", { query: "SELECT event_name FROM events GROUP BY 1 ORDER BY count(*) DESC LIMIT 1" }))
      .structured["value"],
  );
});
afterAll(() => t.close());

const LEFT_OUT = "('time', 'distinct_id', '$insert_id')";

async function counted(where: string): Promise<unknown[][]> {
  const query = `SELECT j.key, count(*), round(count(*) * 1.0 / (SELECT count(*) FROM events ${where}), 4)
    FROM events, json_each(properties) AS j ${where} GROUP BY 1 HAVING j.key NOT IN ${LEFT_OUT} ORDER BY 2 DESC, 1`;
  return (await t.call("sql", { query, limit: 500 })).structured["rows"] as unknown[][];
}

type Keys = { keys: { key: string; count: number; coverage: number; types: string[] }[]; total: number; rows: number };

test("every property with its rows and coverage, without those that are columns", async () => {
  const { keys, total } = (await t.call("property_keys", { table: "events" })).structured as Keys;
  expect(keys.map(({ key, count, coverage }) => [key, count, coverage])).toEqual(
    (await counted("")) as [string, number, number][],
  );
  expect(total).toBe(keys.length);
  expect(keys.every(({ types }) => types.length > 0)).toBe(true);
});

test("of one event", async () => {
  const { keys, rows } = (await t.call("property_keys", { table: "events", event })).structured as Keys;
  const where = `WHERE event_name = '${event.replaceAll("'", "''")}'`;
  expect(keys.map(({ key, count, coverage }) => [key, count, coverage])).toEqual(
    (await counted(where)) as [string, number, number][],
  );
  expect(rows).toBe(
    Number((await t.call("sql_scalar", { query: `SELECT count(*) FROM events ${where}` })).structured["value"]),
  );
});

test("search, limit and what is cut", async () => {
  const all = (await t.call("property_keys", { table: "events" })).structured as Keys;
  const one = await t.call("property_keys", { table: "events", limit: 1 });
  expect(one.structured).toMatchObject({ total: all.total, truncated: true });
  expect(one.text.split("\n")[0]).toContain(`1 of ${all.total}`);
  const name = all.keys.at(-1)?.key ?? "";
  const found = (await t.call("property_keys", { table: "events", search: name.toUpperCase() })).structured as Keys;
  expect(found.keys.map(({ key }) => key)).toContain(name);
});

test("profiles have properties too; an unknown event names the nearest", async () => {
  const { keys, rows } = (await t.call("property_keys", { table: "profiles" })).structured as Keys;
  expect(keys.length).toBeGreaterThan(0);
  expect(rows).toBe(
    Number((await t.call("sql_scalar", { query: "SELECT count(*) FROM profiles" })).structured["value"]),
  );
  const { error } = await t.call("property_keys", { table: "events", event: event.toLowerCase().slice(0, -1) });
  expect(error).toMatchObject({ code: "NOT_FOUND", details: { names: expect.arrayContaining([event]) } });
});
