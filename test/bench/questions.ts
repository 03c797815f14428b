/** The questions of the query benchmark, as an analyst would write them for each engine. */

import type { Store } from "../../src/store/store.ts";
import { columnStats } from "../../src/tools/column_stats.ts";
import { eventBreakdown } from "../../src/tools/event_breakdown.ts";
import { propertyKeys } from "../../src/tools/property_keys.ts";
import { sample } from "../../src/tools/sample.ts";
import { summarize } from "../../src/tools/summarize.ts";
import { tableSchema } from "../../src/tools/table_schema.ts";
import type { AnyTool } from "../../src/tools/tool.ts";

export type Question = { name: string; sql: string; duckdb: string };

const both = (name: string, sql: string): Question => ({ name, sql, duckdb: sql });

const FUNNEL = (seconds: (a: string, b: string) => string) => `WITH s AS (
    SELECT distinct_id, event_name, event_time,
      min(CASE WHEN event_name = 'Page View' THEN event_time END) OVER w AS viewed,
      min(CASE WHEN event_name = 'Search' THEN event_time END) OVER w AS searched
    FROM events WHERE event_name IN ('Page View', 'Search', 'Purchase')
    WINDOW w AS (PARTITION BY distinct_id ORDER BY event_time ROWS UNBOUNDED PRECEDING))
  SELECT count(DISTINCT CASE WHEN viewed IS NOT NULL THEN distinct_id END),
    count(DISTINCT CASE WHEN event_name = 'Search' AND viewed < event_time THEN distinct_id END),
    count(DISTINCT CASE WHEN event_name = 'Purchase' AND viewed < searched AND searched < event_time
      AND ${seconds("viewed", "event_time")} THEN distinct_id END) FROM s`;

export const QUESTIONS: Question[] = [
  both("count by event", "SELECT event_name, count(*) AS n FROM events GROUP BY event_name ORDER BY n DESC"),
  {
    name: "events per day",
    sql: "SELECT date(event_time) AS day, count(*) AS n FROM events GROUP BY day ORDER BY day",
    duckdb: "SELECT CAST(event_time AS DATE) AS day, count(*) AS n FROM events GROUP BY day ORDER BY day",
  },
  {
    name: "distinct users per day",
    sql: "SELECT date(event_time) AS day, count(DISTINCT distinct_id) AS users FROM events GROUP BY day ORDER BY day",
    duckdb:
      "SELECT CAST(event_time AS DATE) AS day, count(DISTINCT distinct_id) AS users FROM events GROUP BY day ORDER BY day",
  },
  both("top 10 users", "SELECT distinct_id, count(*) AS n FROM events GROUP BY distinct_id ORDER BY n DESC LIMIT 10"),
  both("count by $os", `SELECT properties->>'$."$os"' AS os, count(*) AS n FROM events GROUP BY os ORDER BY n DESC`),
  {
    name: "plan x country, purchases over 50",
    sql: `SELECT properties->>'$.plan' AS plan, properties->>'$.mp_country_code' AS country, count(*) AS n FROM events
      WHERE event_name = 'Purchase' AND properties->>'$.price' > 50 GROUP BY plan, country ORDER BY n DESC`,
    duckdb: `SELECT properties->>'$.plan' AS plan, properties->>'$.mp_country_code' AS country, count(*) AS n FROM events
      WHERE event_name = 'Purchase' AND CAST(properties->>'$.price' AS DOUBLE) > 50 GROUP BY plan, country ORDER BY n DESC`,
  },
  both(
    "count by $city and $browser",
    `SELECT properties->>'$."$city"' AS city, properties->>'$."$browser"' AS browser, count(*) AS n FROM events GROUP BY city, browser ORDER BY n DESC`,
  ),
  {
    name: "sum and average of load_ms by plan",
    sql: "SELECT properties->>'$.plan' AS plan, sum(properties->>'$.load_ms'), avg(properties->>'$.load_ms') FROM events GROUP BY plan",
    duckdb:
      "SELECT properties->>'$.plan' AS plan, sum(CAST(properties->>'$.load_ms' AS DOUBLE)), avg(CAST(properties->>'$.load_ms' AS DOUBLE)) FROM events GROUP BY plan",
  },
  both("distinct session_id", "SELECT count(DISTINCT properties->>'$.session_id') FROM events"),
  {
    name: "funnel of three steps",
    sql: FUNNEL((a, b) => `julianday(${b}) - julianday(${a}) <= 7`),
    duckdb: FUNNEL((a, b) => `${b} - ${a} <= INTERVAL 7 DAY`),
  },
  {
    name: "day-7 retention by self join",
    sql: `WITH born AS (SELECT distinct_id, min(date(event_time)) AS day FROM events GROUP BY distinct_id)
      SELECT born.day, count(DISTINCT born.distinct_id) AS users, count(DISTINCT e.distinct_id) AS back FROM born
      LEFT JOIN events e ON e.distinct_id = born.distinct_id AND date(e.event_time) = date(born.day, '+7 days')
      GROUP BY born.day ORDER BY born.day`,
    duckdb: `WITH born AS (SELECT distinct_id, min(CAST(event_time AS DATE)) AS day FROM events GROUP BY distinct_id)
      SELECT born.day, count(DISTINCT born.distinct_id) AS users, count(DISTINCT e.distinct_id) AS back FROM born
      LEFT JOIN events e ON e.distinct_id = born.distinct_id AND CAST(e.event_time AS DATE) = born.day + 7
      GROUP BY born.day ORDER BY born.day`,
  },
  {
    name: "items of purchases, unnested",
    sql: `SELECT i.value->>'$.sku' AS sku, count(*) AS n FROM events, json_each(events.properties, '$.items') AS i
      WHERE event_name = 'Purchase' GROUP BY sku ORDER BY n DESC LIMIT 20`,
    duckdb: `SELECT item->>'$.sku' AS sku, count(*) AS n FROM (
      SELECT unnest(CAST(properties->'$.items' AS JSON[])) AS item FROM events WHERE event_name = 'Purchase') GROUP BY sku ORDER BY n DESC LIMIT 20`,
  },
  both(
    "$current_url like %/pricing/%",
    `SELECT count(*) FROM events WHERE properties->>'$."$current_url"' LIKE '%/pricing/%'`,
  ),
  both("1,000 full rows of one event", "SELECT * FROM events WHERE event_name = 'Purchase' LIMIT 1000"),
];

