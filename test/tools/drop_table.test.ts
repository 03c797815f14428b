import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ anonymous: true });
});
afterAll(() => t.close());

test("a table goes, its rows are counted, the name is free again", async () => {
  await t.call("create_table", { table: "gone", query: "VALUES (1), (2)" });
  await t.call("create_table", { table: "stays", query: "SELECT 1" });
  const changed: string[] = [];
  const stop = t.workspace.onTableChange((table) => changed.push(table));
  expect((await t.call("drop_table", { table: "GONE" })).structured).toEqual({ dropped: "gone", rows: 2 });
  stop();
  expect(changed).toEqual(["gone"]);
  expect((await t.call("sql", { query: "SELECT * FROM gone" })).error?.code).toBe("SQL_ERROR");
  expect((await t.call("list_tables")).structured["tables"]).toMatchObject([{ name: "stays" }]);
  expect((await t.call("create_table", { table: "gone", query: "SELECT 3" })).structured).toMatchObject({ rows: 1 });
  expect((await t.call("sql", { query: "SELECT name FROM sqlite_schema ORDER BY 1" })).structured["rows"]).toEqual([
    ["gone"],
    ["stays"],
  ]);
});

test("an unknown table is TABLE_NOT_FOUND with the nearest, and internal ones are unknown", async () => {
  const { error } = await t.call("drop_table", { table: "stay" });
  expect(error?.code).toBe("TABLE_NOT_FOUND");
  expect(error?.suggestions.join(" ")).toContain("stays");
  for (const table of ["_mp_table", "sqlite_master", "main.stays", 'stays"; DROP TABLE stays; --'])
    expect((await t.call("drop_table", { table })).error?.code).toBe("TABLE_NOT_FOUND");
  expect((await t.call("sql_scalar", { query: "SELECT count(*) FROM stays" })).structured).toEqual({ value: 1 });
});
