/** Indexes on properties, in the writer child: built in the background because queries used them, given up when space is short. */
import type { Database } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { quoteName, readTable, type TableInfo } from "./tables.ts";
import { checkpoint, requireLogRoom } from "./write-log.ts";
import { transaction, type WriterSession } from "./writer-session.ts";

/** Per table; the oldest makes room for a new one. At a million events each takes 15 to 40 MB. */
const MOST_INDEXES = 12;
/** No index is built when less than this would stay free beside it, and those there are go when less than a quarter of it is left. */
const FREE_BYTES = 2 * 1024 ** 3;

/** `_mp_index_<table>_q_<hash>`: the prefix of all indexes of ours, which ingest drops before large chunks (base-indexes.ts). */
const PREFIX = (table: TableInfo) => `_mp_index_${table.id}_q_`;

export type IndexRequest = { table: string; columns: string[] };

/** Queues the index; answers at once. `columns` are plain columns or canonical expressions (rewrite-access.ts). */
export function wishIndex(session: WriterSession, { table: name, columns }: IndexRequest): { queued: boolean } {
  const table = readTable(session.db, name);
  if (table === undefined || table.type !== "events") return { queued: false };
  const index = `${PREFIX(table)}${Bun.hash(columns.join("\n")).toString(36)}`;
  if (wished(session.db, table).includes(index)) return { queued: false };
  if (freeBytes(session.path) < FREE_BYTES) {
    if (freeBytes(session.path) < FREE_BYTES / 4) session.background.push(() => dropAll(session, table));
    return { queued: false };
  }
  session.background.push(() => build(session, table, index, columns));
  return { queued: true };
}

async function build(session: WriterSession, wanted: TableInfo, index: string, columns: string[]): Promise<boolean> {
  await requireLogRoom(session.db, session.path, NEVER);
  await transaction(session, () => {
    const table = readTable(session.db, wanted.name);
    if (table?.id !== wanted.id || table.status === "running") return;
    const [oldest, ...others] = wished(session.db, table);
    if (oldest !== undefined && others.length + 1 >= MOST_INDEXES) session.db.run(`DROP INDEX ${quoteName(oldest)}`);
    session.db.run(
      `CREATE INDEX IF NOT EXISTS ${quoteName(index)} ON ${quoteName(table.name)} (${columns.join(", ")})`,
    );
  });
  checkpoint(session.db, session.path);
  return false;
}

async function dropAll(session: WriterSession, table: TableInfo): Promise<boolean> {
  await transaction(session, () => {
    for (const index of wished(session.db, table)) session.db.run(`DROP INDEX ${quoteName(index)}`);
  });
  return false;
}

/** Oldest first. */
function wished(db: Database, table: TableInfo): string[] {
  return db
    .query<{ name: string }, [string, string]>(
      "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND name GLOB ? ORDER BY rowid",
    )
    .all(table.name, `${PREFIX(table)}*`)
    .map(({ name }) => name);
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

const NEVER = new AbortController().signal;
