import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { splitColumns } from "../../../src/store/accelerate.ts";
import { type Indexed, rewriteQuery } from "../../../src/store/rewrite.ts";
import { CANONICAL_DAY, canonicalise, canonicalProperty } from "../../../src/store/rewrite-access.ts";

const COLUMNS = new Set(["event_name", "event_time", "distinct_id", "insert_id", "properties"]);
const BASE = [
  ["event_name", "event_time", "distinct_id"],
  ["distinct_id", "event_time", "event_name"],
];

const tables = (indexes: string[][] = BASE) =>
  new Map<string, Indexed>([
    [
      "events",
      { name: "events", columns: COLUMNS, indexes: indexes.map((columns, i) => ({ name: `i${i}`, columns })) },
    ],
  ]);

/** Every kind of value, keys of every kind, some missing. */
const DOCUMENTS = [
  '{"plan":"pro","n":1,"ok":true,"a.b":1,"$os":"iOS","q\\"x":7,"o":{"a":1, "b":[1, 2]},"l":[1, 2, {"c":3}]}',
  '{"plan":"free","n":2.50,"ok":false,"a.b":"x","$os":"Android","o":{},"l":[],"e":""}',
  '{"plan":null,"n":9007199254740993,"ok":null,"a":{"b":5},"o":null,"l":"[1]"}',
  '{"plan":12,"n":"12","ok":1,"a.b":true,"big":1e400,"neg":-0.0,"u":"\\u00fc\\u0041"}',
  '{"plan":"pro","plan":"second","n":-3,"it\'s":"quote"}',
  "{}",
];

function sample(): Database {
  const db = new Database(":memory:");
  db.run("CREATE TABLE events (event_name TEXT, event_time TEXT, distinct_id TEXT, insert_id TEXT, properties TEXT)");
  const insert = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?)");
  for (let i = 0; i < 120; i++) {
    const time = `2025-0${1 + (i % 3)}-${String(1 + (i % 28)).padStart(2, "0")} 10:00:${String(i % 60).padStart(2, "0")}`;
    insert.run(
      i % 2 ? "Buy" : "See",
      i % 17 ? time : null,
      `u${i % 9}`,
      `i${i}`,
      DOCUMENTS[i % DOCUMENTS.length] ?? "{}",
    );
  }
  return db;
}

const db = sample();
db.run(`CREATE INDEX i0 ON events (${BASE[0]?.join(", ")})`);
db.run(`CREATE INDEX i1 ON events (${BASE[1]?.join(", ")})`);
const rows = (sql: string) => db.query(sql).values();

describe("canonicalise", () => {
  const KEYS = ["plan", "n", "ok", "a.b", "$os", "o", "l", "big", "neg", "u", "it''s", "missing", "e"];

  test.each(KEYS)("all spellings of %s give what the original gives", (key) => {
    const spellings = [
      `properties->>'$."${key}"'`,
      `json_extract(properties, '$."${key}"')`,
      ...(key.startsWith("$") ? [] : [`properties->>'${key}'`]),
      ...(key.includes(".") ? [] : [`properties ->> '$.${key}'`, `JSON_EXTRACT( e.properties , '$.${key}' )`]),
    ];
    for (const spelling of spellings) {
      const sql = `SELECT ${spelling}, typeof(${spelling}) FROM events AS e ORDER BY rowid`;
      const canonical = canonicalise(sql);
      expect(canonical.replaceAll(" ->> ", "->>")).toContain(`properties->>'$."${key}"'`);
      expect(rows(canonical)).toEqual(rows(sql));
    }
  });

  test("keeps strings, comments and other columns as they are", () => {
    for (const sql of [
      "SELECT 'properties->>''plan''' FROM events",
      "SELECT 1 -- properties->>'plan'\nFROM events",
      "SELECT /* json_extract(properties,'$.plan') */ 2 FROM events",
      "SELECT other->>'plan', properties->'$.a.b', properties->>'$.a.b', properties->>'$.l[0]' FROM events",
      "SELECT json_extract(properties, '$.plan', '$.n'), json_extract(properties, '$') FROM events",
      `SELECT properties->>'q"x', properties->>'[0]', properties->>0 FROM events`,
    ])
      expect(canonicalise(sql)).toBe(sql);
  });

  test("minds the marks of JSON that json_extract leaves for other JSON functions", () => {
    const sql = "SELECT json_array(json_extract(properties, '$.o')) FROM events";
    expect(canonicalise(sql)).toBe(sql);
  });

  test("a day is the first ten characters of the time", () => {
    for (const day of ["date(event_time)", "strftime('%Y-%m-%d', event_time)", "DATE( e.event_time )"]) {
      const sql = `SELECT ${day}, count(*) FROM events e GROUP BY 1 ORDER BY 1`;
      expect(canonicalise(sql)).toContain("event_time, 1, 10)");
      expect(rows(canonicalise(sql))).toEqual(rows(sql));
    }
  });

  test("but not when the query gives that name to something else", () => {
    for (const sql of [
      "WITH x AS (SELECT julianday(event_time) AS event_time FROM events) SELECT date(event_time) FROM x",
      "WITH x(event_time) AS (SELECT julianday(event_time) FROM events) SELECT date(event_time) FROM x",
      "WITH x AS (SELECT julianday(event_time) event_time FROM events) SELECT date(event_time) FROM x",
    ])
      expect(canonicalise(sql)).toBe(sql);
  });
});

