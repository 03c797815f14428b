/**
 * What kind of statement is this text? Decides by tokens alone and refuses, with the tool to use instead, whatever cannot be a
 * query. It is there for good messages: what keeps a query in bounds is sandbox-gate.ts.
 */
import { Fault } from "../fault.ts";
import { misreading, oddCharacter } from "./sql-patterns.ts";
import { isName, keyword, type Token, tokenize } from "./sql-tokens.ts";
import { isInternalTable } from "./table-name.ts";

/** SQLite's own default is 1,000,000; nobody writes a query of 100,000 characters. */
export const SQL_TEXT_CHARS = 100_000;

export type Statement = {
  /** The SELECT, without trailing semicolons and comments. */
  sql: string;
  tokens: Token[];
  /** `EXPLAIN QUERY PLAN ` or `EXPLAIN `, to be put before the SELECT after that has been checked. */
  prefix: string;
};

const READ_ONLY = "SQL here only reads, one SELECT (or WITH, VALUES, EXPLAIN QUERY PLAN, PRAGMA table_info) per call.";
const ROWS =
  "Rows come in with fetch_events and fetch_profiles; to change them, SELECT what you want and keep it with create_table.";
const SHELL = "Commands of a shell do not work here: list_tables shows the tables, table_schema the columns.";
const TRANSACTION = "Every query sees one consistent state by itself; no transaction is needed.";
const OTHER_FILES = "Only the tables of list_tables can be read; use export_table to write a result to a file.";
const NOTHING_TO_TUNE = "Indexes and statistics are kept automatically.";

const FORBIDDEN = new Map(
  Object.entries({
    INSERT: ROWS,
    UPDATE: ROWS,
    DELETE: ROWS,
    REPLACE: ROWS,
    MERGE: ROWS,
    UPSERT: ROWS,
    TRUNCATE: "Use drop_table to remove a table.",
    DROP: "Use drop_table to remove a table.",
    CREATE: "Use create_table(table, query) to keep the result of a SELECT; within a query use WITH.",
    ALTER: "Use create_table(table, query) to make a changed copy of a table.",
    ATTACH: OTHER_FILES,
    DETACH: OTHER_FILES,
    VACUUM: OTHER_FILES,
    COPY: OTHER_FILES,
    EXPORT: OTHER_FILES,
    IMPORT: OTHER_FILES,
    INSTALL: OTHER_FILES,
    LOAD: OTHER_FILES,
    BEGIN: TRANSACTION,
    START: TRANSACTION,
    COMMIT: TRANSACTION,
    END: TRANSACTION,
    ROLLBACK: TRANSACTION,
    SAVEPOINT: TRANSACTION,
    RELEASE: TRANSACTION,
    ANALYZE: NOTHING_TO_TUNE,
    REINDEX: NOTHING_TO_TUNE,
    GRANT: READ_ONLY,
    REVOKE: READ_ONLY,
    SET: READ_ONLY,
    CALL: READ_ONLY,
    EXECUTE: READ_ONLY,
    PREPARE: READ_ONLY,
    USE: OTHER_FILES,
  }),
);

const NOT_SQLITE = new Map(
  Object.entries({
    DESCRIBE: "Use table_schema(table), or PRAGMA table_info(table).",
    DESC: "Use table_schema(table), or PRAGMA table_info(table).",
    SHOW: "Use list_tables, or SELECT name FROM sqlite_schema WHERE type = 'table'.",
    SUMMARIZE: "Use the summarize tool.",
    FROM: "SQLite wants SELECT first: SELECT * FROM ...",
    PIVOT: "SQLite has no PIVOT: use one count(*) FILTER (WHERE ...) per column.",
    UNPIVOT: "SQLite has no UNPIVOT: use UNION ALL, one SELECT per column.",
  }),
);

const PRAGMAS = [
  "table_info",
  "table_xinfo",
  "table_list",
  "index_list",
  "index_info",
  "index_xinfo",
  "foreign_key_list",
  "function_list",
];

/** Throws SQL_FORBIDDEN for a statement of another kind, SQL_ERROR for one SQLite does not know, LIMIT_EXCEEDED for one too long. */
export function readStatement(text: string): Statement {
  checkLength(text);
  const nul = text.indexOf("\0");
  if (nul >= 0) throw new Fault("SQL_ERROR", `The query holds a NUL character at position ${nul + 1}.`);
  const sql = unfenced(text.toWellFormed().replace(/^\ufeff/, ""));
  const tokens = tokenize(sql);
  while (tokens.at(-1)?.text === ";") tokens.pop();
  const first = tokens[0];
  const last = tokens.at(-1);
  if (first === undefined || last === undefined)
    throw new Fault("SQL_ERROR", "The query is empty.", {
      suggestions: ["Write one SELECT, for example SELECT count(*) FROM events."],
    });
  const body = sql.slice(0, last.end);
  checkStart(first);
  checkTokens(tokens);
  if (keyword(first) === "PRAGMA") return { ...pragma(tokens), prefix: "" };
  if (keyword(first) !== "EXPLAIN") return { sql: body, tokens, prefix: "" };
  const plan = keyword(tokens[1]) === "QUERY" && keyword(tokens[2]) === "PLAN";
  const start = tokens[plan ? 3 : 1];
  if (start === undefined) throw new Fault("SQL_ERROR", "EXPLAIN QUERY PLAN needs a SELECT after it.");
  checkStart(start);
  return {
    sql: body.slice(start.start),
    tokens: tokens
      .slice(plan ? 3 : 1)
      .map((token) => ({ ...token, start: token.start - start.start, end: token.end - start.start })),
    prefix: plan ? "EXPLAIN QUERY PLAN " : "EXPLAIN ",
  };
}

