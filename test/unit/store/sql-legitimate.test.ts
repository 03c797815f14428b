import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type SqlValue, toCell } from "../../../src/store/sql-values.ts";
import { createFixture, type Fixture } from "./sandbox-fixture.ts";

let f: Fixture;
beforeAll(() => {
  f = createFixture();
});
afterAll(() => f.close());

/** Rows must be those of SQLite itself, read on the tests' own connection. */
const SAME_AS_SQLITE = [
  "SELECT * FROM events",
  "SELECT count(*) FROM events",
  "select event_name, count(*) as n from events group by event_name order by n desc, event_name",
  "SELECT event_name FROM events ORDER BY event_time DESC LIMIT 3 OFFSET 1",
  "SELECT DISTINCT distinct_id FROM events ORDER BY 1",
  "SELECT count(DISTINCT distinct_id) FROM events;",
  "SELECT 1;",
  "SELECT 1 ; ; ;",
  "SELECT 1 AS x -- a comment",
  "-- first\nSELECT 1 AS x /* second */ -- third",
  "/* a; b */ SELECT ';--/*' AS text",
  "SELECT 'it''s; -- not a comment', \"event_name\" FROM events LIMIT 1",
  "VALUES (1, 'a'), (2, 'b')",
  "SELECT NULL, 1, 1.5, 'x', x'0102'",
  "SELECT properties->>'$.plan' AS plan, count(*) FROM events GROUP BY plan ORDER BY plan",
  "SELECT properties->>'plan' FROM events LIMIT 2",
  "SELECT properties->'$.items' FROM events WHERE event_name = 'Purchase' ORDER BY event_time",
  "SELECT properties->>'$.items[0]' FROM events WHERE event_name = 'Purchase' ORDER BY 1",
  "SELECT properties->>'$.\"$os\"' AS os, count(*) FROM events GROUP BY 1 ORDER BY 1",
  "SELECT properties->>'$.\"first seen\"' FROM events ORDER BY rowid",
  "SELECT json_extract(properties, '$.plan', '$.amount') FROM events ORDER BY rowid",
  "SELECT json_type(properties, '$.amount') FROM events ORDER BY rowid",
  "SELECT json_array_length(properties, '$.items') FROM events ORDER BY rowid",
  "SELECT item.value, count(*) FROM events, json_each(events.properties, '$.items') AS item GROUP BY 1 ORDER BY 2 DESC, 1",
  "SELECT DISTINCT key FROM events, json_each(properties) ORDER BY key",
  'SELECT fullkey, type FROM json_tree(\'{"a":[1,{"b":2}]}\')',
  "SELECT json_group_array(event_name) FROM (SELECT DISTINCT event_name FROM events ORDER BY 1)",
  "SELECT json_group_object(distinct_id, last_seen) FROM people",
  "SELECT json_object('a', 1, 'b', json_array(1, 2))",
  "SELECT json_valid('{x'), json_valid('{}')",
  "SELECT date(event_time) AS day, count(*) FROM events GROUP BY day ORDER BY day",
  "SELECT strftime('%Y-%m', event_time), min(event_time), max(event_time) FROM events GROUP BY 1",
  "SELECT julianday('2026-01-05') - julianday('2026-01-01')",
  "SELECT unixepoch('2026-01-01 00:00:00'), datetime(0, 'unixepoch'), date('2026-01-31', '+1 month')",
  "SELECT date(event_time, 'weekday 0', '-6 days') AS week, count(*) FROM events GROUP BY 1",
  "SELECT CAST(strftime('%H', event_time) AS INTEGER) AS hour FROM events ORDER BY hour",
  "WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b",
  "WITH a(x) AS (VALUES (1), (2)) SELECT count(*) FROM a",
  "WITH a AS (SELECT 1) SELECT count(*) FROM a, a AS b",
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
  "WITH RECURSIVE d(day) AS (SELECT '2026-01-01' UNION ALL SELECT date(day, '+1 day') FROM d WHERE day < '2026-01-05') SELECT day, (SELECT count(*) FROM events WHERE date(event_time) = day) FROM d",
  "WITH a AS MATERIALIZED (SELECT * FROM events) SELECT count(*) FROM a",
  "SELECT row_number() OVER (ORDER BY event_time) AS n, event_name FROM events",
  "SELECT event_name, lag(event_time) OVER (PARTITION BY distinct_id ORDER BY event_time) FROM events ORDER BY event_time",
  "SELECT event_time, sum(1) OVER (ORDER BY event_time ROWS UNBOUNDED PRECEDING) FROM events",
  "SELECT distinct_id, first_value(event_name) OVER w, ntile(2) OVER w FROM events WINDOW w AS (PARTITION BY distinct_id ORDER BY event_time) ORDER BY 1, 3",
  "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY distinct_id ORDER BY event_time) AS n FROM events) WHERE n = 1 ORDER BY distinct_id",
  "SELECT dense_rank() OVER (ORDER BY event_name), percent_rank() OVER (ORDER BY event_name) FROM events ORDER BY 1",
  "SELECT count(*) FILTER (WHERE event_name = 'Purchase'), sum(properties->>'$.amount') FROM events",
  "SELECT avg(properties->>'$.amount'), min(properties->>'$.amount'), total(properties->>'$.amount') FROM events",
  "SELECT group_concat(event_name, ' > ') FROM (SELECT event_name FROM events ORDER BY event_time LIMIT 3)",
  "SELECT e.event_name, p.last_seen FROM events e JOIN people p USING (distinct_id) ORDER BY e.rowid",
  "SELECT e.event_name FROM events AS e LEFT JOIN people AS p ON p.distinct_id = e.distinct_id AND p.last_seen > '2026-01-02' WHERE p.distinct_id IS NULL ORDER BY e.rowid",
  "SELECT count(*) FROM events e FULL OUTER JOIN people p ON e.distinct_id = p.distinct_id",
  "SELECT count(*) FROM events a CROSS JOIN people b",
  "SELECT a.distinct_id FROM events a WHERE EXISTS (SELECT 1 FROM events b WHERE b.distinct_id = a.distinct_id AND b.event_time > a.event_time) ORDER BY a.rowid",
  "SELECT (SELECT max(event_time) FROM events b WHERE b.distinct_id = p.distinct_id) FROM people p",
  "SELECT distinct_id FROM events INTERSECT SELECT distinct_id FROM people ORDER BY 1",
  "SELECT event_name FROM events EXCEPT SELECT 'Purchase' ORDER BY 1",
  "SELECT 1 UNION SELECT 1 UNION ALL SELECT 2",
  "SELECT CASE WHEN event_name LIKE 'P%' THEN 'p' ELSE 's' END AS kind, count(*) FROM events GROUP BY kind HAVING count(*) > 1",
  "SELECT iif(1 > 0, 'y', 'n'), coalesce(NULL, 2), nullif(1, 1), ifnull(NULL, 3)",
  "SELECT upper('é'), lower('ABC'), length('日本'), substr('hello', 2, 3), instr('hello', 'l'), trim('  x '), replace('aXa', 'X', '-')",
  "SELECT printf('%05.2f|%s', 3.14159, 'x'), hex('a'), quote('it''s'), char(65), unicode('A')",
  "SELECT round(2.567, 2), abs(-3), max(1, 2, 3), min(4, 5), 7 / 2, 7 % 2, 7 / 2.0",
  "SELECT sqrt(16), pow(2, 10), exp(0), ln(1), log10(100), log2(8), floor(1.5), ceil(1.2), pi()",
  "SELECT median(column1), percentile(column1, 50), percentile_cont(column1, 0.25), percentile_disc(column1, 0.5) FROM (VALUES (1), (2), (3), (10))",
  "SELECT typeof(1), typeof(1.0), typeof('a'), typeof(NULL), typeof(x'00')",
  "SELECT event_name FROM events WHERE event_name GLOB 'P*e' ORDER BY rowid",
  "SELECT event_name FROM events WHERE event_name IN ('Purchase', 'Sign Up') AND event_time BETWEEN '2026-01-01' AND '2026-01-03' ORDER BY rowid",
  "SELECT event_name IS DISTINCT FROM 'Purchase' FROM events ORDER BY rowid",
  "SELECT rowid, event_name FROM events WHERE rowid = 3",
  "SELECT events.* FROM main.events WHERE events.distinct_id = 'user-1'",
  'SELECT [event_name], `distinct_id`, "insert_id" FROM "events" LIMIT 2',
  'SELECT 1 AS a, 2 AS a, 3 AS ""',
  "SELECT count(*) AS 'count of all' FROM events",
  "SELECT 9223372036854775807, -9223372036854775808, 9007199254740992, 9007199254740991",
  "SELECT event_name COLLATE NOCASE AS n FROM events GROUP BY n ORDER BY n COLLATE NOCASE DESC",
  "SELECT event_time FROM events WHERE event_time >= date('2026-01-05') ORDER BY event_time NULLS LAST",
  "SELECT (1, 2) = (1, 2), (SELECT 1, 2) IS (1, 2)",
  "SELECT sum(amount) FROM (SELECT properties->>'$.amount' AS amount FROM events WHERE event_name = 'Purchase')",
  "SELECT name, type FROM pragma_table_info('events')",
  "SELECT concat('a', NULL, 1), concat_ws('-', 'a', 'b'), string_agg(x, ',') FROM (SELECT 'q' AS x)",
  "SELECT * FROM events WHERE 0",
  "SELECT random() IS NOT NULL, likely(1), typeof(random())",
  "SELECT lower(hex(substr('abc', 1, 2))) /* ünïcödé */ AS \"ключ\"",
];

