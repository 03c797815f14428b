/** Uniform random rows of a table. */
import type { Database } from "bun:sqlite";
import type { TableSummary } from "./profile-summary.ts";
import type { Scalar } from "./profile-summary-values.ts";
import { sqlText } from "./statistics.ts";
import { columnNames } from "./stats-rows.ts";
import type { Store } from "./store.ts";
import { quoteName, type TableInfo } from "./tables.ts";

export type Sampled = { columns: string[]; rows: Scalar[][] };

/** Random rowids tried in the main process: each costs a few microseconds. */
const MOST_TRIES = 4_000;

/**
 * Rowids are drawn evenly between the smallest and the largest; those that are free, taken already or of another event
 * are drawn again. So every row is equally likely, whatever the gaps. Where hits are too rare (a rare event), SQLite
 * shuffles the rowids of that event instead, found through the index.
 */
export async function sampleRows(
  store: Store,
  table: TableInfo,
  summary: TableSummary,
  wanted: { limit: number; event?: string },
  signal: AbortSignal,
): Promise<Sampled> {
  const db = store.db();
  const columns = columnNames(db, table.name);
  const matching =
    wanted.event === undefined ? summary.rows : (summary.events.find(({ event }) => event === wanted.event)?.rows ?? 0);
  const limit = Math.min(wanted.limit, matching);
  const rowids =
    draw(db, table, wanted.event, limit, matching) ?? (await shuffle(store, table, wanted.event, limit, signal));
  const query = db.query<Scalar[], [number]>(
    `SELECT ${columns.map(quoteName).join(", ")} FROM ${quoteName(table.name)} WHERE rowid = ?`,
  );
  return { columns, rows: rowids.flatMap((rowid) => query.values(rowid) as Scalar[][]) };
}

/** Undefined when too few tries would hit. */
function draw(
  db: Database,
  table: TableInfo,
  event: string | undefined,
  limit: number,
  matching: number,
): number[] | undefined {
  const name = quoteName(table.name);
  const range = db
    .query<{ low: number | null; high: number | null }, []>(
      `SELECT (SELECT min(rowid) FROM ${name}) AS low, (SELECT max(rowid) FROM ${name}) AS high`,
    )
    .get();
  if (limit === 0 || range?.low == null || range.high === null) return [];
  const span = range.high - range.low + 1;
  // Drawing without repetition from few rows would take too many tries.
  if ((span / matching) * limit > MOST_TRIES / 4 || limit * 2 > matching) return undefined;
  const exists = db.query<{ found: number }, (number | string)[]>(
    `SELECT 1 AS found FROM ${name} WHERE rowid = ?${event === undefined ? "" : " AND event_name = ?"}`,
  );
  const found = new Set<number>();
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const rowid = range.low + Math.floor(Math.random() * span);
    if (found.has(rowid)) continue;
    if (exists.get(...(event === undefined ? [rowid] : [rowid, event])) !== null) found.add(rowid);
    if (found.size === limit) return [...found];
  }
  return undefined;
}

async function shuffle(
  store: Store,
  table: TableInfo,
  event: string | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<number[]> {
  const where = event === undefined ? "" : ` WHERE event_name = ${sqlText(event)}`;
  const sql = `SELECT rowid FROM ${quoteName(table.name)}${where} ORDER BY random() LIMIT ${limit}`;
  const { rows } = await store.sandbox().query(sql, { rows: limit, chars: 100_000 }, signal);
  return rows.map(([rowid]) => Number(rowid));
}
