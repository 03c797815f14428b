/** The names this session has seen so far: what guides and completions may use without asking Mixpanel or opening a store. */
import { existsSync } from "node:fs";
import { Fault } from "../fault.ts";
import type { Known } from "../guides/guide.ts";
import { listTables } from "../store/tables.ts";
import type { Workspace } from "./workspace.ts";

export function knownNames(workspace: Workspace): Known {
  const { events, funnels } = workspace.discovery.known();
  return { events, funnels, tables: knownTables(workspace) };
}

/** The tables of a store that exists; a missing or unreadable one has none, and the tools say why. */
export function knownTables(workspace: Workspace): Known["tables"] {
  if (!existsSync(workspace.store.path)) return [];
  try {
    return listTables(workspace.store).map(({ name, type, row_count, from_date, to_date, status }) => {
      return { name, type, rows: row_count, from_date, to_date, status };
    });
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}
