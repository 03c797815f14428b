/** The one rule for names of local tables: what a model may call a table, so that it can be written in SQL without quotes. */
import { Fault } from "../fault.ts";

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Names SQLite or the store itself answers to. */
const TAKEN_PREFIXES = ["_mp_", "sqlite_", "pragma_", "fts", "rtree"];
const TAKEN = new Set(["dbstat", "json_each", "json_tree", "main", "temp", "rowid"]);

/** Keywords that SQLite 3.54 does not accept as a bare table name (found by trying all 147). */
const RESERVED = new Set(
  `add all alter and as autoincrement between case check collate commit constraint create cross default deferrable delete
  distinct drop else escape except exists foreign from full group having if in index inner insert intersect into is isnull
  join left limit natural not nothing notnull null on or order outer primary references returning right select set table
  then to transaction union unique update using values when where window with`.split(/\s+/),
);

/** Would SQLite read the word as a keyword where a name is expected? */
export function isReserved(word: string): boolean {
  return RESERVED.has(word.toLowerCase());
}

/** Internal tables: the store's own and SQLite's. Nothing a model writes may reach them. */
export function isInternalTable(name: string): boolean {
  return /^(_mp_|sqlite_)/i.test(name);
}

/** The nearest name that `checkTableName` accepts. */
export function plainTableName(wanted: string): string {
  const plain = wanted
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9_]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 60)
    .toLowerCase();
  const usable = /^[a-z]/.test(plain) ? plain : `t_${plain}`;
  return problem(usable) === undefined ? usable : `my_${usable}`;
}

function problem(name: string): string | undefined {
  if (!PLAIN_NAME.test(name)) return "use letters, digits and _, start with a letter, at most 64 characters";
  const lower = name.toLowerCase();
  if (RESERVED.has(lower)) return "it is an SQL keyword";
  if (TAKEN.has(lower) || TAKEN_PREFIXES.some((prefix) => lower.startsWith(prefix))) return "the name is reserved";
  return undefined;
}

/**
 * Returns `name` when a new table may be called so, else throws INVALID_ARGUMENT with a name that would do. Case is kept;
 * SQLite compares table names without it.
 */
export function checkTableName(name: string): string {
  const reason = problem(name);
  if (reason === undefined) return name;
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}...` : name);
  throw new Fault("INVALID_ARGUMENT", `${shown} cannot be the name of a table: ${reason}.`, {
    suggestions: [`Call it ${plainTableName(name)}, for example.`],
  });
}
