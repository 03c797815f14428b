/** The catalogue of the user's tables: one row of `_mp_table` each, read in the main process, written by the writer. */
import type { Database } from "bun:sqlite";
import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { stillMissing } from "./missing.ts";
import type { Store } from "./store.ts";

export type TableType = "events" | "profiles" | "result";
export type TableStatus = "complete" | "partial" | "running";

export type MissingRange = { from_date: string; to_date: string; reason?: string };

export type TableInfo = {
  /** The key in the internal tables; never reused. */
  id: number;
  name: string;
  type: TableType;
  row_count: number;
  /** Bytes of the rows as stored, without indexes. */
  size_bytes: number;
  /** ISO 8601 with zone, as all times of replies. */
  created_at: string;
  fetched_at: string | null;
  /** The days asked for so far, both ends included; null for profiles and results. */
  from_date: string | null;
  to_date: string | null;
  /** What the fetch was limited to (`events`, `where`, ...); null when nothing. */
  filters: Record<string, unknown> | null;
  status: TableStatus;
  missing_ranges: MissingRange[];
  /** How event_time relates to what Mixpanel sent: `UTC`, or the project's zone that was converted from. */
  timezone: string | null;
  /** Grows with every change of the rows: statistics are kept for one version. */
  version: number;
};

/** What the owner of a fetch may set; the writer keeps the counts itself. */
export type TableChange = Partial<
  Pick<TableInfo, "fetched_at" | "from_date" | "to_date" | "filters" | "status" | "missing_ranges" | "timezone">
>;

type TableRow = Omit<TableInfo, "filters" | "missing_ranges" | "size_bytes"> & {
  bytes: number;
  filters: string | null;
  missing_ranges: string;
};

const COLUMNS = `id, name, type, row_count, bytes, created_at, fetched_at, from_date, to_date, filters, status,
  missing_ranges, timezone, version`;

/** By name. A `running` table whose job's process is gone is `partial`. */
export function listTables(store: Store, type?: TableType): TableInfo[] {
  const db = store.db();
  return db
    .query<TableRow, [string | null]>(`SELECT ${COLUMNS} FROM _mp_table WHERE type = coalesce(?1, type) ORDER BY name`)
    .all(type ?? null)
    .map((row) => tableInfo(db, row));
}

/** Names compare as SQLite compares them: without case. */
export function findTable(store: Store, name: string): TableInfo | undefined {
  return readTable(store.db(), name);
}

/** Throws TABLE_NOT_FOUND with the nearest names. */
export function requireTable(store: Store, name: string): TableInfo {
  const found = findTable(store, name);
  if (found !== undefined) return found;
  const names = listTables(store).map((table) => table.name);
  throw tableNotFound(name, names);
}

/** The same on any connection: also used inside the writer. */
export function readTable(db: Database, name: string): TableInfo | undefined {
  const row = db.query<TableRow, [string]>(`SELECT ${COLUMNS} FROM _mp_table WHERE name = ?`).get(name);
  return row === null ? undefined : tableInfo(db, row);
}

export function tableNotFound(name: string, names: string[]): Fault {
  const near = nearest(name, names);
  const suggestions =
    names.length === 0
      ? ["The local store is empty: fetch data with fetch_events or fetch_profiles first."]
      : [`Tables there are: ${(near.length > 0 ? near : names).slice(0, 10).join(", ")}. list_tables shows them all.`];
  return new Fault("TABLE_NOT_FOUND", `There is no table ${JSON.stringify(name.slice(0, 80))} in the local store.`, {
    suggestions,
    details: { tables: names.slice(0, 50) },
  });
}

function tableInfo(db: Database, { bytes, ...row }: TableRow): TableInfo {
  const missing = stillMissing(db, row.id, JSON.parse(row.missing_ranges) as MissingRange[]);
  const left = missing.length > 0 ? "partial" : "complete";
  const status = row.status === "running" && !writing(db, row.name) ? left : row.status;
  return {
    ...row,
    size_bytes: bytes,
    status,
    filters: row.filters === null ? null : (JSON.parse(row.filters) as Record<string, unknown>),
    missing_ranges: missing,
  };
}

/** Whether a living process runs a job on the table. */
function writing(db: Database, table: string): boolean {
  return db
    .query<{ pid: number | null; started_at: string }, [string]>(
      `SELECT pid, started_at FROM _mp_job WHERE table_name = ? COLLATE NOCASE AND status = 'running'`,
    )
    .all(table)
    .some(({ pid, started_at }) => pid !== null && processAlive(pid) && !predecessor(pid, started_at));
}

/** In a container every start has the same pid: what began before this process is not its own. */
function predecessor(pid: number, startedAt: string): boolean {
  return pid === process.pid && Date.parse(startedAt) < performance.timeOrigin;
}

export function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** A name as an SQL identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Seconds precision, as the replies show times. */
export function isoNow(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
