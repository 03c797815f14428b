/**
 * The store's own tables, and who may open the file at all. A file that is not ours, is newer than this program or has
 * been given a schema of its own is refused and left untouched: a trigger or a view in it would run with our rights.
 */
import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { Fault } from "../fault.ts";

/** `MPDX`: tells our files from any other SQLite file. */
const APPLICATION_ID = 0x4d504458;

/**
 * The largest there is: rows are about a kilobyte and are appended, so that fewer, larger writes are what counts (CPU time of
 * ingest in the kernel: 2.5 us per event with 16 KB, 1.7 with 32 KB, 1.2 with 64 KB). Point reads cost a little more.
 */
const PAGE_BYTES = 65_536;

/** Each entry brings a file from version index to index + 1. Never edit an entry that was released; add one. */
const MIGRATIONS: readonly string[][] = [
  [
    `CREATE TABLE _mp_table (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE COLLATE NOCASE,
      type TEXT NOT NULL,
      row_count INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0,
      created_at TEXT NOT NULL,
      fetched_at TEXT,
      from_date TEXT,
      to_date TEXT,
      filters TEXT,
      status TEXT NOT NULL,
      missing_ranges TEXT NOT NULL DEFAULT '[]',
      timezone TEXT,
      version INTEGER NOT NULL DEFAULT 0,
      query TEXT)`,
    `CREATE TABLE _mp_chunk (
      table_id INTEGER NOT NULL,
      from_date TEXT NOT NULL,
      to_date TEXT NOT NULL,
      page INTEGER NOT NULL,
      job_id TEXT NOT NULL,
      stored_at TEXT NOT NULL,
      first_rowid INTEGER NOT NULL,
      last_rowid INTEGER NOT NULL,
      rows INTEGER NOT NULL,
      duplicates INTEGER NOT NULL,
      rejected INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      stored_bytes INTEGER NOT NULL,
      hashes BLOB,
      PRIMARY KEY (table_id, from_date, to_date, page)) WITHOUT ROWID`,
    `CREATE TABLE _mp_job (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      table_name TEXT NOT NULL,
      status TEXT NOT NULL,
      request TEXT NOT NULL,
      progress TEXT NOT NULL,
      pid INTEGER,
      started_at TEXT NOT NULL,
      heartbeat_at TEXT,
      finished_at TEXT)`,
    `CREATE TABLE _mp_stat (
      table_id INTEGER NOT NULL,
      part TEXT NOT NULL,
      version INTEGER NOT NULL,
      data BLOB NOT NULL,
      PRIMARY KEY (table_id, part)) WITHOUT ROWID`,
  ],
];

/** Dropped tables on their way out are called so, with their id. */
export const DROPPED_PREFIX = "_mp_dropped_";

export const SCHEMA_VERSION = MIGRATIONS.length;

/** The columns of a fetched table: exactly the contract's. */
export const USER_TABLE_DDL = {
  events: `(event_name TEXT, event_time TEXT, distinct_id TEXT, insert_id TEXT, properties TEXT)`,
  profiles: `(distinct_id TEXT PRIMARY KEY, last_seen TEXT, properties TEXT)`,
} as const;