test("a day of another kind of table is left alone", () => {
  const sql = "SELECT date(k.event_time) FROM events JOIN Kept AS k ON k.id = 1";
  expect(rewriteQuery(sql, tables(), new Set(["kept"])).sql).toBe(sql);
  expect(rewriteQuery(sql, tables(), new Set(["people"])).sql).toContain("substr(k.event_time, 1, 10)");
});

const QUERIES = [
  "SELECT properties->>'$.plan' AS plan, count(*) AS n FROM events GROUP BY plan ORDER BY n DESC, plan",
  "SELECT properties->>'plan', sum(properties->>'n'), avg(properties->>'$.n'), max(e.event_time) FROM events e GROUP BY 1",
  "SELECT e.properties->>'$.plan' p, count(DISTINCT e.distinct_id) FROM events AS e WHERE e.event_name = 'Buy' GROUP BY p HAVING count(*) > 3 ORDER BY 2 DESC, 1 LIMIT 3",
  "SELECT json_extract(properties, '$.plan') AS plan, json_extract(properties, '$.ok') AS ok, count(*) FROM events WHERE json_extract(properties, '$.n') > 1 GROUP BY plan, ok",
  "SELECT count(DISTINCT properties->>'$.\"$os\"') FROM events",
  "SELECT date(event_time) AS day, properties->>'plan' AS plan, count(*) FROM events WHERE event_time >= '2025-02-01' GROUP BY day, plan ORDER BY day, plan",
  "SELECT upper(properties->>'plan') AS event_name, count(*) FROM events GROUP BY event_name",
  "WITH per AS (SELECT distinct_id, properties->>'plan' AS plan, count(*) AS n FROM events GROUP BY 1, 2) SELECT plan, sum(n) FROM per GROUP BY plan",
  "SELECT plan, n FROM (SELECT properties->>'plan' AS plan, count(*) AS n FROM events GROUP BY properties->>'plan') WHERE n > 10 UNION ALL SELECT 'all', count(*) FROM events",
  "SELECT coalesce(properties->>'plan', 'none') || '!' AS label, -(properties->>'n') AS neg, count(*) FILTER (WHERE properties->>'ok' = 1) FROM events GROUP BY 1, 2",
  "SELECT -json_extract(properties, '$.n') * 2 AS x, count(*) FROM events GROUP BY x",
  "SELECT distinct_id, count(*) FROM events WHERE properties->>'plan' IN (SELECT 'pro') GROUP BY 1",
  "SELECT properties->>'plan' AS plan, row_number() OVER (ORDER BY count(*)) FROM events GROUP BY 1 ORDER BY 1",
  "SELECT count(*), properties FROM events GROUP BY properties->>'plan', properties ORDER BY 2 LIMIT 2",
  "SELECT j.value, count(*) FROM events, json_each(events.properties, '$.l') AS j WHERE event_name = 'Buy' GROUP BY 1 ORDER BY 2, 1",
  "SELECT j.key, j.value FROM events e CROSS JOIN json_each(e.properties, '$.o') AS j",
  "SELECT event_name, j.value->>'c' FROM events JOIN json_each(json_extract(properties, '$.l')) j WHERE properties->>'plan' = 'pro'",
  "SELECT count(DISTINCT properties->>'plan') AS plans FROM events e WHERE distinct_id > 'u3'",
  "SELECT DISTINCT properties->>'plan' FROM events ORDER BY 1",
  "SELECT distinct_id, event_name, row_number() OVER (PARTITION BY distinct_id ORDER BY event_time, event_name) AS n FROM events WHERE event_name IN ('Buy', 'See') ORDER BY 1, 3",
  "SELECT rowid % 2 AS odd, properties->>'plan' AS plan, count(*) FROM events GROUP BY 1, 2",
];

