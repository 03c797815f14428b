import { describe, expect, test } from "bun:test";
import { cautions } from "../../../src/store/sql-cautions.ts";
import { tokenize } from "../../../src/store/sql-tokens.ts";

const said = (sql: string, integers = true) => cautions(tokenize(sql), integers).join(" ");

describe("said", () => {
  const CASES: [string, string][] = [
    ["SELECT * FROM events WHERE event_time >= date('now') - 7", "counts years"],
    ["SELECT * FROM events WHERE event_time >= CURRENT_DATE - 30", "counts years"],
    ["SELECT date(max(event_time)) - date(min(event_time)) FROM events", "counts years"],
    ["SELECT event_time - event_time FROM events", "counts years"],
    ["SELECT * FROM events WHERE event_time BETWEEN '2026-01-01' AND '2026-01-31'", "first second"],
    ["SELECT * FROM events e WHERE e.event_time <= '2026-01-31' AND 1", "first second"],
    ["SELECT * FROM events WHERE properties->>'$.paid' = 'true'", "1 and 0"],
    ["SELECT * FROM events WHERE properties->>'age' <> '30'", "leave the quotes out"],
    ["SELECT * FROM events WHERE insert_id = NULL", "IS NULL"],
    ["SELECT count(*) FILTER (WHERE 1) / count(*) FROM events", "whole number"],
    ["SELECT 100 * sum(a) / count(*) FROM events", "whole number"],
  ];
  for (const [sql, words] of CASES) test(sql, () => expect(said(sql)).toContain(words));
});

describe("not said", () => {
  const CASES = [
    "SELECT date('now', '-7 days'), julianday('now') - 7, unixepoch() - 3600, strftime('%Y', event_time) - 1 FROM events",
    "SELECT * FROM events WHERE date(event_time) <= '2026-01-31' AND event_time < '2026-02-01' AND event_time >= '2026-01-01'",
    "SELECT * FROM events WHERE date(event_time) BETWEEN '2026-01-01' AND '2026-01-31'",
    "SELECT * FROM events WHERE properties->>'$.plan' = 'pro' AND properties->>'$.age' = 30",
    "SELECT 1.0 * count(*) / count(*), count(*) / 2 FROM events",
    "SELECT CAST(count(*) AS REAL) / count(*) FROM events",
    "SELECT '= NULL', a IS NULL -- = NULL\nFROM t",
    "SELECT a - 7, - 1, count(*) - 1 FROM t",
  ];
  for (const sql of CASES) test(sql, () => expect(said(sql)).toBe(""));

  test("a quotient whose result shows no integers", () =>
    expect(said("SELECT sum(a) / count(*) FROM t", false)).toBe(""));
});
