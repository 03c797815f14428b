/**
 * The write-ahead log is kept small by hand: each commit is a whole chunk, and SQLite's own habit of checkpointing every
 * thousand pages would wait for nobody and bound nothing while a reader holds on.
 */
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { Fault } from "../fault.ts";
import { storeFault } from "./schema.ts";

/** The file is cut back to this when the log starts anew. */
const KEEP_BYTES = 128 * 1024 * 1024;
/** After a commit the log's pages move into the file once there are so many. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;
/** Beyond this no chunk starts before the readers that hold the log have ended. */
const LIMIT_BYTES = 128 * 1024 * 1024;
/** Longer than any query of ours may run. */
const READER_WAIT_MS = 45_000;

export function configureLog(db: Database): void {
  db.run("PRAGMA wal_autocheckpoint = 0");
  db.run(`PRAGMA journal_size_limit = ${KEEP_BYTES}`);
}

/**
 * Moves what was committed into the file. Never waits, never fails: a reader in the way or a full disk means that a later
 * call does the rest; what was committed stays committed in the log.
 */
export function checkpoint(db: Database, path: string, least = CHECKPOINT_BYTES): void {
  if (logBytes(path) < least) return;
  try {
    db.run("PRAGMA wal_checkpoint(PASSIVE)");
  } catch (cause) {
    if (!(storeFault(cause) instanceof Fault)) throw cause;
  }
}

/** Empties the log file; false when a reader, a writer or a full disk is in the way. */
export function truncateLog(db: Database): boolean {
  try {
    return emptyLog(db);
  } catch (cause) {
    if (storeFault(cause) instanceof Fault) return false;
    throw cause;
  }
}

function emptyLog(db: Database): boolean {
  return db.query<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0;
}

/** Waits, when the log is large, until it can start anew. Throws STORE_BUSY when a reader never lets go, STORE_FULL. */
export async function requireLogRoom(db: Database, path: string, signal: AbortSignal): Promise<void> {
  if (logBytes(path) < LIMIT_BYTES) return;
  const deadline = Date.now() + READER_WAIT_MS;
  while (!emptyOrThrow(db)) {
    if (signal.aborted) throw new Fault("CANCELLED", "The request was cancelled.");
    if (Date.now() > deadline) {
      throw new Fault("STORE_BUSY", "A reader has kept the local store from writing back its log for too long.", {
        suggestions: ["Close other programs that have the store open in a transaction, then try again."],
        retryAfterSeconds: 30,
      });
    }
    await Bun.sleep(50);
  }
}

function emptyOrThrow(db: Database): boolean {
  try {
    return emptyLog(db);
  } catch (cause) {
    throw storeFault(cause);
  }
}

function logBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
