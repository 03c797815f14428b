/** Tables made, changed and dropped: the writer's commands that are not about fetched rows. */
import { readFileSync, rmSync } from "node:fs";
import { Fault } from "../fault.ts";
import { DROPPED_PREFIX, USER_TABLE_DDL } from "./schema.ts";
import { decodeRow } from "./sql-spool.ts";
import { isoNow, quoteName, readTable, type TableChange, type TableInfo, type TableType } from "./tables.ts";
import { checkpoint } from "./write-log.ts";
import type { AdoptedResult, JobRow } from "./writer.ts";
import { countRows, tableOf, transaction, type WriterSession } from "./writer-session.ts";

export type NewTable = { name: string; type: TableType } & TableChange;

export function createTable(session: WriterSession, table: NewTable): Promise<void> {
  if (table.type === "result") throw new Fault("INTERNAL", "Result tables are adopted, not created.");
  const ddl = USER_TABLE_DDL[table.type];
  return transaction(session, () => {
    register(session, table, null);
    session.db.run(`CREATE TABLE ${quoteName(table.name)} ${ddl}`);
  });
}

/** Adds the catalogue row. Throws TABLE_EXISTS. */
function register(session: WriterSession, table: NewTable, query: string | null): void {
  if (readTable(session.db, table.name) !== undefined) {
    throw new Fault("TABLE_EXISTS", `A table ${table.name} exists already.`, {
      suggestions: ["Choose another name, or drop_table it first."],
    });
  }
  session.db
    .query("INSERT INTO _mp_table (name, type, created_at, status, query) VALUES (?, ?, ?, 'complete', ?)")
    .run(table.name, table.type, isoNow(), query);
  change(session, table.name, table);
}

export function updateTable(session: WriterSession, table: string, changes: TableChange): Promise<void> {
  return transaction(session, () => {
    tableOf(session, table);
    change(session, table, changes);
  });
}

/** Sets what `changes` names; what is undefined stays. */
function change({ db }: WriterSession, table: string, changes: TableChange): void {
  const set = (column: string, value: string | null | undefined) => {
    if (value !== undefined) db.query(`UPDATE _mp_table SET ${column} = ? WHERE name = ?`).run(value, table);
  };
  const json = (value: unknown) =>
    value === undefined || value === null ? (value as null | undefined) : JSON.stringify(value);
  set("fetched_at", changes.fetched_at);
  set("from_date", changes.from_date);
  set("to_date", changes.to_date);
  set("filters", json(changes.filters));
  set("status", changes.status);
  set("missing_ranges", json(changes.missing_ranges));
  set("timezone", changes.timezone);
}

export function saveJob(session: WriterSession, job: JobRow): Promise<void> {
  return transaction(session, () => {
    session.db
      .query(
        `INSERT INTO _mp_job (id, kind, table_name, status, request, progress, pid, started_at, heartbeat_at, finished_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, progress = excluded.progress, pid = excluded.pid,
           heartbeat_at = excluded.heartbeat_at, finished_at = excluded.finished_at`,
      )
      .run(
        job.id,
        job.kind,
        job.table_name,
        job.status,
        JSON.stringify(job.request ?? null),
        JSON.stringify(job.progress ?? null),
        job.pid,
        job.started_at,
        job.heartbeat_at,
        job.finished_at,
      );
  });
}

/**
 * Takes the tables out of sight in one short transaction; their pages are freed behind, a few thousand rows at a time, so
 * that nobody waits for the write lock however large they were.
 */
