/** What makes a model's SQL faster without its doing: rewriting before, and an index in the background after a slow query. */
import type { Database } from "bun:sqlite";
import type { Log } from "../log.ts";
import type { TableSummary } from "./profile-summary.ts";
import { type Index, type Indexed, rewriteQuery, type Wish } from "./rewrite.ts";
import type { Rewrite } from "./sandbox.ts";
import { readSummary } from "./stats-pass.ts";
import type { Store } from "./store.ts";
import { listTables, type TableInfo } from "./tables.ts";
import { tallyOf } from "./tally.ts";
import type { Writer } from "./writer.ts";

const SLOW_MS = 100;
const COLUMNS = new Set(["event_name", "event_time", "distinct_id", "insert_id", "properties"]);

/** `slowMs`: for tests; a query that was faster needs no index. */
export type AcceleratorOptions = { store: Store; log: Log; slowMs?: number };

/** The rewriter the sandbox calls for each query. */
export function createAccelerator({ store, log, slowMs = SLOW_MS }: AcceleratorOptions): Rewrite {
  const asked = new Map<string, number>();
  const kept = keepSummaries();
  const wish = (writer: Writer, { table, columns }: Wish) => {
    writer.request("index", { table, columns }).catch((error: unknown) => log.debug(`no index on ${table}: ${error}`));
  };
  return (sql) => {
    const { events, others } = knownTables(store, kept);
    const { sql: rewritten, wishes } = rewriteQuery(sql, events, others);
    return {
      sql: rewritten,
      after(elapsedMs) {
        if (elapsedMs < slowMs || wishes.length === 0) return undefined;
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

/** The tables of events with their indexes as the planner would match them, and the names of all others. */
function knownTables(store: Store, kept: Kept): { events: Map<string, Indexed>; others: Set<string> } {
  const db = store.db();
  const events = new Map<string, Indexed>();
  const others = new Set<string>();
  for (const table of listTables(store)) {
    if (table.type === "events") events.set(table.name.toLowerCase(), indexed(db, table, kept));
    else others.add(table.name.toLowerCase());
  }
  return { events, others };
}

function indexed(db: Database, table: TableInfo, kept: Kept): Indexed {
  return {
    name: table.name,
    columns: COLUMNS,
    indexes: indexesOf(db, table.name),
    tally: (whats) => {
      const summary = kept.of(db, table);
      return summary === undefined ? undefined : tallyOf(summary, whats);
    },
  };
}

/** Summaries read last, by table and version: each query may need one. */
type Kept = { of(db: Database, table: TableInfo): TableSummary | undefined };

const SUMMARIES_KEPT = 4;

function keepSummaries(): Kept {
  const kept = new Map<string, TableSummary>();
  return {
    of(db, table) {
      const key = `${table.id}:${table.version}`;
      const known = kept.get(key) ?? readSummary(db, table);
      if (known === undefined) return undefined;
      kept.delete(key);
      kept.set(key, known);
      for (const oldest of kept.keys()) {
        if (kept.size <= SUMMARIES_KEPT) break;
        kept.delete(oldest);
      }
      return known;
    },
  };
}

function indexesOf(db: Database, table: string): Index[] {
  return db
    .query<{ name: string; sql: string }, [string]>(
      "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL",
    )
    .all(table)
    .map(({ name, sql }) => ({
      name,
      columns: splitColumns(sql.slice(sql.indexOf("(", sql.indexOf(" ON ")) + 1, sql.lastIndexOf(")"))),
    }));
}

/** The comma-separated terms of our own CREATE INDEX. */
export function splitColumns(list: string): string[] {
  const parts = list.match(/(?:'(?:[^']|'')*'|\([^()]*\)|[^,'()])+/g) ?? [];
  return parts.map((part) => part.trim());
}