describe("rewriteQuery", () => {
  test.each(QUERIES)("same rows: %s", (sql) => {
    const { sql: rewritten, wishes } = rewriteQuery(sql, tables());
    expect(rows(rewritten)).toEqual(rows(sql));
    for (const { columns } of wishes)
      db.run(`CREATE INDEX IF NOT EXISTS "w_${Bun.hash(columns.join())}" ON events (${columns.join(", ")})`);
    const indexed = rewriteQuery(sql, tables([...BASE, ...wishes.map(({ columns }) => columns)]));
    expect(rows(indexed.sql)).toEqual(rows(sql));
    expect(indexed.wishes).toEqual([]);
  });

  test("the sorter gets the properties, not the documents", () => {
    const { sql } = rewriteQuery(
      "SELECT properties->>'plan' AS plan, count(*) FROM events WHERE event_name = 'Buy' GROUP BY plan",
      tables(),
    );
    expect(sql).toBe(
      `SELECT p_1 AS plan, count(*) FROM (SELECT properties->>'$."plan"' AS p_1 FROM events WHERE event_name = 'Buy' LIMIT -1) AS "events" GROUP BY plan`,
    );
  });

  test("wishes: equality, groups, the rest", () => {
    const wished = (sql: string) => rewriteQuery(sql, tables()).wishes.map(({ columns }) => columns);
    const [plan, price] = [canonicalProperty("plan"), canonicalProperty("price")];
    expect(
      wished("SELECT properties->>'plan' p, avg(properties->>'price') FROM events WHERE event_name = 'Buy' GROUP BY 1"),
    ).toEqual([["event_name", plan, price]]);
    expect(wished("SELECT date(event_time), count(DISTINCT distinct_id) FROM events GROUP BY 1")).toEqual([
      [CANONICAL_DAY, "distinct_id"],
    ]);
    expect(wished("SELECT * FROM events WHERE properties->>'plan' = 'pro'")).toEqual([]);
    expect(wished("SELECT event_name, count(*) FROM events GROUP BY 1")).toEqual([]);
  });

  test("leaves alone what it does not understand", () => {
    for (const sql of [
      "SELECT ? FROM events",
      "SELECT 'open",
      "SELECT count(*) FROM other GROUP BY x",
      "not sql at all",
    ])
      expect(rewriteQuery(sql, tables()).sql).toBe(sql);
  });
});

/** As the statistics would have them, from the rows. */
function tally(whats: string[]) {
  if (!whats.every((what) => ["event_name", CANONICAL_DAY, canonicalProperty("plan")].includes(what))) return undefined;
  const groups = whats.length === 0 ? "" : `GROUP BY ${whats.map((_, index) => index + 1).join(", ")}`;
  const counted = rows(`SELECT ${[...whats, "count(*)"].join(", ")} FROM events ${groups}`) as (
    | string
    | number
    | null
  )[][];
  return counted.map((row) => ({ values: row.slice(0, -1), rows: Number(row.at(-1)) }));
}

const COUNTS = [
  "SELECT event_name, count(*) AS n FROM events GROUP BY event_name ORDER BY n DESC, event_name",
  "SELECT date(event_time) AS day, COUNT( * ) FROM events e GROUP BY day HAVING count(*) > 1 ORDER BY 1",
  "SELECT e.event_name, date(e.event_time), count(*) FROM events e WHERE e.event_name = 'Buy' AND date(event_time) >= '2025-02-01' GROUP BY 1, 2 ORDER BY count(*) DESC, 2 LIMIT 5",
  "SELECT count(*) FROM events",
  "SELECT count(*) AS n FROM events WHERE event_name = 'none'",
  "SELECT DISTINCT event_name FROM events ORDER BY event_name",
  "SELECT properties->>'plan' AS plan, count(*), 'count(*)' FROM events GROUP BY plan",
  'SELECT upper(event_name) AS "count(*)", round(count(*) * 1.5, 1) FROM events GROUP BY 1',
  "SELECT event_name FROM events WHERE event_name = 12 OR event_name > 'A' GROUP BY event_name",
];

