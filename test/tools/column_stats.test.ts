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
