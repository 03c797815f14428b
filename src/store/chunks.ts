/**
 * The ledger: one row of `_mp_chunk` for each chunk that is stored, written in the transaction of its rows. What is not
 * in the ledger is not in the table.
 */
import type { Database } from "bun:sqlite";
import type { Store } from "./store.ts";
import { readTable } from "./tables.ts";

export type ChunkInfo = {
  /** Both ends included; empty text for profile pages. */
  from_date: string;
  to_date: string;
  /** Number of the profile page; 0 for events. */
  page: number;
  job_id: string;
  stored_at: string;
  rows: number;
  duplicates: number;
  rejected: number;
  /** Bytes of the download after inflating. */
  bytes: number;
};

/** A chunk as the writer sees it: its rows are those with rowid in [first, last]. */
export type StoredChunk = ChunkInfo & { first_rowid: number; last_rowid: number; stored_bytes: number };

/** Oldest days first; empty when there is no such table. */
export function listChunks(store: Store, table: string): ChunkInfo[] {
  const id = readTable(store.db(), table)?.id;
  if (id === undefined) return [];
  return store
    .db()
    .query<ChunkInfo, [number]>(
      `SELECT from_date, to_date, page, job_id, stored_at, rows, duplicates, rejected, bytes
       FROM _mp_chunk WHERE table_id = ? ORDER BY from_date, to_date, page`,
    )
    .all(id);
}

/** The chunks whose days all lie within [fromDate, toDate]: those that a download of that range replaces. */
export function chunksWithin(db: Database, tableId: number, fromDate: string, toDate: string): StoredChunk[] {
  return db
    .query<StoredChunk, [number, string, string]>(
      `SELECT from_date, to_date, page, job_id, stored_at, rows, duplicates, rejected, bytes, first_rowid, last_rowid,
         stored_bytes
       FROM _mp_chunk WHERE table_id = ? AND from_date >= ? AND to_date <= ?`,
    )
    .all(tableId, fromDate, toDate);
}

export function insertChunk(db: Database, tableId: number, chunk: StoredChunk, hashes: Uint8Array | null): void {
  db.query(
    `INSERT OR REPLACE INTO _mp_chunk (table_id, from_date, to_date, page, job_id, stored_at, first_rowid, last_rowid,
       rows, duplicates, rejected, bytes, stored_bytes, hashes) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
  ).run(
    tableId,
    chunk.from_date,
    chunk.to_date,
    chunk.page,
    chunk.job_id,
    chunk.stored_at,
    chunk.first_rowid,
    chunk.last_rowid,
    chunk.rows,
    chunk.duplicates,
    chunk.rejected,
    chunk.bytes,
    chunk.stored_bytes,
    hashes,
  );
}
