/** What the writer child keeps between requests: its connection, and per table what was learnt while storing. */
import type { Database } from "bun:sqlite";
import { Fault } from "../fault.ts";
import { hashesOf, SeenRows } from "./dedupe.ts";
import { EventNames } from "./event-names.ts";
import type { Profile } from "./profile.ts";
import type { ReaderClient, ThreadPool } from "./reader-client.ts";
import type { LocalObserver, RowObserver } from "./row-observer.ts";
import { openDatabase, storeFault } from "./schema.ts";
import { processAlive, readTable, type TableInfo, tableNotFound } from "./tables.ts";
import { configureLog } from "./write-log.ts";

export type TableState = {
  /** The table's version these belong to: another process may have written since. */
  version: number;
  names: EventNames;
  /** Absent until the first chunk of events that needs it. */
  seen: SeenRows | undefined;
  /** Of the two, for events and for profiles, only one that has observed every row of the table is present. */
  reader?: ReaderClient;
  profile?: LocalObserver;
  /** A pass over the rows that is under way, or was left when its caller went away (stats-pass.ts). */
  pass?: StatisticsPass;
};

export type StatisticsPass = { profile: Profile; step: () => boolean };

/** A step of background work, short enough to make a request wait for it; false when there is nothing left to do. */
export type BackgroundTask = () => boolean | Promise<boolean>;

export type WriterSession = {
  readonly db: Database;
  readonly path: string;
  readonly tables: Map<number, TableState>;
  readonly threads: ThreadPool;
  /** The disk is not waited for at present: see ingest.ts. */
  isLoose: boolean;
  /** Work for when no request waits, first in, first out. */
  readonly background: BackgroundTask[];
};

/** How long a request waits for another process' chunk: chunks take a few seconds at most. */
const LOCK_WAIT_MS = 20_000;
const LOCK_RETRY_MS = 25;
/** Another process may be recovering the log of one that was killed. */
const OPEN_WAIT_MS = 5_000;

export function openSession(path: string): WriterSession {
  const db = openDatabase(path, OPEN_WAIT_MS);
  // From here on waiting is done where a cancellation can be seen.
  db.run("PRAGMA busy_timeout = 0");
  // Appending needs little cache; the checkpoint reads from the log, not from it.
  db.run("PRAGMA cache_size = -4096");
  db.run("PRAGMA temp_store = FILE");
  configureLog(db);
  return { db, path, tables: new Map(), threads: { idle: [], blocks: 0 }, isLoose: false, background: [] };
}

/**
 * Runs `work` in a write transaction. All of it is rolled back when it throws. Waits for other processes without
 * blocking, so that a cancellation is seen; then STORE_BUSY says who writes.
 */
export async function transaction<Result>(
  session: WriterSession,
  work: () => Result | Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const { db } = session;
  await begin(session, signal);
  try {
    const result = await work();
    db.run("COMMIT");
    return result;
  } catch (cause) {
    // SQLite has rolled back by itself after some errors (disk full).
    if (db.inTransaction) db.run("ROLLBACK");
    throw storeFault(cause);
  }
}

async function begin({ db }: WriterSession, signal: AbortSignal | undefined): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    if (signal?.aborted) throw new Fault("CANCELLED", "The request was cancelled.");
    try {
      db.run("BEGIN IMMEDIATE");
      return;
    } catch (cause) {
      const fault = storeFault(cause);
      if (!(fault instanceof Fault) || fault.code !== "STORE_BUSY") throw fault;
      if (Date.now() > deadline) throw busyFault(db);
    }
    await Bun.sleep(LOCK_RETRY_MS);
  }
}

function busyFault(db: Database): Fault {
  const writers = db
    .query<{ table_name: string; pid: number }, []>(
      `SELECT table_name, pid FROM _mp_job WHERE status = 'running' AND pid NOT NULL`,
    )
    .all()
    .filter(({ pid }) => processAlive(pid))
    .map(({ table_name, pid }) => `process ${pid} (table ${table_name})`);
  const who = writers.length === 0 ? "Another process" : writers.join(", ");
  return new Fault("STORE_BUSY", `${who} is writing to the local store.`, {
    suggestions: ["Try again when its job has ended; fetch_status lists the jobs that are running."],
    retryAfterSeconds: 10,
  });
}

/** Throws TABLE_NOT_FOUND. Inside a transaction the answer stays true until its end. */
export function tableOf(session: WriterSession, name: string): TableInfo {
  const table = readTable(session.db, name);
  if (table !== undefined) return table;
  const names = session.db.query<{ name: string }, []>("SELECT name FROM _mp_table ORDER BY name").all();
  throw tableNotFound(
    name,
    names.map((row) => row.name),
  );
}

/** What is known of a table, forgotten when another process has changed it since. */
export function stateOf(session: WriterSession, table: TableInfo): TableState {
  const known = session.tables.get(table.id);
  if (known !== undefined && known.version === table.version) return known;
  if (known !== undefined) observerOf(known)?.close();
  const state: TableState = { version: table.version, names: new EventNames(), seen: undefined };
  session.tables.set(table.id, state);
  return state;
}

export function observerOf({ reader, profile }: TableState): RowObserver | undefined {
  return reader ?? profile;
}

export function closeSession(session: WriterSession): void {
  forgetTables(session);
  for (const thread of session.threads.idle) thread.terminate();
  session.db.close();
}

/** After a rollback: what was seen and counted includes rows that are gone again. */
export function forgetTables(session: WriterSession): void {
  for (const state of session.tables.values()) observerOf(state)?.close();
  session.tables.clear();
}

/** The rows of a table by the hashes its ledger keeps. */
export function loadSeen(session: WriterSession, tableId: number): SeenRows {
  const seen = new SeenRows();
  const chunks = session.db
    .query<{ first_rowid: number; hashes: Uint8Array | null }, [number]>(
      "SELECT first_rowid, hashes FROM _mp_chunk WHERE table_id = ? ORDER BY first_rowid",
    )
    .iterate(tableId);
  for (const { first_rowid, hashes } of chunks) if (hashes !== null) seen.addChunk(hashesOf(hashes), first_rowid);
  return seen;
}

/** Records a change of a table's rows; returns the new version. */
export function countRows(session: WriterSession, table: TableInfo, rows: number, bytes: number): number {
  session.db
    .query(
      "UPDATE _mp_table SET row_count = row_count + ?, bytes = max(0, bytes + ?), version = version + 1 WHERE id = ?",
    )
    .run(rows, bytes, table.id);
  return table.version + 1;
}