/** Throws LIMIT_EXCEEDED; cheap, so that nothing longer is even sent to the child. */
export function checkLength(text: string): void {
  if (text.length > SQL_TEXT_CHARS)
    throw new Fault(
      "LIMIT_EXCEEDED",
      `The query has ${text.length} characters; at most ${SQL_TEXT_CHARS} are allowed.`,
      { suggestions: ["Select by a condition instead of a long list of values."] },
    );
}

/** Some models wrap a query as they would in an answer. */
function unfenced(text: string): string {
  return /^\s*```(?:sql|sqlite)?[ \t]*\n([\s\S]*?)```\s*$/i.exec(text)?.[1] ?? text;
}

function checkStart(first: Token): void {
  const word = keyword(first);
  if (["SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"].includes(word)) return;
  const instead = FORBIDDEN.get(word);
  if (instead !== undefined)
    throw new Fault("SQL_FORBIDDEN", `${word} is not allowed: SQL here only reads.`, { suggestions: [instead] });
  const hint = NOT_SQLITE.get(word);
  if (hint !== undefined) throw new Fault("SQL_ERROR", `${word} is not SQLite.`, { suggestions: [hint] });
  const shown = first.text.slice(0, 40);
  throw new Fault("SQL_ERROR", `A query cannot start with ${shown}.`, {
    suggestions: [first.text === "." || first.text === "\\" ? SHELL : (oddCharacter([first]) ?? READ_ONLY)],
  });
}

function checkTokens(tokens: Token[]): void {
  if (tokens.some(({ text }) => text === ";"))
    throw new Fault("SQL_FORBIDDEN", "Only one statement per call: there is more after the semicolon.", {
      suggestions: [READ_ONLY],
    });
  const write = writeAfterWith(tokens);
  if (write !== undefined)
    throw new Fault("SQL_FORBIDDEN", `${write} is not allowed: SQL here only reads.`, {
      suggestions: [FORBIDDEN.get(write) ?? READ_ONLY],
    });
  const internal = tokens.find((token) => isName(token) && /^_mp_/i.test(token.value));
  if (internal !== undefined) throw forbiddenTable(internal.value);
  const problem = misreading(tokens);
  if (problem !== undefined) throw new Fault("SQL_ERROR", problem.message, { suggestions: [problem.hint] });
}

/** `WITH x AS (...) DELETE FROM t`: SQLite would call it a syntax error in the wrapped form; say what it is. */
function writeAfterWith(tokens: Token[]): string | undefined {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.text === "(") depth++;
    if (token.text === ")") depth--;
    const word = keyword(token);
    const writes = word === "INSERT" || word === "UPDATE" || word === "DELETE" || word === "REPLACE";
    if (
      depth === 0 &&
      writes &&
      keyword(tokens[0]) === "WITH" &&
      tokens[index + 1]?.text !== "(" &&
      tokens[index - 1]?.text === ")"
    )
      return word;
  }
  return undefined;
}

export function forbiddenTable(name: string): Fault {
  const shown = isInternalTable(name) || /^(dbstat|pragma_|fts|sqlite)/i.test(name) ? name.slice(0, 60) : "that table";
  return new Fault("SQL_FORBIDDEN", `${shown} is internal and cannot be read.`, {
    suggestions: ["Use list_tables, or SELECT name, sql FROM sqlite_schema, to see the tables there are."],
  });
}

/** A PRAGMA that reads becomes a SELECT from the table-valued function of the same name, which the gate knows how to bound. */
function pragma(tokens: Token[]): { sql: string; tokens: Token[] } {
  const [, ...rest] = tokens;
  const unqualified = keyword(rest[0]) === "MAIN" && rest[1]?.text === "." ? rest.slice(2) : rest;
  const [name, open, argument, close] = unqualified;
  const wanted = name?.value.toLowerCase() ?? "";
  if (!isName(name) || !PRAGMAS.includes(wanted))
    throw new Fault("SQL_FORBIDDEN", `PRAGMA ${wanted.slice(0, 40)} is not allowed.`, {
      suggestions: [`Allowed: ${PRAGMAS.join(", ")}.`],
    });
  const bare = open === undefined;
  const called = open?.text === "(" && close?.text === ")" && unqualified.length === 4;
  const assigned = open?.text === "=" && unqualified.length === 3;
  const named = isName(argument) || argument?.kind === "string" || argument?.kind === "number";
  if (!bare && !((called || assigned) && named))
    throw new Fault("SQL_ERROR", `PRAGMA ${wanted} is written PRAGMA ${wanted}(name).`);
  const sql = `SELECT * FROM pragma_${wanted}${argument === undefined ? "" : `('${argument.value.replaceAll("'", "''")}')`}`;
  return { sql, tokens: tokenize(sql) };
}
