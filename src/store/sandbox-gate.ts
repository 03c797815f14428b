/**
 * What keeps a query in bounds, inside the SQL child: a read-only, defensive connection with limits, an authorizer
 * (sandbox-rules.ts), and the double preparation that makes it one SELECT. No parser of ours is trusted.
 */
import { DatabaseSync, constants as SQLITE, type StatementSync } from "node:sqlite";
import { SQL_VALUE_BYTES } from "../limits.ts";
import { CREATE_COPIES, FILL_COPIES, USER_TABLES, withCopies } from "./sandbox-copies.ts";
import { type Denial, denialOf } from "./sandbox-rules.ts";
import type { Statement } from "./sql-statement.ts";
import { keyword, type Token } from "./sql-tokens.ts";

const LIMITS = {
  length: SQL_VALUE_BYTES,
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

// Mapped pages would count as resident memory. 16 MB hold the pages of a day or so, which rows found through an index share.
// A sorter in memory would hold whole JSON documents.
const SETTINGS = [
  "PRAGMA trusted_schema = OFF",
  "PRAGMA temp_store = FILE",
  "PRAGMA mmap_size = 0",
  "PRAGMA cache_size = -16000",
  "PRAGMA cache_spill = ON",
];

export type Gate = {
  readonly db: DatabaseSync;
  /** The user's tables as of now. */
  tables(): string[];
  /**
   * Prepares a checked statement, or throws SQLite's error, or null when it is not one SELECT. Lasts for one query: see
   * `denial`. Of the rows of `firstRows` no more than `most` come, in the same order; its column names are not the query's.
   */
  prepare(statement: Statement, most?: number): { query: StatementSync; firstRows: StatementSync } | null;
  /** What was refused since the last `prepare`. */
  denial(): Denial | undefined;
  /** Runs a statement of ours, past the authorizer. */
  trusted<Row>(sql: string, ...values: (string | number)[]): Row[];
  close(): void;
};

/** `path` undefined: there is no file yet; an empty database in memory answers. Throws SQLite's error when the file cannot be read. */
export function openGate(path: string | undefined, tempDir: string | undefined): Gate {
  const db = openReadOnly(path, tempDir);
  const names = (sql: string) => (db.prepare(sql).all() as unknown as [string][]).map(([name]) => name);
  const modules = new Set(names("SELECT lower(name) FROM pragma_module_list"));
  let trusting = false;
  let denied: Denial | undefined;
  let known: ReadonlySet<string> = new Set();
  db.setAuthorizer((action, first, second, schema) => {
    if (trusting) return SQLITE.SQLITE_OK;
    const question = { action, first: first ?? "", second: second ?? "", schema };
    const denial = denialOf(question, { tables: known, modules });
    denied ??= denial;
    return denial === undefined ? SQLITE.SQLITE_OK : SQLITE.SQLITE_DENY;
  });
  const trusted = <Row>(sql: string, ...values: (string | number)[]): Row[] => {
    trusting = true;
    try {
      return db.prepare(sql).all(...values) as Row[];
    } finally {
      trusting = false;
    }
  };
  const tables = () => trusted<[string]>(USER_TABLES).map(([name]) => name);
  return {
    db,
    tables,
    trusted,
    denial: () => denied,
    prepare(statement, most) {
      denied = undefined;
      known = new Set(tables().map((name) => name.toLowerCase()));
      const sql = withCopies(statement);
      if (sql !== statement.sql) for (const fill of FILL_COPIES) trusted(fill);
      const prepared = db.prepare(sql);
      if (!standsInParentheses(db, sql, () => denied !== undefined)) return null;
      const query = statement.prefix === "" ? prepared : db.prepare(statement.prefix + sql);
      const bounded = most !== undefined && statement.prefix === "" && sortsEverything(statement.tokens);
      return { query, firstRows: bounded ? db.prepare(`SELECT * FROM (\n${sql}\n) LIMIT ${most}`) : query };
    },
    close: () => db.close(),
  };
}

/**
 * ORDER BY without LIMIT, outside all parentheses: with the limit around it SQLite keeps only the first rows while it sorts,
 * which takes a quarter of the time for a table of events, and no temporary files.
 */
function sortsEverything(tokens: Token[]): boolean {
  let depth = 0;
  let ordered = false;
  for (const token of tokens) {
    if (token.text === "(") depth++;
    else if (token.text === ")") depth--;
    else if (depth === 0 && keyword(token) === "LIMIT") return false;
    else if (depth === 0 && keyword(token) === "ORDER") ordered = true;
  }
  return ordered;
}

function openReadOnly(path: string | undefined, tempDir: string | undefined): DatabaseSync {
  const db = new DatabaseSync(path ?? ":memory:", {
    readOnly: path !== undefined,
    defensive: true,
    allowExtension: false,
    enableDoubleQuotedStringLiterals: false,
    limits: LIMITS,
    timeout: 2_000,
    readBigInts: true,
    returnArrays: true,
  });
  for (const setting of SETTINGS) db.exec(setting);
  // Deprecated, but the only way to say it without an environment variable.
  if (tempDir !== undefined) db.exec(`PRAGMA temp_store_directory = '${tempDir.replaceAll("'", "''")}'`);
  for (const sql of CREATE_COPIES) db.exec(sql);
  return db;
}

/** Only a SELECT can stand in parentheses, and nothing that balances them also parses without them. */
function standsInParentheses(db: DatabaseSync, sql: string, denied: () => boolean): boolean {
  try {
    db.prepare(`SELECT * FROM (\n${sql}\n)`);
    return true;
  } catch (error) {
    const unparsed = error instanceof Error && /syntax error|incomplete input|unrecognized token/.test(error.message);
    if (denied() || !unparsed) throw error;
    return false;
  }
}