/** Opens the store's file for reading and writing, creating or migrating it. Throws a Fault and leaves the file as it is otherwise. */
export function openDatabase(path: string, busyMs: number): Database {
  refuseForeign(path);
  let db: Database | undefined;
  try {
    db = new Database(path, { create: true, readwrite: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${busyMs}`);
    db.run("PRAGMA trusted_schema = OFF");
    migrate(db, path);
    db.run("PRAGMA synchronous = NORMAL");
    return db;
  } catch (cause) {
    db?.close();
    throw openFault(cause, path);
  }
}

/**
 * Asks for numbers of the header only, for which SQLite reads the first page and parses nothing. It must be SQLite that
 * opens the file: closing it ourselves would drop the locks of every other connection this process has to it.
 */
function refuseForeign(path: string): void {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined || info.size === 0) return;
  if (!info.isFile()) throw notOurs(path, "it is not a file");
  const header = readHeader(path);
  // Another process is making the store at this moment, or died of it: a file in which no table was ever made.
  if (header.schema_version === 0 && header.user_version === 0) return;
  if (header.application_id !== APPLICATION_ID) throw notOurs(path, "another program made it");
  refuseNewer(header.user_version, path);
}

type Header = { application_id: number; user_version: number; schema_version: number };

function readHeader(path: string): Header {
  let db: Database | undefined;
  try {
    db = new Database(path, { readonly: true });
    db.run("PRAGMA busy_timeout = 5000");
    const number = (name: keyof Header) => db?.query<Header, []>(`PRAGMA ${name}`).get()?.[name] ?? 0;
    return {
      application_id: number("application_id"),
      user_version: number("user_version"),
      schema_version: number("schema_version"),
    };
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "SQLITE_NOTADB") {
      throw notOurs(path, "it is not a SQLite database");
    }
    throw openFault(cause, path);
  } finally {
    db?.close();
  }
}

function refuseNewer(version: number, path: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new Fault(
    "CONFIG_INVALID",
    `The store ${path} was made by a newer version of this program (format ${version}).`,
    {
      suggestions: ["Update mixpanel-data-mcp, or choose another folder with MP_DATA_DIR or --data-dir."],
    },
  );
}

function migrate(db: Database, path: string): void {
  const version = userVersion(db);
  refuseNewer(version, path);
  if (version === 0) {
    // The first two only take effect before the first page is written. The header is written before the switch to WAL,
    // so that refuseForeign always finds it in the file itself. Incremental: pages of dropped tables can go back to the
    // disk bit by bit.
    db.run(`PRAGMA page_size = ${PAGE_BYTES}`);
    db.run("PRAGMA auto_vacuum = INCREMENTAL");
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run("PRAGMA journal_mode = WAL");
  } else {
    refuseAltered(db, path);
  }
  if (version === SCHEMA_VERSION) return;
  db.transaction(() => {
    // Another process may have been faster.
    for (const statement of MIGRATIONS.slice(userVersion(db)).flat()) db.run(statement);
    db.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  }).immediate();
}

function userVersion(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}

/** Nothing of ours is a trigger, a view or a virtual table, and our own tables look exactly as we made them. */
function refuseAltered(db: Database, path: string): void {
  const strange = db
    .query<{ name: string }, []>(
      `SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view') OR sql LIKE 'create virtual%' LIMIT 1`,
    )
    .get();
  if (strange !== null)
    throw notOurs(path, "it holds triggers, views or virtual tables, which this program never makes");
  const own = db
    .query<{ sql: string }, []>(`SELECT sql FROM sqlite_master
       WHERE type = 'table' AND name GLOB '_mp_*' AND name NOT GLOB '${DROPPED_PREFIX}*'`)
    .all();
  const made = new Set(MIGRATIONS.slice(0, userVersion(db)).flat());
  const same = own.filter(({ sql }) => made.has(sql)).length;
  const expected = [...made].filter((sql) => sql.startsWith("CREATE TABLE")).length;
  if (same !== expected || own.length !== expected)
    throw notOurs(path, "its internal tables are not the ones this program makes");
}

function notOurs(path: string, why: string): Fault {
  return new Fault("CONFIG_INVALID", `${path} cannot be used as the local store: ${why}. It was left untouched.`, {
    suggestions: ["Move that file away, or choose another folder with MP_DATA_DIR or --data-dir."],
  });
}

/** Turns what SQLite says on opening into a Fault; Faults pass. */
function openFault(cause: unknown, path: string): unknown {
  if (!(cause instanceof Error) || cause instanceof Fault) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  if (/NOTADB|CORRUPT/.test(code)) return notOurs(path, "the file is damaged");
  if (/CANTOPEN|READONLY|PERM|AUTH|EACCES|ENOENT|ENOTDIR/.test(code)) {
    return new Fault("CONFIG_INVALID", `The local store ${path} cannot be opened for writing (${code}).`, {
      suggestions: ["Make the data folder writable, or choose another with MP_DATA_DIR or --data-dir."],
      cause,
    });
  }
  return storeFault(cause);
}

/** SQLite's full, busy and input/output errors as Faults; anything else stays what it is. */
export function storeFault(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof Fault) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  if (/FULL|ENOSPC|EDQUOT|EFBIG|IOERR/.test(code) || /disk is full|disk I\/O error/.test(cause.message)) {
    return new Fault("STORE_FULL", `The disk of the local store cannot take more (${code || cause.message}).`, {
      suggestions: ["Free some space on the disk or drop tables with drop_table, then try again."],
      cause,
    });
  }
  if (/BUSY|LOCKED/.test(code)) {
    return new Fault("STORE_BUSY", "Another process is writing to the local store.", {
      suggestions: ["Try again in a few seconds; fetch_status lists the jobs that are running."],
      retryAfterSeconds: 5,
      cause,
    });
  }
  if (/READONLY|EROFS|EACCES/.test(code)) {
    return new Fault("STORE_FULL", `The local store cannot be written (${code}).`, {
      suggestions: ["Make the data folder writable, or choose another with MP_DATA_DIR or --data-dir."],
      cause,
    });
  }
  return cause;
}
