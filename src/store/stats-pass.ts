/**
 * Statistics in the writer child: kept when a job ends, gathered anew by a pass over the rows when there are none for the
 * table's present version.
 */
import type { Database } from "bun:sqlite";
import { Fault } from "../fault.ts";
import type { ChildContext } from "./child-side.ts";
import { createProfile, type Profile, type PropertyProfile } from "./profile.ts";
import { type SampleReader, summarizeProfile, summarizeProperties, type TableSummary } from "./profile-summary.ts";
import type { Scalar } from "./profile-summary-values.ts";
import { PropertyKeys } from "./property-keys.ts";
import { type SqlValue, toCell } from "./sql-values.ts";
import { eventFeed, resultFeed } from "./stats-rows.ts";
import { quoteName, readTable, type TableInfo } from "./tables.ts";
import {
  type BackgroundTask,
  observerOf,
  type StatisticsPass,
  stateOf,
  tableOf,
  transaction,
  type WriterSession,
} from "./writer-session.ts";

/** Part of `_mp_stat` that holds the summary as JSON text; another number when TableSummary changes its shape. */
const SUMMARY_PART = "summary.2";

/** Rows per step: a few milliseconds, after which requests and cancellations are seen. */
const STEP_ROWS = 4_000;
/** A table that changes while it is read is read again, this often. */
const MOST_PASSES = 3;

/** Keeps the statistics gathered while storing. False: there are none, or they have to be gathered anew. */
export async function saveStatistics(session: WriterSession, table: TableInfo): Promise<boolean> {
  if (hasStatistics(session.db, table)) return true;
  const summary = await observerOf(stateOf(session, table))?.summarize(session.db, table);
  if (summary === undefined) return false;
  await store(session, table, summary);
  return true;
}

/** Makes sure that there are statistics for the table as it is now. Faults: TABLE_NOT_FOUND, CANCELLED, STORE_BUSY. */
export async function ensureStatistics(
  session: WriterSession,
  name: string,
  context: ChildContext,
): Promise<{ version: number }> {
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const table = tableOf(session, name);
    if (await saveStatistics(session, table)) return { version: table.version };
    const { profile, step } = passOf(session, table);
    while (step()) {
      context.progress({ rows: profile.ofRows.rows, total: table.row_count });
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (context.signal.aborted) {
        // A call that has to answer before the pass is through: the next one finds it done, or further on.
        session.background.push(statisticsTask(session, table.name));
        throw new Fault("CANCELLED", "The request was cancelled.");
      }
    }
    if (await finishPass(session, table, profile)) return { version: table.version };
  }
  throw new Fault("STORE_BUSY", `Table ${name} changes faster than it can be read.`, {
    suggestions: ["Wait until the fetch has ended (fetch_status), then try again."],
    retryAfterSeconds: 10,
  });
}

/** The same as background work, step by step; gives up when the table changes: then its next job asks again. */
export function statisticsTask(session: WriterSession, name: string): BackgroundTask {
  const first = readTable(session.db, name)?.version;
  return () => {
    const table = readTable(session.db, name);
    if (table === undefined || table.version !== first || hasStatistics(session.db, table)) return false;
    const { profile, step } = passOf(session, table);
    if (step()) return true;
    return finishPass(session, table, profile).then(
      () => false,
      () => false,
    );
  };
}

/** What is kept of a profile of the whole table; undefined when it has to be gathered anew. */
export function summarizeTable(db: Database, table: TableInfo, profile: Profile): TableSummary | undefined {
  if (profile.isDirty) return undefined;
  const samples = sampleReader(db, table, profile.ofProperties);
  return summarizeProfile(profile, { ...samples, ...userReader(db, table) });
}

/** The pass over the table's present version, begun when there is none. */
function passOf(session: WriterSession, table: TableInfo): StatisticsPass {
  const state = stateOf(session, table);
  state.pass ??= createPass(session.db, table);
  return state.pass;
}

function createPass(db: Database, table: TableInfo): StatisticsPass {
  const isResult = table.type === "result";
  // A column of a result may be called distinct_id or time: there it is looked at like any other.
  const keys = new PropertyKeys();
  const profile = createProfile(keys.names, isResult ? new Set() : undefined);
  const feed = (isResult ? resultFeed : eventFeed)(db, table, profile, keys);
  let rowid = Number.MIN_SAFE_INTEGER;
  return {
    profile,
    step: () => {
      const last = feed(rowid, STEP_ROWS);
      rowid = last ?? rowid;
      return last !== undefined;
    },
  };
}