const NOT_COUNTS = [
  "SELECT event_name, count(*), max(event_time) FROM events GROUP BY 1",
  "SELECT event_name, count(*) FILTER (WHERE event_name = 'Buy') FROM events",
  "SELECT event_name FROM events LIMIT 3",
  "SELECT event_name, count(*) * 1.0 / (SELECT count(*) FROM other) FROM events GROUP BY 1",
  "WITH x AS (SELECT event_name, count(*) AS n FROM events GROUP BY 1) SELECT * FROM x",
  "SELECT count(*) FROM events WHERE event_time > '2025-02-01'",
  "SELECT event_name, sum(1) FROM events GROUP BY 1",
  "SELECT event_name, count(event_time) FROM events GROUP BY 1",
  "SELECT count(*) FROM events WHERE rowid < 5",
  "SELECT event_name COLLATE NOCASE, count(*) FROM events GROUP BY 1",
];

test("rows in no order that was asked for are read as written: no index changes which come first", () => {
  for (const sql of [
    "SELECT properties->>'$.plan' FROM events LIMIT 10",
    "SELECT *, properties->>'plan' AS plan FROM events WHERE properties->>'$.plan' > 'f'",
  ])
    expect(rewriteQuery(sql, tables())).toEqual({ sql, wishes: [] });
  expect(rewriteQuery("SELECT max(properties->>'$.n') FROM events", tables()).wishes).toHaveLength(1);
});

describe("counts that are kept", () => {
  const counted = new Map<string, Indexed>([["events", { name: "events", columns: COLUMNS, indexes: [], tally }]]);

  test.each(COUNTS)("answer %s", (sql) => {
    const { sql: rewritten } = rewriteQuery(sql, counted);
    expect(rewritten).toContain("VALUES");
    expect(rows(rewritten)).toEqual(rows(sql));
  });

  test.each(NOT_COUNTS)("do not answer %s", (sql) => {
    expect(rewriteQuery(sql, counted).sql).not.toContain("VALUES");
  });
});

test("the same on SQLite 3.43.2, which macOS 14 and 15 have", async () => {
  const sqlite3 = await sqlite3InitModule({ print() {}, printErr() {} });
  const old = new sqlite3.oo1.DB(":memory:");
  old.exec("CREATE TABLE events (event_name TEXT, event_time TEXT, distinct_id TEXT, insert_id TEXT, properties TEXT)");
  for (const row of rows("SELECT * FROM events"))
    old.exec({ sql: "INSERT INTO events VALUES (?, ?, ?, ?, ?)", bind: row as string[] });
  for (const [index, columns] of BASE.entries()) old.exec(`CREATE INDEX i${index} ON events (${columns.join(", ")})`);
  const counted = new Map<string, Indexed>([["events", { name: "events", columns: COLUMNS, indexes: [], tally }]]);
  for (const sql of [...QUERIES, ...COUNTS]) {
    const expected = old.selectArrays(sql);
    expect(old.selectArrays(rewriteQuery(sql, counted).sql)).toEqual(expected);
    const { sql: rewritten, wishes } = rewriteQuery(sql, tables());
    expect(old.selectArrays(rewritten)).toEqual(expected);
    for (const { columns } of wishes)
      old.exec(`CREATE INDEX IF NOT EXISTS "w_${Bun.hash(columns.join())}" ON events (${columns.join(", ")})`);
    expect(old.selectArrays(rewriteQuery(sql, tables([...BASE, ...wishes.map(({ columns }) => columns)])).sql)).toEqual(
      expected,
    );
  }
  old.close();
});

test("splitColumns reads our own CREATE INDEX", () => {
  const columns = ["event_name", CANONICAL_DAY, canonicalProperty("it's, (odd)"), "distinct_id"];
  expect(splitColumns(columns.join(", "))).toEqual(columns);
});
