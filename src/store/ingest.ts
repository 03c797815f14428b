/** One spooled export answer -> rows, in one transaction with its ledger row; or nothing at all and the reason. */
import { statSync } from "node:fs";
import { Fault } from "../fault.ts";
import { dropIndexesFor } from "./base-indexes.ts";
import type { ChildContext } from "./child-side.ts";
import { chunksWithin, insertChunk } from "./chunks.ts";
import type { EventNames } from "./event-names.ts";
import { EventSink } from "./event-sink.ts";
import { inflate } from "./inflate.ts";
import { LineSplitter } from "./lines.ts";
import { ReaderClient } from "./reader-client.ts";
import { isoNow, quoteName, type TableInfo } from "./tables.ts";
import { checkpoint, requireLogRoom, truncateLog } from "./write-log.ts";
import type { EventChunk, IngestResult } from "./writer.ts";
import {
  countRows,
  forgetTables,
  loadSeen,
  stateOf,
  tableOf,
  transaction,
  type WriterSession,
} from "./writer-session.ts";

const PROGRESS_MS = 250;
/** Blocks that are read ahead of those being stored. */
const READ_AHEAD = 3;

/**
 * Faults: UPSTREAM_TRUNCATED with the reason, TABLE_NOT_FOUND, STORE_FULL, STORE_BUSY, CANCELLED. After any of them the
 * table is as it was.
 */
export async function ingestEvents(
  session: WriterSession,
  chunk: EventChunk,
  context: ChildContext,
): Promise<IngestResult> {
  if (chunk.framing === "close" && chunk.encoding === "identity") {
    throw truncated("nothing proves its end (no length, no chunks, no gzip)");
  }
  await requireLogRoom(session.db, session.path, context.signal);
  setDurability(session, chunk.table);
  try {
    const result = await transaction(session, () => storeChunk(session, chunk, context), context.signal);
    checkpoint(session.db, session.path);
    return result;
  } catch (cause) {
    forgetTables(session);
    truncateLog(session.db);
    throw cause;
  }
}

/**
 * Waiting for the disk costs a fifth of a first load. As long as there is nothing in the store but the table that is being
 * fetched for the first time, only the operating system's crash could hurt, and only that unfinished fetch: a killed
 * process loses nothing either way. As soon as the writer has a moment, `writeOut` brings everything to the disk.
 */
function setDurability(session: WriterSession, table: string): void {
  const other = session.db
    .query<unknown, [string]>("SELECT 1 FROM _mp_table WHERE row_count > 0 AND (name <> ? OR fetched_at NOT NULL)")
    .get(table);
  session.isLoose = other === null;
  session.db.run(`PRAGMA synchronous = ${session.isLoose ? "OFF" : "NORMAL"}`);
}

/** Ends the time in which the disk is not waited for; true when there was one. */
export function writeOut(session: WriterSession): boolean {
  if (!session.isLoose) return false;
  session.isLoose = false;
  session.db.run("PRAGMA synchronous = NORMAL");
  truncateLog(session.db);
  return true;
}

function truncated(reason: string): Fault {
  return new Fault("UPSTREAM_TRUNCATED", `The download is not whole: ${reason}.`);
}

async function storeChunk(session: WriterSession, chunk: EventChunk, context: ChildContext): Promise<IngestResult> {
  const before = tableOf(session, chunk.table);
  const known = alreadyStored(session, before, chunk);
  if (known !== undefined) return known;
  const removed = removeChunks(session, before, chunk);
  const table = tableOf(session, chunk.table);
  const state = stateOf(session, table);
  state.seen ??= loadSeen(session, table.id);
  if (table.row_count === 0) state.reader ??= newReader(session, state.names);
  dropIndexesFor(session, table, statSync(chunk.path).size);
  const sink = new EventSink(session.db, table.name, { ...state, seen: state.seen }, chunk.timezone);
  const bytes = await feed(sink, chunk, context);
  const { tally, odd } = sink;
  insertChunk(
    session.db,
    table.id,
    {
      from_date: chunk.fromDate,
      to_date: chunk.toDate,
      page: 0,
      job_id: chunk.jobId,
      stored_at: isoNow(),
      first_rowid: sink.firstRowid,
      last_rowid: sink.firstRowid + tally.rows - 1,
      rows: tally.rows,
      duplicates: tally.duplicates,
      rejected: odd.rejected,
      bytes,
      stored_bytes: tally.storedBytes,
    },
    sink.hashes.bytes(),
  );
  state.version = countRows(session, table, tally.rows, tally.storedBytes);
  return {
    rows: tally.rows,
    duplicates: tally.duplicates,
    rejected: odd.rejected,
    examples: odd.examples,
    bytes,
    notes: [...sink.notes(), ...(removed > 0 ? [`${removed} rows of the same days were replaced.`] : [])],
  };
}

