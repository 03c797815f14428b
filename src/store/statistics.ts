/** The statistics of a table as the main process reads them: from `_mp_stat`, gathered first when there are none. */

import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { figure } from "./figures.ts";
import { KIND_NAMES, type PropertySummary, type TableSummary } from "./profile-summary.ts";
import { compareScalars, QUANTILES, type Scalar, TOP_VALUES, type ValueSummary } from "./profile-summary-values.ts";
import { MAX_NAMES } from "./property-keys.ts";
import { readSummary } from "./stats-pass.ts";
import type { Store } from "./store.ts";
import { quoteName, requireTable, type TableInfo } from "./tables.ts";

export type Waiting = { signal: AbortSignal; progress(done: number, total: number | undefined, note: string): void };

export type TableStatistics = { table: TableInfo; summary: TableSummary };

/** Columns of a fetched table whose values are properties too: listings of properties leave these out. */
const COLUMN_PROPERTIES = new Set(["time", "distinct_id", "$insert_id"]);

/** Throws TABLE_NOT_FOUND; otherwise waits for the writer when the statistics are not of the table's present version. */
export async function tableStatistics(store: Store, name: string, waiting: Waiting): Promise<TableStatistics> {
  for (;;) {
    const table = requireTable(store, name);
    const summary = readSummary(store.db(), table);
    if (summary !== undefined) return { table, summary };
    await store.writer().request(
      "statistics",
      { table: table.name },
      {
        signal: waiting.signal,
        onAbort: "ask",
        onProgress: (value) => {
          const { rows, total } = value as { rows: number; total: number };
          waiting.progress(rows, total, "reading the table once for its statistics");
        },
      },
    );
  }
}

/** The properties of a fetched table without those that are columns; none for result tables, whose columns they are. */
export function listedProperties({ table, summary }: TableStatistics): PropertySummary[] {
  if (table.type === "result") return [];
  return summary.properties.filter(({ key }) => !COLUMN_PROPERTIES.has(key));
}

/** Said where properties are listed that may not be all; nothing as a rule. */
export function uncountedNote({ table, summary }: TableStatistics): string[] {
  if (!summary.overflowed) return [];
  return [
    `This table has more properties than are counted (${MAX_NAMES} names): those first seen late are missing here. By sql: SELECT j.key, count(*) FROM ${quoteName(table.name)}, json_each(properties) AS j GROUP BY 1.`,
  ];
}

