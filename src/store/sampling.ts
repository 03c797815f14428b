/** Uniform random rows of a table. */
import type { Database } from "bun:sqlite";
import { Fault } from "../fault.ts";
import type { TableSummary } from "./profile-summary.ts";
import { type Cell, type SqlValue, toCell } from "./sql-values.ts";
import { sqlText } from "./statistics.ts";
import { columnNames } from "./stats-rows.ts";
import type { Store } from "./store.ts";
import { quoteName, requireTable, type TableInfo } from "./tables.ts";

export type Sampled = { columns: string[]; rows: Cell[][] };

/** Random rowids tried in the main process: each costs a few microseconds. */
const MOST_TRIES = 4_000;

/**
 * Rowids are drawn evenly between the smallest and the largest; those that are free, taken already or of another event
 * are drawn again. So every row is equally likely, whatever the gaps. Where hits are too rare (a rare event), SQLite
 * shuffles the rowids of that event instead, found through the index.
 */
export async function sampleRows(...given: Parameters<typeof readSample>): Promise<Sampled> {
  try {
    return await readSample(...given);
  } catch (error) {
    if (error instanceof Fault && error.code !== "SQL_ERROR") throw error;
    // Dropped, or made anew with other columns, since its statistics were read.
    const [store, { name }] = given;
    requireTable(store, name);
    throw new Fault("STORE_BUSY", `Table ${name} changed while it was read.`, {
      suggestions: ["Try again."],
      cause: error,
    });
  }
}

async function readSample(
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
  const query = db
    .query<SqlValue[], [number]>(
      `SELECT ${columns.map(quoteName).join(", ")} FROM ${quoteName(table.name)} WHERE rowid = ?`,
    )
    .safeIntegers(true);
  const read = (rowid: number) => (query.values(rowid) as SqlValue[][]).map((row) => row.map((value) => toCell(value)));
  return { columns, rows: rowids.flatMap(read) };
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
