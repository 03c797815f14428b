import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
  await t.call("fetch_events", { from_date: "3 days ago", to_date: "yesterday" });
});
afterAll(() => t.close());

type Stats = {
  sql: string;
  type: string;
  rows: number;
  count: number;
  nulls: number;
  distinct: number;
  min: unknown;
  max: unknown;
  mean: number | null;
  quantiles: Record<string, unknown> | null;
  top_values: { value: unknown; count: number; share: number }[];
  approximate: string[];
};

const stats = async (args: Record<string, unknown>) =>
  (await t.call("column_stats", { table: "events", ...args })).structured as Stats;
const rowsOf = async (query: string) => (await t.call("sql", { query })).structured["rows"] as unknown[][];

async function checkAgainstSql(found: Stats, where: string): Promise<void> {
  const e = found.sql;
  const [row] = await rowsOf(
    `SELECT count(*), count(${e}), count(DISTINCT ${e}), min(${e}), max(${e}) FROM events ${where}`,
  );
  expect([found.rows, found.count, found.distinct, found.min, found.max]).toEqual(row as never);
  expect(found.nulls).toBe(found.rows - found.count);
  const top = await rowsOf(
    `SELECT ${e}, count(*) AS n FROM events ${where} GROUP BY 1 HAVING ${e} IS NOT NULL ORDER BY n DESC, 1 LIMIT 10`,
  );
  expect(found.top_values.map(({ count }) => count)).toEqual(top.map(([, n]) => Number(n)));
}

test("columns and properties, of all events and of one", async () => {
  const { keys } = (await t.call("property_keys", { table: "events" })).structured as {
    keys: { key: string; types: string[] }[];
  };
  const text = keys.find(({ types }) => types.join() === "string")?.key ?? "";
  const number =
    keys.find(({ types }) => types.some((type) => type === "integer" || type === "real") && !types.includes("string"))
      ?.key ?? "";
  const [[event]] = (await rowsOf("SELECT event_name FROM events GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")) as [
    [string],
  ];
  for (const column of ["event_name", "event_time", "distinct_id", text, number]) {
    await checkAgainstSql(await stats({ column }), "");
    await checkAgainstSql(await stats({ column, event }), `WHERE event_name = '${event.replaceAll("'", "''")}'`);
  }
  const kept = await stats({ column: number });
  const [[q50, q95]] = (await rowsOf(`SELECT median(${kept.sql}), percentile(${kept.sql}, 95) FROM events`)) as [
    [number, number],
  ];
  expect(Number(kept.quantiles?.["q50"])).toBeCloseTo(q50, 6);
  expect(Number(kept.quantiles?.["q95"])).toBeCloseTo(q95, 6);
  expect(kept.approximate).toEqual([]);
});

test("a path into a nested value", async () => {
  const query = "SELECT j.key FROM events, json_each(properties) AS j WHERE j.type = 'array' LIMIT 1";
  const [[key] = []] = await rowsOf(query);
  if (key === undefined) return;
  await checkAgainstSql(await stats({ column: `$."${key}"[0]` }), "");
});

test("unknown names get the nearest ones", async () => {
  const { error } = await t.call("column_stats", { table: "events", column: "distinct_idd" });
  expect(error).toMatchObject({
    code: "NOT_FOUND",
    details: { names: expect.arrayContaining(["distinct_id"]) },
  });
  const odd = await t.call("column_stats", { table: "events", column: `x') FROM _mp_table --` });
  expect(odd.error?.code).toBe("NOT_FOUND");
});

test("more values than are kept", async () => {
  const { top_values, distinct } = await stats({ column: "insert_id", top: 200 });
  expect(top_values).toHaveLength(Math.min(200, distinct));
});

test("a boolean is no number, of all events and of one alike", async () => {
  const counts = ({ top_values }: Stats) => top_values.filter(({ value }) => typeof value === "boolean");
  const whole = await stats({ column: "discount", top: 1_000 });
  expect(whole.type).toContain("boolean");
  const parts = await Promise.all(
    (await rowsOf("SELECT DISTINCT event_name FROM events WHERE properties->>'$.discount' IS NOT NULL")).map(
      ([event]) => stats({ column: "discount", event, top: 1_000 }),
    ),
  );
  const sum = (list: Stats[]) => list.flatMap(counts).reduce((total, { count }) => total + count, 0);
  expect(sum(parts)).toBeGreaterThan(0);
  expect(sum(parts)).toBe(sum([whole]));
});

test("columns of a result table, whatever their names", async () => {
  await t.call("create_table", {
    table: "by_user",
    query: `SELECT 'u' || (value % 3) AS distinct_id, value % 2 AS time, iif(value > 2, value, value * 1.5) AS event_time,
      x'0102' AS bytes FROM json_each('[1,2,3,4,5,6]')`,
  });
  const of = (column: string) => stats({ table: "by_user", column });
  expect(await of("distinct_id")).toMatchObject({ count: 6, distinct: 3, min: "u0", max: "u2" });
  expect(await of("time")).toMatchObject({ type: "INTEGER", distinct: 2, min: 0, max: 1, mean: 0.5 });
  expect(await of("event_time")).toMatchObject({ distinct: 5, min: 1.5, max: 6, quantiles: { q50: 3.5 } });
  expect((await of("event_time")).type).toMatch(/integer|real/);
  expect((await of("bytes")).top_values).toEqual([{ value: "base64:AQI=", count: 6, share: 1 }]);
  await t.call("create_table", { table: "none", query: "SELECT 1 AS a WHERE 0" });
  const { columns } = (await t.call("summarize", { table: "none" })).structured;
  expect(columns).toMatchObject([{ name: "a", count: 0, nulls: 0, distinct: 0 }]);
});
