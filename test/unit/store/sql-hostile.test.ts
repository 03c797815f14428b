import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/fault.ts";
import { hostileStatements } from "./hostile-sql.ts";
import { createFixture, type Fixture, filesBelow, SECRET } from "./sandbox-fixture.ts";

let f: Fixture;
beforeAll(() => {
  f = createFixture();
});
afterAll(() => f.close());

/** What must not change, whatever is tried. */
function state() {
  const count = (table: string) => f.db.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: number };
  return {
    rows: [count("events"), count("people"), count("_mp_table")],
    schema: f.db.query("PRAGMA schema_version").get(),
    version: f.db.query("PRAGMA user_version").get(),
    files: filesBelow(f.dir),
    here: filesBelow(join(import.meta.dir, ".")),
    hash: Bun.hash(readFileSync(f.path)).toString(),
    log: Bun.hash(readFileSync(`${f.path}-wal`)).toString(),
    other: Bun.hash(readFileSync(f.other)).toString(),
    out: readdirSync(tmpdir()).filter((file) => file.includes("escaped")),
  };
}

const REFUSALS = new Set(["SQL_FORBIDDEN", "SQL_ERROR", "LIMIT_EXCEEDED"]);

/** Changes that mean the same to SQLite, or that a careless filter would read differently. */
const MUTATIONS: ((sql: string) => string)[] = [
  (sql) => sql,
  (sql) => sql.toLowerCase(),
  (sql) => sql.replaceAll(/\b[a-z]+\b/gi, (word, at: number) => (at % 2 === 0 ? word.toUpperCase() : word)),
  (sql) => `\n\t ${sql.replaceAll(" ", "\n")} \f`,
  (sql) => `/* SELECT 1 */ ${sql.replaceAll(" ", "/**/ ")}`,
  (sql) => `-- SELECT 1\n${sql}`,
  (sql) => `${sql};`,
  (sql) => `${sql} ; -- end`,
  (sql) => sql.replaceAll(" ", "\u00a0"),
  (sql) => `\ufeff${sql}`,
  (sql) => `SELECT 1;${sql}`,
  (sql) => `${sql};SELECT 1`,
  (sql) => `SELECT * FROM (${sql})`,
  (sql) => `WITH q AS (${sql}) SELECT * FROM q`,
  (sql) => `EXPLAIN QUERY PLAN ${sql}`,
  (sql) => `${sql} UNION ALL SELECT 1`,
];

test("nothing hostile gets through, in any spelling", async () => {
  const before = state();
  const statements = hostileStatements(f.other, join(f.dir, "escaped.sqlite"));
  expect(new Set(statements).size).toBeGreaterThanOrEqual(180);
  const answered: string[] = [];
  for (const statement of statements) {
    for (const [index, mutate] of MUTATIONS.entries()) {
      const result = await f.attempt(mutate(statement));
      if (result instanceof Fault) {
        if (!REFUSALS.has(result.code)) answered.push(`${result.code} ${result.message}: ${mutate(statement)}`);
        continue;
      }
      const text = JSON.stringify(result);
      // A mutation may comment the attack away or turn it into an alias; then it must read nothing it should not.
      if (index === 0 || text.includes(SECRET) || text.includes(f.dir) || text.includes("_mp_table"))
        answered.push(`${mutate(statement)} => ${text.slice(0, 200)}`);
    }
  }
  expect(answered).toEqual([]);
  expect(state()).toEqual(before);
  expect((await f.query("SELECT count(*) FROM events")).rows).toEqual([[10]]);
}, 60_000);

test("the tables stay readable, and only they are listed", async () => {
  expect((await f.query("SELECT name FROM sqlite_master ORDER BY name")).rows).toEqual([["events"], ["people"]]);
  expect((await f.query("SELECT name FROM main.sqlite_schema WHERE type = 'table'")).rows).toHaveLength(2);
  expect((await f.query("PRAGMA table_list")).rows.map((row) => row[1])).toEqual(["people", "events"]);
});

test("a refusal names the rule and the tool to use", async () => {
  const expected: [string, string, string][] = [
    ["DROP TABLE events", "SQL_FORBIDDEN", "drop_table"],
    ["INSERT INTO events VALUES (1)", "SQL_FORBIDDEN", "fetch_events"],
    ["CREATE TABLE t AS SELECT 1", "SQL_FORBIDDEN", "create_table"],
    ["ATTACH 'x' AS y", "SQL_FORBIDDEN", "list_tables"],
    ["SELECT 1; SELECT 2", "SQL_FORBIDDEN", "one SELECT"],
    ["PRAGMA journal_mode", "SQL_FORBIDDEN", "table_info"],
    ["SELECT * FROM '_mp_table'", "SQL_FORBIDDEN", "list_tables"],
    ["SELECT load_extension('x')", "SQL_FORBIDDEN", "switched off"],
    ["WITH x AS (SELECT 1) DELETE FROM events", "SQL_FORBIDDEN", "create_table"],
  ];
  for (const [sql, code, words] of expected) {
    const fault = await f.attempt(sql);
    expect(fault).toBeInstanceOf(Fault);
    if (fault instanceof Fault) {
      expect(fault.code as string).toBe(code);
      expect(fault.suggestions.join(" ")).toContain(words);
    }
  }
});
