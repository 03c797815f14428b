/** What is done to make a query fast never changes a row, its place or `truncated`: thousands of queries by chance, both ways. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { rewriteQuery } from "../../src/store/rewrite.ts";
import { openGate } from "../../src/store/sandbox-gate.ts";
import { runQuery } from "../../src/store/sandbox-run.ts";
import { type SqlValue, toCell } from "../../src/store/sql-values.ts";

const VALUES = [1, 2.5, "a", "b", "1", true, false, null, [1, 2], { x: 1 }, "é"];
const KEYS = ["plan", "n", "$os", "a b", "x.y", 'q"q'];

function fill(db: Database) {
  db.run("CREATE TABLE events (event_name TEXT, event_time TEXT, distinct_id TEXT, insert_id TEXT, properties TEXT)");
  for (let index = 0; index < 200; index++) {
    const keys = KEYS.filter((key) => (index * 7 + key.length * 3) % 5 !== 0);
    const properties = Object.fromEntries(keys.map((key) => [key, VALUES[(index * 3 + key.length) % VALUES.length]]));
    const time = `2026-01-${String(1 + (index % 28)).padStart(2, "0")} 0${index % 10}:00:00`;
    const row = [["A", "B", "C"][index % 3] ?? "", time, `u${index % 7}`, `i${index}`, JSON.stringify(properties)];
    db.run("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row);
  }
  db.run("CREATE TABLE people (distinct_id TEXT, last_seen TEXT, properties TEXT)");
  db.run("INSERT INTO people VALUES ('u1', '2026-01-01', '{\"plan\":1}')");
}

const access = fc.constantFrom(
  "properties->>'$.plan'",
  "properties->>'plan'",
  "json_extract(properties,'$.n')",
  "properties->>'$.\"$os\"'",
  "e.properties->>'$.n'",
  "properties->'$.plan'",
  "properties->>'$.\"a b\"'",
  "properties ->> '$.x.y'",
  "JSON_EXTRACT(properties, '$.plan')",
  "json_extract(properties,'$.plan','$.n')",
  "(properties->>'n')",
  "properties->>'x.y'",
  "properties->>'$.plan[0]'",
  "properties->>('$.' || 'n')",
  "json_type(properties,'$.n')",
);
const column = fc.constantFrom(
  "event_name",
  "event_time",
  "distinct_id",
  "date(event_time)",
  "rowid",
  "strftime('%H', event_time)",
);
const value = fc.oneof(access, column);
const aggregate = fc.oneof(
  fc.constant("count(*)"),
  value.map((v) => `count(DISTINCT ${v})`),
  value.map((v) => `max(${v})`),
  access.map((v) => `sum(${v})`),
  access.map((v) => `median(CASE WHEN typeof(${v}) = 'integer' THEN ${v} END)`),
  value.map((v) => `count(*) FILTER (WHERE ${v} IS NOT NULL)`),
);
const condition = fc.oneof(
  fc
    .tuple(value, fc.constantFrom("=", "<>", ">", "IS NOT"), fc.constantFrom("'a'", "1", "NULL", "'A'"))
    .map((parts) => parts.join(" ")),
  value.map((v) => `${v} IN ('a', 1, 'A')`),
  fc.constantFrom("event_time >= '2026-01-10'", "distinct_id IN (SELECT distinct_id FROM people)"),
);
const source = fc.constantFrom(
  "events",
  "events e",
  "events AS e",
  "main.events",
  '"events"',
  "events, people",
  "(SELECT * FROM events) e",
  "events e, json_each(e.properties)",
);

const select = fc
  .record({
    distinct: fc.boolean(),
    groups: fc.array(value, { maxLength: 2 }),
    aggregates: fc.array(aggregate, { maxLength: 2 }),
    source,
    where: fc.option(condition),
    having: fc.boolean(),
    order: fc.constantFrom("", " ORDER BY 1", " ORDER BY 1 DESC", " ORDER BY count(*) DESC"),
    spelling: fc.constantFrom("number", "alias", "itself"),
    limit: fc.option(fc.nat(5)),
  })
  .map((part) => {
    const alias = part.spelling === "alias";
    const columns = [
      ...part.groups.map((group, index) => (alias ? `${group} AS g${index}` : group)),
      ...part.aggregates,
    ];
    const names = part.groups.map((group, index) =>
      alias ? `g${index}` : part.spelling === "number" ? String(index + 1) : group,
    );
    const grouped =
      part.groups.length > 0 && part.aggregates.length > 0
        ? ` GROUP BY ${names.join(", ")}${part.having ? " HAVING count(*) > 3" : ""}`
        : "";
    const where = part.where === null ? "" : ` WHERE ${part.where}`;
    const limit = part.limit === null ? "" : ` LIMIT ${part.limit}`;
    return `SELECT ${part.distinct ? "DISTINCT " : ""}${columns.join(", ") || "*"} FROM ${part.source}${where}${grouped}${part.order}${limit}`;
  });
const query = fc.oneof(
  { weight: 3, arbitrary: select },
  { weight: 1, arbitrary: select.map((sql) => `WITH q AS (${sql}) SELECT * FROM q`) },
  { weight: 1, arbitrary: select.map((sql) => `SELECT count(*) FROM (${sql})`) },
  {
    weight: 1,
    arbitrary: fc.tuple(select, select).map(([a, b]) => `SELECT * FROM (${a}) UNION ALL SELECT * FROM (${b})`),
  },
);

const ROWS = 7;

test("thirty thousand queries, as written and as run", () => {
  const dir = mkdtempSync(join(tmpdir(), "rewrite-"));
  const path = join(dir, "store.sqlite");
  const db = new Database(path);
  fill(db);
  const gate = openGate(path, undefined);
  const columns = new Set(["event_name", "event_time", "distinct_id", "insert_id", "properties"]);
  const tables = new Map([["events", { name: "events", columns, indexes: [] }]]);
  const asWritten = (sql: string): SqlValue[][] | undefined => {
    try {
      return db.prepare(sql).safeIntegers(true).values() as SqlValue[][];
    } catch {
      return undefined;
    }
  };
  const asRun = (sql: string, run: string) => {
    try {
      const { rows, truncated } = runQuery(gate, { sql, run, rows: ROWS, chars: 1_000_000 });
      return { rows, truncated };
    } catch {
      return undefined;
    }
  };
  const wrong: string[] = [];
  let changed = 0;
  for (const sql of fc.sample(query, { numRuns: 30_000, seed: 11 })) {
    const { sql: run } = rewriteQuery(sql, tables);
    if (run !== sql) changed++;
    const expected = asWritten(sql);
    const rows = expected?.slice(0, ROWS).map((row) => row.map((cell) => toCell(cell)));
    const wanted = expected === undefined ? undefined : { rows, truncated: expected.length > ROWS };
    if (!Bun.deepEquals(asRun(sql, run), wanted)) wrong.push(`${sql}\n  ran as ${run}`);
  }
  gate.close();
  db.close();
  rmSync(dir, { recursive: true });
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(changed).toBeGreaterThan(5_000);
});
