/** The names known without asking Mixpanel: what this session has seen, else what fetched tables hold. For guides and completions. */
import { existsSync } from "node:fs";
import { Fault } from "../fault.ts";
import type { Known } from "../guides/guide.ts";
import { readSummary } from "../store/stats-pass.ts";
import { listTables, type TableInfo } from "../store/tables.ts";
import type { Workspace } from "./workspace.ts";

/** Tables looked into for event names; their statistics are read whole. */
const MOST_TABLES = 3;

export function knownNames(workspace: Workspace): Known {
  const { events, funnels } = workspace.discovery.known();
  return {
    events: events.length > 0 ? events : eventsInTables(workspace),
    funnels,
    tables: knownTables(workspace),
  };
}

export function knownTables(workspace: Workspace): Known["tables"] {
  return stored(workspace).map(({ name, type, row_count, from_date, to_date, status }) => {
    return { name, type, rows: row_count, from_date, to_date, status };
  });
}

function eventsInTables(workspace: Workspace): string[] {
  const tables = stored(workspace).filter(({ type }) => type === "events");
  const summaries = tables.slice(0, MOST_TABLES).map((table) => readSummary(workspace.store.db(), table));
  const names = summaries.flatMap((summary) => summary?.events.map(({ event }) => event) ?? []);
  return [...new Set(names)].sort();
}

/** The tables of a store that exists; a missing or unreadable one has none, and the tools say why. */
function stored(workspace: Workspace): TableInfo[] {
  if (!existsSync(workspace.store.path)) return [];
  try {
    return listTables(workspace.store);
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}