/** Reading threads kept for tables that may get more rows; one more costs the oldest, whose table is read again. */
const MOST_READERS = 2;

function newReader(session: WriterSession, names: EventNames): ReaderClient {
  const kept = [...session.tables.values()].filter(({ reader }) => reader !== undefined);
  for (const state of kept.slice(0, kept.length + 1 - MOST_READERS)) {
    state.reader?.close();
    state.reader = undefined;
  }
  const reader = new ReaderClient(session.threads);
  for (const [code, name] of names.bytes.entries()) reader.eventName(code, name.toString("utf8"));
  return reader;
}

/** The answer to a request that was carried out before, by a process that died before it could say so. */
function alreadyStored(session: WriterSession, table: TableInfo, chunk: EventChunk): IngestResult | undefined {
  if (chunk.replace) return undefined;
  const same = chunksWithin(session.db, table.id, chunk.fromDate, chunk.toDate).find(
    ({ from_date, to_date, job_id }) =>
      from_date === chunk.fromDate && to_date === chunk.toDate && job_id === chunk.jobId,
  );
  if (same === undefined) return undefined;
  const { rows, duplicates, rejected, bytes } = same;
  return { rows, duplicates, rejected, examples: [], bytes, notes: [] };
}

/**
 * The rows of the chunks that these days cover go: the new download answers for them. Also without `replace`, when
 * another process was faster with the same days.
 */
function removeChunks(session: WriterSession, table: TableInfo, { fromDate, toDate }: EventChunk): number {
  const old = chunksWithin(session.db, table.id, fromDate, toDate);
  if (old.length === 0) return 0;
  const remove = session.db.query(`DELETE FROM ${quoteName(table.name)} WHERE rowid BETWEEN ? AND ?`);
  for (const { first_rowid, last_rowid } of old) remove.run(first_rowid, last_rowid);
  session.db
    .query("DELETE FROM _mp_chunk WHERE table_id = ? AND from_date >= ? AND to_date <= ?")
    .run(table.id, fromDate, toDate);
  const rows = old.reduce((sum, one) => sum + one.rows, 0);
  const bytes = old.reduce((sum, one) => sum + one.stored_bytes, 0);
  countRows(session, table, -rows, -bytes);
  return rows;
}

/** Runs the file through the sink; returns the bytes after inflating. Throws unless the stream proved whole. */
async function feed(sink: EventSink, chunk: EventChunk, context: ChildContext): Promise<number> {
  const splitter = new LineSplitter(sink);
  let bytes = 0;
  let reported = Date.now();
  for await (const piece of inflate(chunk.path, chunk.encoding)) {
    if (context.signal.aborted) throw new Fault("CANCELLED", "The fetch was cancelled.");
    bytes += piece.length;
    splitter.push(piece);
    await sink.settle(READ_AHEAD);
    if (sink.odd.broken !== undefined) throw truncated(sink.odd.broken);
    if (Date.now() - reported > PROGRESS_MS) {
      reported = Date.now();
      context.progress(sink.tally.rows);
    }
  }
  splitter.end();
  await sink.settle(0);
  const broken = sink.odd.broken ?? sink.odd.lastLineBroken();
  if (broken !== undefined) throw truncated(broken);
  return bytes;
}
