import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
let exports: string;
beforeAll(async () => {
  t = await connect({ anonymous: true });
  exports = join(t.dataDir, "exports");
  await t.call("create_table", {
    table: "cities",
    query: "SELECT 1 AS id, 'Köln, am Rhein' AS city UNION ALL SELECT 2, NULL",
  });
});
afterAll(() => t.close());

test("a table as CSV, under a fresh name", async () => {
  const { structured } = await t.call("export_table", { table: "Cities" });
  const path = String(structured["path"]);
  expect(path).toStartWith(`${exports}/cities-`);
  expect(path).toEndWith(".csv");
  const text = 'id,city\r\n1,"Köln, am Rhein"\r\n2,\r\n';
  expect(readFileSync(path, "utf8")).toBe(text);
  expect(structured).toMatchObject({ rows: 2, bytes: Buffer.byteLength(text) });
  expect(statSync(path).mode & 0o077).toBe(0);
});

test("a query as JSON lines, into a folder of its own, never twice", async () => {
  const args = { query: "SELECT * FROM cities ORDER BY id DESC", format: "jsonl", path: "reports/2026/cities" };
  const { structured } = await t.call("export_table", args);
  expect(structured["path"]).toBe(join(exports, "reports/2026/cities.jsonl"));
  expect(readFileSync(String(structured["path"]), "utf8")).toBe(
    '{"id":2,"city":null}\n{"id":1,"city":"Köln, am Rhein"}\n',
  );
  const { error } = await t.call("export_table", args);
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(error?.message).toContain("never overwrite");
});

test("what a spreadsheet would run as a formula is written as it is, and said", async () => {
  const query = "SELECT '=HYPERLINK(1)' AS a, '-5' AS b, '@x' AS c, -1 AS d, 'plain' AS e";
  const { structured } = await t.call("export_table", { query, path: "formulas" });
  expect(readFileSync(String(structured["path"]), "utf8")).toBe("a,b,c,d,e\r\n=HYPERLINK(1),-5,@x,-1,plain\r\n");
  expect(structured["hint"]).toStartWith("2 cells begin");
});

test("only inside the export folder", async () => {
  const before = readdirSync(t.dataDir).sort();
  for (const path of [
    "../out.csv",
    "a/../../out.csv",
    "/tmp/escaped-export.csv",
    "~/../out.csv\u0000",
    "file:///tmp/escaped-export.csv",
    "/dev/stdin",
    "/dev/stdout.csv",
    ".hidden.csv",
    ".ssh/x.csv",
    "x.sh",
    "x.csv/",
    "..",
    ".",
    "/",
    "con\n.csv",
    "x".repeat(500),
    "a.jsonl",
    "https://example.com/a.csv",
    join(t.dataDir, "local.sqlite"),
    join(exports, "../out.csv"),
    "C:\\temp\\x.exe",
    "~/x.csv",
    "a\\b.csv",
    "-rf.csv",
    "con.csv",
    "NUL",
    "\u202e.csv",
    "\ud800.csv",
    "a\u200b.csv",
    "x".repeat(150),
    "trailing. /x.csv",
  ]) {
    const { error } = await t.call("export_table", { table: "cities", path });
    expect([path, error?.code]).toEqual([path, "INVALID_ARGUMENT"]);
  }
  expect(readdirSync(t.dataDir).sort()).toEqual(before);
  expect(existsSync("/tmp/escaped-export.csv")).toBe(false);
});

test("a file where a folder should be, and too long a way", async () => {
  writeFileSync(join(exports, "file.csv"), "keep");
  for (const path of ["file.csv/b.csv", "file.csv/b/c.csv", "file.csv"])
    expect((await t.call("export_table", { table: "cities", path })).error?.code).toBe("INVALID_ARGUMENT");
  expect(readFileSync(join(exports, "file.csv"), "utf8")).toBe("keep");
  expect((await t.call("export_table", { table: "cities", path: ` ${"ä".repeat(90)}.csv ` })).structured).toMatchObject(
    { rows: 2 },
  );
});

test("links lead nowhere", async () => {
  const outside = join(t.dataDir, "outside");
  mkdirSync(outside);
  symlinkSync(outside, join(exports, "way-out"));
  symlinkSync(join(outside, "target.csv"), join(exports, "dangling.csv"));
  writeFileSync(join(outside, "real.csv"), "keep");
  symlinkSync(join(outside, "real.csv"), join(exports, "link.csv"));
  for (const path of ["way-out/x.csv", "way-out/deeper/x.csv", "dangling.csv", "link.csv"])
    expect((await t.call("export_table", { table: "cities", path })).error?.code).toBe("INVALID_ARGUMENT");
  expect(readdirSync(outside)).toEqual(["real.csv"]);
  expect(readFileSync(join(outside, "real.csv"), "utf8")).toBe("keep");
  rmSync(join(exports, "way-out"));
});

test("failures leave nothing behind", async () => {
  const before = readdirSync(exports, { recursive: true }).sort();
  for (const [args, code] of [
    [{ query: "SELECT nope", path: "n1.csv" }, "SQL_ERROR"],
    [{ query: "DELETE FROM cities", path: "n2.csv" }, "SQL_FORBIDDEN"],
    [{ table: "nope" }, "TABLE_NOT_FOUND"],
    [{ table: 'cities"; SELECT 1; --' }, "TABLE_NOT_FOUND"],
    [{ table: "_mp_table" }, "TABLE_NOT_FOUND"],
    [{}, "INVALID_ARGUMENT"],
    [{ table: "cities", query: "SELECT 1" }, "INVALID_ARGUMENT"],
  ] as const)
    expect((await t.call("export_table", args)).error?.code).toBe(code);
  expect(readdirSync(exports, { recursive: true }).sort()).toEqual(before);
  expect(readdirSync(t.workspace.store.spoolDir)).toEqual([]);
});

test("a cancelled export leaves nothing; a long one tells how far it is", async () => {
  const numbers = (most: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most}) SELECT i, i * 2 FROM n`;
  const abort = new AbortController();
  const told: number[] = [];
  const running = t.call(
    "export_table",
    { query: numbers(1e12), path: "endless.csv" },
    {
      signal: abort.signal,
      onprogress: ({ progress }) => {
        told.push(progress);
        abort.abort();
      },
    },
  );
  await expect(running).rejects.toThrow();
  expect(told[0]).toBeGreaterThan(0);
  expect((await t.call("sql", { query: "SELECT 1" })).structured).toMatchObject({ rows: [[1]] });
  while (readdirSync(t.workspace.store.spoolDir).length > 0) await Bun.sleep(10);
  expect(existsSync(join(exports, "endless.csv"))).toBe(false);
});

test("another folder, when the user allowed it", async () => {
  const allowed = join(t.dataDir, "allowed");
  const own = await connect({ anonymous: true, env: { MP_EXPORT_DIR: allowed } });
  const path = join(allowed, "sub", "x.csv");
  expect((await own.call("export_table", { query: "SELECT 1 AS a", path })).structured).toMatchObject({
    path,
    rows: 1,
  });
  expect(readFileSync(path, "utf8")).toBe("a\r\n1\r\n");
  await own.close();
});