/** False when the table is not the one that was read any more. */
async function finishPass(session: WriterSession, table: TableInfo, profile: Profile): Promise<boolean> {
  stateOf(session, table).pass = undefined;
  if (readTable(session.db, table.name)?.version !== table.version) return false;
  const summary = summarizeTable(session.db, table, profile);
  if (summary === undefined) return false;
  await store(session, table, summary);
  return true;
}

const SUMMARY_WHERE = "FROM _mp_stat WHERE table_id = ? AND part = ? AND version = ?";

function hasStatistics(db: Database, table: TableInfo): boolean {
  return (
    db
      .query<unknown, [number, string, number]>(`SELECT 1 ${SUMMARY_WHERE}`)
      .get(table.id, SUMMARY_PART, table.version) !== null
  );
}

/** The kept statistics of the table's present version; undefined when there are none. */
export function readSummary(db: Database, table: TableInfo): TableSummary | undefined {
  const row = db
    .query<{ data: string }, [number, string, number]>(`SELECT CAST(data AS TEXT) AS data ${SUMMARY_WHERE}`)
    .get(table.id, SUMMARY_PART, table.version);
  return row === null ? undefined : (JSON.parse(row.data) as TableSummary);
}

async function store(session: WriterSession, table: TableInfo, summary: TableSummary): Promise<void> {
  const data = JSON.stringify(summary);
  await transaction(session, () => {
    // Between the reading and this the table may have been dropped or changed: then nobody asks for this version again.
    if (readTable(session.db, table.name)?.version !== table.version) return;
    session.db
      .query("INSERT OR REPLACE INTO _mp_stat (table_id, part, version, data) VALUES (?, ?, ?, ?)")
      .run(table.id, SUMMARY_PART, table.version, data);
  });
}

/** Reads the users that a summary shows; result tables have none. */
export function userReader(db: Database, table: TableInfo): Pick<SampleReader, "user"> {
  if (table.type === "result") return { user: () => undefined };
  const query = db.query<{ id: Scalar }, [number]>(
    `SELECT distinct_id AS id FROM ${quoteName(table.name)} WHERE rowid = ?`,
  );
  return { user: (rowid) => query.get(rowid)?.id ?? undefined };
}

/**
 * The values that a summary of the profile will show: it is made once without them, to learn which. Each row is read once, and
 * no more of it kept than is wanted: tables may have thousands of properties.
 */
export function sampleReader(db: Database, table: TableInfo, profile: PropertyProfile): Pick<SampleReader, "property"> {
  const samples = new Map<number, Map<string, Scalar | undefined>>();
  summarizeProperties(profile, {
    property(rowid, key) {
      const wanted = samples.get(rowid);
      if (wanted === undefined) samples.set(rowid, new Map([[key, undefined]]));
      else wanted.set(key, undefined);
      return "";
    },
  });
  const read = table.type === "result" ? readCells(db, table) : readProperties(db, quoteName(table.name));
  for (const [rowid, wanted] of samples) read(rowid, wanted);
  return { property: (rowid, key) => samples.get(rowid)?.get(key) };
}

/** The beginning of a value as text; cut as bytes, because substr of a text ends at its first NUL. */
function beginning(value: string): string {
  const bytes = `CAST(${value} AS BLOB)`;
  return `CASE WHEN length(${bytes}) <= 4000 THEN CAST(${value} AS TEXT) ELSE CAST(substr(${bytes}, 1, 4000) AS TEXT) END`;
}

/** Fills in the values of one row. */
type ReadRow = (rowid: number, wanted: Map<string, Scalar | undefined>) => void;

/** Of equal keys the first counts, as SQLite's ->> reads them. */
function readProperties(db: Database, name: string): ReadRow {
  const query = db.query<[string, Scalar], [number, string]>(
    `SELECT j.key, ${beginning("j.value")} FROM ${name} AS t, json_each(t.properties) AS j
     WHERE t.rowid = ?1 AND j.key IN (SELECT value FROM json_each(?2))`,
  );
  return (rowid, wanted) => {
    for (const [key, value] of query.values(rowid, JSON.stringify([...wanted.keys()])) as [string, Scalar][]) {
      if (wanted.get(key) === undefined) wanted.set(key, value);
    }
  };
}

function readCells(db: Database, table: TableInfo): ReadRow {
  return (rowid, wanted) => {
    for (const column of wanted.keys()) {
      const name = quoteName(column);
      const cell = `CASE typeof(${name}) WHEN 'blob' THEN substr(${name}, 1, 300) ELSE ${beginning(name)} END`;
      // The database keeps the statement by its text.
      const query = db.query<[SqlValue], [number]>(`SELECT ${cell} FROM ${quoteName(table.name)} WHERE rowid = ?`);
      wanted.set(column, toCell((query.values(rowid)[0] as [SqlValue] | undefined)?.[0] ?? null));
    }
  };
}
