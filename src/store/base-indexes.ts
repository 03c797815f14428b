/** The three covering indexes every events table gets behind its last chunk, and their absence while many rows arrive. */
import { CANONICAL_DAY } from "./rewrite-access.ts";
import { quoteName, readTable, type TableInfo } from "./tables.ts";
import { checkpoint, requireLogRoom } from "./write-log.ts";
import { type BackgroundTask, transaction, type WriterSession } from "./writer-session.ts";

/** By name: users of an event over time, events of a user over time, users of a day. Names carry the table's id: a dropped table's linger. */
const COLUMNS = {
  name: "event_name, event_time, distinct_id",
  user: "distinct_id, event_time, event_name",
  day: `${CANONICAL_DAY}, distinct_id`,
} as const;

const PREFIX = "_mp_index_";

/** One step per index; each is built in a transaction of its own. Does nothing for other types of table. */
export function baseIndexTasks(session: WriterSession, table: TableInfo): BackgroundTask[] {
  if (table.type !== "events") return [];
  return Object.entries(COLUMNS).map(([kind, columns]) => async () => {
    await requireLogRoom(session.db, session.path, NEVER);
    await transaction(session, () => {
      const now = readTable(session.db, table.name);
      if (now?.id !== table.id) return;
      const name = quoteName(`${PREFIX}${table.id}_${kind}`);
      session.db.run(`CREATE INDEX IF NOT EXISTS ${name} ON ${quoteName(now.name)} (${columns})`);
    });
    checkpoint(session.db, session.path);
    return false;
  });
}

const NEVER = new AbortController().signal;

/** Share of the table's rows from which on rebuilding the indexes is cheaper than keeping them up. */
const REBUILD_SHARE = 0.2;
/** Rows a compressed byte stands for, about. */
const ROWS_PER_BYTE = 1 / 140;

/** Inside the transaction of a chunk that is large beside its table: takes all of the table's indexes away. */
export function dropIndexesFor(session: WriterSession, table: TableInfo, compressedBytes: number): void {
  if (compressedBytes * ROWS_PER_BYTE < table.row_count * REBUILD_SHARE) return;
  const indexes = session.db
    .query<{ name: string }, [string, string]>(
      "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name GLOB ?",
    )
    .all(table.name, `${PREFIX}*`);
  for (const { name } of indexes) session.db.run(`DROP INDEX ${quoteName(name)}`);
}