/** Type names of a property, most rows first; `null` only when there is nothing else. */
export function typesOf(kinds: number[]): string[] {
  const counts = new Map<string, number>();
  for (const [kind, count] of kinds.entries()) {
    const name = KIND_NAMES[kind] ?? "null";
    if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const types = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return types.length > 1 ? types.filter((name) => name !== "null") : types;
}

/** Type names from the bits kept per event. */
export function typesOfBits(bits: number): string[] {
  return typesOf(KIND_NAMES.map((_, kind) => (((bits >> kind) & 1) === 1 ? 1 : 0)));
}

/** The event's position in `summary.events`. Throws NOT_FOUND with the nearest names. */
export function requireEvent({ table, summary }: TableStatistics, event: string): number {
  const index = summary.events.findIndex((entry) => entry.event === event && entry.rows > 0);
  if (index >= 0 && table.type === "events") return index;
  const names =
    table.type === "events" ? summary.events.filter(({ rows }) => rows > 0).map((entry) => entry.event) : [];
  const near = nearest(event, names);
  throw new Fault("NOT_FOUND", `Table ${table.name} holds no event ${JSON.stringify(event.slice(0, 80))}.`, {
    suggestions: [
      names.length === 0
        ? `Table ${table.name} holds no events: leave \`event\` out.`
        : `${near.length > 0 ? "The nearest" : "Some"} of its events are named below; event_breakdown lists them all.`,
    ],
    details: { names: (near.length > 0 ? near : names).slice(0, 10) },
  });
}

/** Throws INVALID_ARGUMENT for tables that hold no events. */
export function requireEvents(table: TableInfo): void {
  if (table.type === "events") return;
  throw new Fault(
    "INVALID_ARGUMENT",
    `Table ${table.name} holds ${table.type === "profiles" ? "profiles" : "the result of a query"}, not events.`,
    {
      suggestions: [
        "Give a table of type events (list_tables with type events); summarize and column_stats work on every table.",
      ],
    },
  );
}

export const EVENT_COLUMNS = ["event_name", "event_time", "distinct_id", "insert_id", "properties"] as const;
export const PROFILE_COLUMNS = ["distinct_id", "last_seen", "properties"] as const;

/** Statistics of a table's own column; undefined when there is no such column. Result tables: see `properties`. */
export function columnSummary({ table, summary }: TableStatistics, column: string): ValueSummary | undefined {
  const name = column.toLowerCase();
  if (table.type === "result") {
    return (
      summary.properties.find(({ key }) => key === column) ??
      summary.properties.find(({ key }) => key.toLowerCase() === name)
    );
  }
  const columns: readonly string[] = table.type === "events" ? EVENT_COLUMNS : PROFILE_COLUMNS;
  if (!columns.includes(name)) return undefined;
  if (name === "event_name") return eventNames(summary);
  if (name === "event_time" || name === "last_seen") return times(summary);
  if (name === "distinct_id") return users(summary);
  if (name === "insert_id") return { ...empty(), ...summary.properties.find(({ key }) => key === "$insert_id") };
  return { ...empty(), count: summary.rows, distinctExact: false };
}

export function empty(): ValueSummary {
  return {
    count: 0,
    distinct: 0,
    distinctExact: true,
    min: null,
    max: null,
    numbers: 0,
    sum: null,
    mean: null,
    std: null,
    quantiles: null,
    quantilesExact: true,
    top: [],
    topExact: true,
  };
}

function eventNames({ events, rows }: TableSummary): ValueSummary {
  const present = events.filter((entry) => entry.rows > 0);
  const names = present.map(({ event }) => event).sort(compareScalars) as string[];
  const top = present.map(({ event, rows: count }): [Scalar, number] => [event, count]);
  top.sort((a, b) => b[1] - a[1] || compareScalars(a[0], b[0]));
  return {
    ...empty(),
    count: rows,
    distinct: names.length,
    min: names[0] ?? null,
    max: names.at(-1) ?? null,
    top: top.slice(0, TOP_VALUES),
  };
}

function users({ rowsWithUser, users: distinct, usersExact, topUsers }: TableSummary): ValueSummary {
  return { ...empty(), count: rowsWithUser, distinct, distinctExact: usersExact, top: topUsers, topExact: usersExact };
}

/** Estimated counts below this come from too few rows to say which values are frequent (profile-texts.ts, SAMPLED). */
const LEAST_ESTIMATE = 400;

/** The frequent values that may be shown as such. */
export function frequentValues({ top, topExact }: ValueSummary): [Scalar, number][] {
  return topExact ? top : top.filter(([, count]) => count >= LEAST_ESTIMATE);
}

/** Times as the column holds them; no mean or deviation. */
function times({ times: seen }: TableSummary): ValueSummary {
  return {
    ...seen,
    min: timeText(seen.min),
    max: timeText(seen.max),
    numbers: 0,
    sum: null,
    mean: null,
    std: null,
    top: seen.top.map(([value, count]) => [timeText(value), count]),
  };
}

/** One of QUANTILES; times as their column holds them; null where there are no numbers. */
export function quantileAt(values: ValueSummary, column: string, share: (typeof QUANTILES)[number]): Scalar {
  const value = values.quantiles?.[QUANTILES.indexOf(share)] ?? null;
  return column === "event_time" || column === "last_seen" ? timeText(value) : figure(value);
}

/** Epoch milliseconds as event_time is stored: `YYYY-MM-DD HH:MM:SS[.SSS]`. */
export function timeText(value: Scalar): string | null {
  if (typeof value !== "number") return null;
  return new Date(Math.round(value))
    .toISOString()
    .replace("T", " ")
    .replace(/(\.000)?Z$/, "");
}

/** Epoch milliseconds as replies show times. */
export function isoTime(value: number | null): string | null {
  return value === null ? null : new Date(value).toISOString().replace(/(\.000)?Z$/, "Z");
}

/** The SQL that reaches a property, quoted where its name needs it. */
export function propertySql(key: string): string {
  return `properties->>${sqlText(/^[A-Za-z_]\w*$/.test(key) ? `$.${key}` : propertyPath(key))}`;
}

/** JSON path of a top-level key; a key with a quote or a backslash in it is spelled as in JSON. */
export function propertyPath(key: string): string {
  return `$.${JSON.stringify(key)}`;
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
