/**
 * What keeps a query in bounds, inside the SQL child: a read-only, defensive connection with limits, an authorizer that allows
 * reading the user's tables and nothing else, and the double preparation that makes it one SELECT. No parser of ours is trusted.
 */
import { DatabaseSync, constants as SQLITE, type StatementSync } from "node:sqlite";
import type { Statement } from "./sql-statement.ts";
import { isName, type Token } from "./sql-tokens.ts";
import { isInternalTable } from "./table-name.ts";

/** One value: larger than any event, and a few of them still fit the child's memory. */
export const VALUE_BYTES = 5_000_000;

const LIMITS = {
  length: VALUE_BYTES,
  sqlLength: 200_000,
  column: 500,
  exprDepth: 300,
  compoundSelect: 200,
  vdbeOp: 100_000,
  functionArg: 100,
  attach: 0,
  likePatternLength: 1_000,
  variableNumber: 10,
  triggerDepth: 1,
};

/**
 * Copies of the user's part of the schema: temporary tables, filled before a query that names them, because a view would need
 * the authorizer to tell the view's reading from the query's, and a CTE can have any name.
 */
const COPIES: Record<string, string> = {
  sqlite_master: "_mp_schema",
  sqlite_schema: "_mp_schema",
  pragma_table_list: "_mp_table_list",
};

const HIDDEN = (column: string) =>
  String.raw`(${column} LIKE '\_mp\_%' ESCAPE '\' OR ${column} LIKE 'sqlite\_%' ESCAPE '\')`;

export const COPY_SQL = {
  create: [
    "CREATE TEMP TABLE _mp_schema (type TEXT, name TEXT, tbl_name TEXT, rootpage INT, sql TEXT)",
    "CREATE TEMP TABLE _mp_table_list (schema TEXT, name TEXT, type TEXT, ncol INT, wr INT, strict INT)",
  ],
  fill: [
    "DELETE FROM temp._mp_schema",
    `INSERT INTO temp._mp_schema SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_master
     WHERE NOT ${HIDDEN("name")} AND NOT ${HIDDEN("tbl_name")}`,
    "DELETE FROM temp._mp_table_list",
    `INSERT INTO temp._mp_table_list SELECT schema, name, type, ncol, wr, strict FROM pragma_table_list
     WHERE schema = 'main' AND NOT ${HIDDEN("name")}`,
  ],
};

export const USER_TABLES_SQL = `SELECT name FROM main.sqlite_master WHERE type = 'table' AND NOT ${HIDDEN("name")} ORDER BY name`;

// No memory mapping and a small cache are faster for scans; a sorter in memory would hold whole JSON documents.
const SETTINGS = [
  "PRAGMA trusted_schema = OFF",
  "PRAGMA temp_store = FILE",
  "PRAGMA mmap_size = 0",
  "PRAGMA cache_size = -4000",
  "PRAGMA cache_spill = ON",
];

/** Table-valued functions that only read the schema of one table (checked again when they run) or the query's own JSON. */
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

/** What the authorizer refused, for the message: SQLite itself only says "not authorized". */
export type Denial = { what: "table" | "function" | "pragma" | "action"; name: string };

export type Gate = {
  readonly db: DatabaseSync;
  /** The user's tables as of now. */
  tables(): string[];
  /** Prepares a checked statement, or throws SQLite's error, or null when it is not one SELECT. Lasts for one query: see `denial`. */
  prepare(statement: Statement): StatementSync | null;
  /** What was refused since the last `prepare`. */
  denial(): Denial | undefined;
  /** Runs a statement of ours, past the authorizer. */
  trusted<Row>(sql: string, ...values: (string | number)[]): Row[];
  close(): void;
};

