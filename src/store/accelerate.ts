/** What makes a model's SQL faster without its doing: rewriting before, and an index in the background after a slow query. */
import type { Database } from "bun:sqlite";
import type { Log } from "../log.ts";
import { type Indexed, rewriteQuery, type Wish } from "./rewrite.ts";
import type { Rewrite } from "./sandbox.ts";
import type { Store } from "./store.ts";
import { listTables } from "./tables.ts";
import type { Writer } from "./writer.ts";

/** A query that was faster needs no index. */
const SLOW_MS = 100;
const COLUMNS = new Set(["event_name", "event_time", "distinct_id", "insert_id", "properties"]);

export type AcceleratorOptions = { store: Store; log: Log };

/** The rewriter the sandbox calls for each query. */
export function createAccelerator({ store, log }: AcceleratorOptions): Rewrite {
  const asked = new Map<string, number>();
  const wish = (writer: Writer, { table, columns }: Wish) => {
    writer.request("index", { table, columns }).catch((error: unknown) => log.debug(`no index on ${table}: ${error}`));
  };
  return (sql) => {
    const { sql: rewritten, wishes } = rewriteQuery(sql, indexedTables(store));
    return {
      sql: rewritten,
      after(elapsedMs) {
        if (elapsedMs < SLOW_MS || wishes.length === 0) return undefined;
        let waiting = false;
        for (const each of wishes) {
          const key = JSON.stringify(each);
          waiting ||= asked.has(key);
          if (Date.now() - (asked.get(key) ?? 0) < ASK_AGAIN_MS) continue;
          asked.set(key, Date.now());
          wish(store.writer(), each);
        }
        const names = [...new Set(wishes.flatMap(({ columns }) => columns.map(nameOf)))].join(", ");
        return `An index on ${names} is being built in the background${waiting ? "" : ": the next such query will be faster"}.`;
      },
    };
  };
}

/** An index that was asked for may have been refused, or dropped with its table. */
const ASK_AGAIN_MS = 60_000;

/** A property as it is called; other columns as they are written. */
function nameOf(what: string): string {
  return /^properties->>'\$\."(.*)"'$/.exec(what)?.[1]?.replaceAll("''", "'") ?? what;
}

/** The tables of events with their indexes as the planner would match them. */
export function indexedTables(store: Store): Map<string, Indexed> {
  const db = store.db();
  const tables = listTables(store, "events").map(({ name }): [string, Indexed] => [
    name.toLowerCase(),
    { name, columns: COLUMNS, indexes: indexesOf(db, name) },
  ]);
  return new Map(tables);
}

function indexesOf(db: Database, table: string): string[][] {
  return db
    .query<{ sql: string }, [string]>(
      "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL",
    )
    .all(table)
    .map(({ sql }) => splitColumns(sql.slice(sql.indexOf("(", sql.indexOf(" ON ")) + 1, sql.lastIndexOf(")"))));
}

/** The comma-separated terms of our own CREATE INDEX. */
export function splitColumns(list: string): string[] {
  const parts = list.match(/(?:'(?:[^']|'')*'|\([^()]*\)|[^,'()])+/g) ?? [];
  return parts.map((part) => part.trim());
}