export async function dropTables(
  session: WriterSession,
  names: string[],
): Promise<{ dropped: string[]; rows: number }> {
  const gone: TableInfo[] = [];
  await transaction(session, () => {
    gone.length = 0;
    for (const name of names) {
      const table = readTable(session.db, name);
      if (table === undefined) continue;
      session.db.run(`ALTER TABLE ${quoteName(table.name)} RENAME TO ${quoteName(`${DROPPED_PREFIX}${table.id}`)}`);
      for (const part of ["_mp_chunk WHERE table_id", "_mp_stat WHERE table_id", "_mp_table WHERE id"]) {
        session.db.query(`DELETE FROM ${part} = ?`).run(table.id);
      }
      gone.push(table);
    }
  });
  session.background.push(cleaner(session));
  return { dropped: gone.map(({ name }) => name), rows: gone.reduce((sum, { row_count }) => sum + row_count, 0) };
}

const ROWS_PER_STEP = 5_000;
const PAGES_PER_STEP = 200;

/** Frees dropped tables, those an earlier process left too, then gives their pages back to the disk. */
export function cleaner(session: WriterSession): () => Promise<boolean> {
  const { db, path } = session;
  return async () => {
    const table = db
      .query<{ name: string }, []>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '${DROPPED_PREFIX}*'`,
      )
      .get();
    const more = await transaction(session, () => {
      if (table !== null) return clearSome(session, table.name);
      const free = db.query<{ freelist_count: number }, []>("PRAGMA freelist_count").get()?.freelist_count ?? 0;
      if (free > 0) db.query(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
      return free > PAGES_PER_STEP;
    });
    checkpoint(db, path);
    return more;
  };
}

function clearSome({ db }: WriterSession, table: string): boolean {
  const name = quoteName(table);
  // Indexes first: without them deleting rows is cheap.
  const index = db
    .query<{ name: string }, [string]>(
      "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL",
    )
    .get(table);
  if (index !== null) db.run(`DROP INDEX ${quoteName(index.name)}`);
  else {
    const { changes } = db.run(`DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} LIMIT ${ROWS_PER_STEP})`);
    if (changes < ROWS_PER_STEP) db.run(`DROP TABLE ${name}`);
  }
  return true;
}

/** Makes a table of the rows in a spool file (sql-spool.ts, `rows`). Faults: TABLE_EXISTS, STORE_FULL, STORE_BUSY. */
export async function adoptResult(session: WriterSession, result: AdoptedResult): Promise<{ rows: number }> {
  const { db, path } = session;
  try {
    const rows = await transaction(session, () => {
      register(session, { name: result.table, type: "result", fetched_at: isoNow() }, result.query);
      const columns = result.columns.map(({ name, type }) => `${quoteName(name)} ${type}`);
      db.run(`CREATE TABLE ${quoteName(result.table)} (${columns.join(", ")})`);
      return copyRows(session, result);
    });
    checkpoint(db, path);
    return { rows };
  } finally {
    rmSync(result.path, { force: true });
  }
}

const AFFINITIES = new Set(["", "INTEGER", "REAL", "TEXT", "BLOB", "NUMERIC", "ANY"]);

function copyRows(session: WriterSession, { table, columns, path }: AdoptedResult): number {
  if (columns.some(({ type }) => !AFFINITIES.has(type)))
    throw new Fault("INTERNAL", "A result column has an unknown type.");
  // A number without a fraction is bound as an integer; the column's type makes it a real again, where there is one.
  const slots = columns.map(({ type }) => (type === "" ? "iif(?, CAST(? AS REAL), ?)" : "?"));
  const insert = session.db.query(`INSERT INTO ${quoteName(table)} VALUES (${slots.join(", ")})`);
  let rows = 0;
  let bytes = 0;
  for (const line of linesOf(path)) {
    insert.run(
      ...decodeRow(line).flatMap((value, index) => {
        const real = typeof value === "number";
        return columns[index]?.type === "" ? [real ? 1 : 0, real ? value : null, value] : [value];
      }),
    );
    rows++;
    bytes += line.length;
  }
  countRows(session, tableOf(session, table), rows, bytes);
  return rows;
}

function* linesOf(path: string): Generator<string> {
  const bytes = readFileSync(path);
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) yield bytes.toString("utf8", start, end);
    start = end + 1;
  }
}