/** `path` undefined: there is no file yet; an empty database in memory answers. Throws SQLite's error when the file cannot be read. */
export function openGate(path: string | undefined, tempDir: string | undefined): Gate {
  const db = new DatabaseSync(path ?? ":memory:", {
    readOnly: path !== undefined,
    allowExtension: false,
    enableDoubleQuotedStringLiterals: false,
    timeout: 2_000,
    readBigInts: true,
    returnArrays: true,
    ...{ defensive: true, limits: LIMITS },
  });
  for (const setting of SETTINGS) db.exec(setting);
  // Deprecated, but the only way to say it without an environment variable.
  if (tempDir !== undefined) db.exec(`PRAGMA temp_store_directory = '${tempDir.replaceAll("'", "''")}'`);
  for (const sql of COPY_SQL.create) db.exec(sql);
  const modules = new Set(
    (db.prepare("SELECT lower(name) FROM pragma_module_list").all() as unknown as [string][]).map(([name]) => name),
  );
  let trusting = false;
  let denied: Denial | undefined;
  let known = new Set<string>();
  const trusted = <Row>(sql: string, ...values: (string | number)[]): Row[] => {
    trusting = true;
    try {
      return db.prepare(sql).all(...values) as Row[];
    } finally {
      trusting = false;
    }
  };
  const tables = () => trusted<[string]>(USER_TABLES_SQL).map(([name]) => name);
  const readable = ({ table, column, schema }: { table: string; column: string; schema: string | null }): boolean => {
    const name = table.toLowerCase();
    // Where no column is read, the schema is what was written, if anything; unqualified, a temporary table comes first.
    if (schema !== "main" && Object.values(COPIES).includes(name)) return true;
    if (isInternalTable(name)) return false;
    if (known.has(name) || READABLE_FUNCTIONS.has(name)) return true;
    if (name.startsWith("pragma_")) return READABLE_PRAGMAS.has(name.slice("pragma_".length));
    // `count(*)` of a CTE is reported under the CTE's name; a virtual table of SQLite's own must not pass for one.
    return column === "" && !modules.has(name);
  };
  const allowed = (
    action: number,
    first: string | null,
    second: string | null,
    schema: string | null,
  ): Denial | undefined => {
    if (action === SQLITE.SQLITE_SELECT || action === SQLITE.SQLITE_RECURSIVE) return undefined;
    if (action === SQLITE.SQLITE_READ)
      return readable({ table: first ?? "", column: second ?? "", schema })
        ? undefined
        : { what: "table", name: first ?? "" };
    if (action === SQLITE.SQLITE_FUNCTION)
      return FORBIDDEN_FUNCTIONS.test((second ?? "").toLowerCase())
        ? { what: "function", name: second ?? "" }
        : undefined;
    if (action === SQLITE.SQLITE_PRAGMA)
      return pragma(first ?? "", second ?? "") ? undefined : { what: "pragma", name: first ?? "" };
    return { what: "action", name: first ?? "" };
  };
  db.setAuthorizer((action, first, second, schema) => {
    const denial = trusting ? undefined : allowed(action, first, second, schema);
    if (denial === undefined) return SQLITE.SQLITE_OK;
    denied ??= denial;
    return SQLITE.SQLITE_DENY;
  });
  return {
    db,
    tables,
    trusted,
    denial: () => denied,
    prepare(statement) {
      denied = undefined;
      known = new Set(tables().map((name) => name.toLowerCase()));
      const sql = substitute(statement);
      if (sql !== statement.sql) for (const fill of COPY_SQL.fill) trusted(fill);
      const prepared = db.prepare(sql);
      // Only a SELECT can stand in parentheses, and nothing that balances them also parses without them.
      try {
        db.prepare(`SELECT * FROM (\n${sql}\n)`);
      } catch (error) {
        if (
          denied !== undefined ||
          !(error instanceof Error) ||
          !/syntax error|incomplete input|unrecognized token/.test(error.message)
        )
          throw error;
        return null;
      }
      return statement.prefix === "" ? prepared : db.prepare(statement.prefix + sql);
    },
    close: () => db.close(),
  };
}

/** Table-valued pragmas run their PRAGMA only while the query runs, with the argument it computed. */
function pragma(name: string, argument: string): boolean {
  return READABLE_PRAGMAS.has(name.toLowerCase()) && !isInternalTable(argument);
}

/** Puts the copies where the schema tables are named, without the `main.` that would miss them. */
function substitute({ sql, tokens }: Statement): string {
  let result = "";
  let done = 0;
  for (const [index, token] of tokens.entries()) {
    const copy = isName(token) ? COPIES[token.value.toLowerCase()] : undefined;
    if (copy === undefined) continue;
    const [schema, dot] = [tokens[index - 2], tokens[index - 1]];
    const qualified = dot?.text === "." && isMain(schema);
    result += sql.slice(done, qualified ? schema.start : token.start) + copy;
    done = token.end;
  }
  return result + sql.slice(done);
}

function isMain(token: Token | undefined): token is Token {
  return isName(token) && token.value.toLowerCase() === "main";
}

/** Column names and messages say the name that was written. */
export function restoreNames(text: string): string {
  return text.replaceAll("_mp_schema", "sqlite_schema").replaceAll("_mp_table_list", "pragma_table_list");
}
