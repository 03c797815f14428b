/** The authorizer's rules: reading the user's tables, JSON and harmless facts of the schema is allowed, everything else is not. */
import { constants as SQLITE } from "node:sqlite";
import { COPY_NAMES } from "./sandbox-copies.ts";
import { isInternalTable } from "./table-name.ts";

/** What the authorizer refused, for the message: SQLite itself only says "not authorized". */
export type Denial = { what: "table" | "function" | "pragma" | "action"; name: string };

/** What SQLite asks the authorizer: an action and its two arguments, and the schema they are in. */
export type Question = { action: number; first: string; second: string; schema: string | null };

export type Surrounding = {
  /** The user's tables, lower case. */
  tables: ReadonlySet<string>;
  /** Virtual table modules of this SQLite, lower case. */
  modules: ReadonlySet<string>;
};

/** Table-valued functions that only read the query's own JSON, and pragmas that read the schema of one table. */
const READABLE_FUNCTIONS = new Set(["json_each", "json_tree"]);
const READABLE_PRAGMAS = new Set([
  "table_info",
  "table_xinfo",
  "index_list",
  "index_info",
  "index_xinfo",
  "foreign_key_list",
  "function_list",
  "collation_list",
]);

/** Functions that load code, reach tokenizers or only serve to make huge values. */
const FORBIDDEN_FUNCTIONS =
  /^(load_extension|fts3_tokenizer|zeroblob|randomblob|edit|readfile|writefile|sqlite_(?!version$).*|rtree.*|fts.*|geopoly.*)$/;

/** Why the question is answered with no; undefined for yes. */
export function denialOf(question: Question, around: Surrounding): Denial | undefined {
  const { action, first, second } = question;
  switch (action) {
    case SQLITE.SQLITE_SELECT:
    case SQLITE.SQLITE_RECURSIVE:
      return undefined;
    case SQLITE.SQLITE_READ:
      return readable(question, around) ? undefined : { what: "table", name: first };
    case SQLITE.SQLITE_FUNCTION:
      return FORBIDDEN_FUNCTIONS.test(second.toLowerCase()) ? { what: "function", name: second } : undefined;
    case SQLITE.SQLITE_PRAGMA:
      // Table-valued pragmas run their PRAGMA only while the query runs, with the argument it computed.
      return READABLE_PRAGMAS.has(first.toLowerCase()) && !isInternalTable(second)
        ? undefined
        : { what: "pragma", name: first };
    default:
      return { what: "action", name: first };
  }
}

function readable({ first, second: column, schema }: Question, { tables, modules }: Surrounding): boolean {
  const name = first.toLowerCase();
  // Where no column is read, the schema is what was written, if anything; unqualified, a temporary table comes first.
  if (schema !== "main" && COPY_NAMES.has(name)) return true;
  if (isInternalTable(name)) return false;
  if (tables.has(name) || READABLE_FUNCTIONS.has(name)) return true;
  if (name.startsWith("pragma_")) return READABLE_PRAGMAS.has(name.slice("pragma_".length));
  // `count(*)` of a CTE is reported under the CTE's name; a virtual table of SQLite's own must not pass for one.
  return column === "" && !modules.has(name);
}