type ToolContext = { signal: AbortSignal; progress(done: number, total: number | undefined, note: string): void };
export type ToolQuestion = {
  name: string;
  call(store: Store, context: ToolContext): Promise<unknown>;
  duckdb: string[];
};

/** A tool's handler alone: what DuckDB's time is compared with has no protocol around it either. */
function tool(definition: AnyTool, args: Record<string, unknown>): ToolQuestion["call"] {
  const parsed = definition.input().parse({ table: "events", ...args });
  return (store, context) => definition.handler({ store } as never, parsed, context);
}

const LOAD = "CAST(properties->>'$.load_ms' AS DOUBLE)";

export const TOOL_QUESTIONS: ToolQuestion[] = [
  {
    name: "event_breakdown",
    call: tool(eventBreakdown, {}),
    duckdb: [
      "SELECT event_name, count(*), count(DISTINCT distinct_id), min(event_time), max(event_time) FROM events GROUP BY event_name",
      "SELECT count(*), count(DISTINCT distinct_id), min(event_time), max(event_time) FROM events",
    ],
  },
  {
    name: "property_keys",
    call: tool(propertyKeys, {}),
    duckdb: [
      "SELECT key, count(*) FROM (SELECT unnest(json_keys(properties)) AS key FROM events) GROUP BY key ORDER BY 2 DESC",
    ],
  },
  {
    name: "property_keys of one event",
    call: tool(propertyKeys, { event: "Purchase" }),
    duckdb: [
      "SELECT key, count(*) FROM (SELECT unnest(json_keys(properties)) AS key FROM events WHERE event_name = 'Purchase') GROUP BY key ORDER BY 2 DESC",
    ],
  },
  {
    name: "table_schema (types of properties)",
    call: tool(tableSchema, {}),
    duckdb: [
      "SELECT key, count(*) FROM (SELECT unnest(json_keys(properties)) AS key FROM events) GROUP BY key ORDER BY 2 DESC",
    ],
  },
  {
    name: "summarize (DuckDB: columns only)",
    call: tool(summarize, {}),
    duckdb: ["SUMMARIZE SELECT event_name, event_time, distinct_id, insert_id FROM events"],
  },
  {
    name: "column_stats of a number",
    call: tool(columnStats, { column: "load_ms" }),
    duckdb: [
      `SELECT count(v), count(*) - count(v), min(v), max(v), avg(v), stddev_samp(v), count(DISTINCT v), quantile_cont(v, [0.25, 0.5, 0.75]) FROM (SELECT ${LOAD} AS v FROM events)`,
      `SELECT v, count(*) FROM (SELECT ${LOAD} AS v FROM events) GROUP BY v ORDER BY 2 DESC LIMIT 10`,
    ],
  },
  {
    name: "column_stats of a text",
    call: tool(columnStats, { column: "plan" }),
    duckdb: [
      "SELECT count(v), count(*) - count(v), min(v), max(v), count(DISTINCT v) FROM (SELECT properties->>'$.plan' AS v FROM events)",
      "SELECT properties->>'$.plan' AS v, count(*) FROM events GROUP BY v ORDER BY 2 DESC LIMIT 10",
    ],
  },
  {
    name: "column_stats of one event",
    call: tool(columnStats, { column: "plan", event: "Purchase" }),
    duckdb: [
      "SELECT count(v), count(*) - count(v), min(v), max(v), count(DISTINCT v) FROM (SELECT properties->>'$.plan' AS v FROM events WHERE event_name = 'Purchase')",
      "SELECT properties->>'$.plan' AS v, count(*) FROM events WHERE event_name = 'Purchase' GROUP BY v ORDER BY 2 DESC LIMIT 10",
    ],
  },
  {
    name: "sample",
    call: tool(sample, { limit: 10 }),
    duckdb: ["SELECT * FROM events USING SAMPLE reservoir(10 ROWS)"],
  },
];