describe("as SQLite itself", () => {
  test("at least 80 statements", () => {
    expect(SAME_AS_SQLITE.length).toBeGreaterThanOrEqual(80);
  });
  for (const sql of SAME_AS_SQLITE) {
    test(sql.slice(0, 80), async () => {
      const statement = f.db.prepare(sql.replace(/[;\s]+$/, ""));
      const expected = statement.safeIntegers(true).values() as SqlValue[][];
      const { columns, rows, truncated } = await f.query(sql);
      expect(rows).toEqual(expected.map((row) => row.map((value) => toCell(value))));
      expect(columns.map(({ name }) => name)).toEqual(statement.columnNames);
      expect(truncated).toBe(false);
    });
  }
});

describe("beyond SQLite itself", () => {
  const cases: [string, unknown[][]][] = [
    ["SELECT 'abc' REGEXP '^a.c$', 'abc' NOT REGEXP 'b', regexp_like('ABC', '(?i)abc')", [[1, 0, 1]]],
    [
      "SELECT regexp_extract('user-42', '(\\d+)', 1), regexp_substr('a1b22', '\\d+'), regexp_replace('a-b-c', '-', '+')",
      [["42", "1", "a+b+c"]],
    ],
    [
      "SELECT stddev(column1), stddev_pop(column1), variance(column1), var_pop(column1) FROM (VALUES (2), (4), (4), (4), (5), (5), (7), (9))",
      [[2.138089935299395, 2, 4.571428571428571, 4]],
    ],
    ["SELECT stddev(column1) FROM (VALUES (1))", [[null]]],
    [
      "SELECT column1, round(stddev(column1) OVER (ORDER BY column1 ROWS 1 PRECEDING), 4) FROM (VALUES (1), (4), (9))",
      [
        [1, null],
        [4, 2.1213],
        [9, 3.5355],
      ],
    ],
    ["SELECT type, name, tbl_name FROM sqlite_master WHERE name = 'events'", [["table", "events", "events"]]],
    [
      "SELECT m.name, count(*) FROM sqlite_schema AS m, pragma_table_info(m.name) GROUP BY m.name ORDER BY 1",
      [
        ["events", 5],
        ["people", 3],
      ],
    ],
    [
      "PRAGMA table_info(people)",
      [
        [0, "distinct_id", "TEXT", 0, null, 0],
        [1, "last_seen", "TEXT", 0, null, 0],
        [2, "properties", "TEXT", 0, null, 0],
      ],
    ],
    [
      "pragma main.table_xinfo('people');",
      [
        [0, "distinct_id", "TEXT", 0, null, 0, 0],
        [1, "last_seen", "TEXT", 0, null, 0, 0],
        [2, "properties", "TEXT", 0, null, 0, 0],
      ],
    ],
    ["PRAGMA index_list(events)", []],
    ["EXPLAIN QUERY PLAN SELECT count(*) FROM events", [[expect.any(Number), 0, expect.any(Number), "SCAN events"]]],
  ];
  for (const [sql, rows] of cases) {
    test(sql.slice(0, 80), async () => {
      expect((await f.query(sql)).rows).toEqual(rows as never);
    });
  }
});
