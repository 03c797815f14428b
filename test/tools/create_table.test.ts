import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
const changed: string[] = [];
beforeAll(async () => {
  t = await connect({ anonymous: true });
  t.workspace.onTableChange((table) => changed.push(table));
});
afterAll(() => t.close());

const rows = async (query: string) => (await t.call("sql", { query })).structured["rows"];

test("a result is kept with its values and types, listed, queried and told", async () => {
  const query = `SELECT 1 AS i, 1.0 AS r, '01' AS t, x'00ff' AS b, NULL AS n, 9007199254740993 AS big, 9e999 AS inf
    UNION ALL SELECT -5, 2.5, 'é', x'', 'text', 0, -9e999`;
  const reply = await t.call("create_table", { table: "kept", query });
  expect(reply.structured).toMatchObject({ table: "kept", rows: 2, columns: { length: 7 } });
  expect(reply.structured["columns"]).toContainEqual({ name: "t", type: "TEXT" });
  expect(await rows("SELECT * FROM kept")).toEqual((await t.call("sql", { query })).structured["rows"]);
  expect(
    await rows("SELECT typeof(i), typeof(r), typeof(t), typeof(b), typeof(n), typeof(big), typeof(inf) FROM kept"),
  ).toEqual([
    ["integer", "real", "text", "blob", "null", "integer", "real"],
    ["integer", "real", "text", "blob", "text", "integer", "real"],
  ]);
  expect(changed).toEqual(["kept"]);
  expect((await t.call("list_tables")).structured["tables"]).toMatchObject([
    { name: "kept", type: "result", row_count: 2 },
  ]);
});

test("a mixed column keeps each value's type", async () => {
  await t.call("create_table", { table: "mixed", query: "VALUES (1), ('1'), (1.0), (x'31'), (NULL)" });
  expect(await rows("SELECT typeof(column1) FROM mixed")).toEqual([
    ["integer"],
    ["text"],
    ["real"],
    ["blob"],
    ["null"],
  ]);
});

test("an empty result makes an empty table", async () => {
  expect((await t.call("create_table", { table: "empty", query: "SELECT 1 AS a WHERE 0" })).structured).toMatchObject({
    rows: 0,
  });
  expect(await rows("SELECT count(*) FROM empty")).toEqual([[0]]);
});

test("duplicate and empty column names become unique, and it is said", async () => {
  const { structured } = await t.call("create_table", {
    table: "names",
    query: 'SELECT 1 AS a, 2 AS A, 3 AS "", 4 AS a_2',
  });
  expect((structured["columns"] as { name: string }[]).map(({ name }) => name)).toEqual([
    "a",
    "A_2",
    "column_3",
    "a_2_2",
  ]);
  expect(structured["hint"]).toContain("A_2");
});

test("a name that is taken, whatever its case, is TABLE_EXISTS", async () => {
  const { error } = await t.call("create_table", { table: "KEPT", query: "SELECT 1" });
  expect(error).toMatchObject({ code: "TABLE_EXISTS" });
  expect(error?.suggestions.join(" ")).toContain("drop_table");
});

test("names are plain words, whatever is tried", async () => {
  for (const table of [
    "a b",
    "t; DROP TABLE kept",
    '"',
    "'",
    "`",
    "]",
    "a\u0000b",
    "x".repeat(10_000),
    "sqlite_master",
    "SQLITE_x",
    "_mp_table",
    "_internal\u0000",
    "select",
    "Order",
    "ｅｖｅｎｔｓ",
    "évents",
    "1st",
    "",
    " ",
    "json_each",
    "pragma_table_info",
    "dbstat",
    "a.b",
    "../x",
  ]) {
    const { error } = await t.call("create_table", { table, query: "SELECT 1" });
    expect([table, error?.code]).toEqual([table, "INVALID_ARGUMENT"]);
  }
  expect((await t.call("create_table", { table: "_ok_2", query: "SELECT 1" })).error).toBeUndefined();
});

test("a query that fails or is none leaves no table and no file", async () => {
  for (const [query, code] of [
    ["SELECT nope", "SQL_ERROR"],
    ["DROP TABLE kept", "SQL_FORBIDDEN"],
    ["SELECT 1; SELECT 2", "SQL_FORBIDDEN"],
    ["SELECT printf('%.*c', 9000000, 'x')", "LIMIT_EXCEEDED"],
  ] as const)
    expect((await t.call("create_table", { table: "none", query })).error?.code).toBe(code);
  expect((await t.call("sql", { query: "SELECT * FROM none" })).error?.message).toContain("No such table");
  expect(readdirSync(t.workspace.store.spoolDir)).toEqual([]);
});
