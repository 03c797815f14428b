/**
 * Copies of the user's part of the schema: temporary tables, filled before a query that names them, because a view would need
 * the authorizer to tell the view's reading from the query's, and a CTE can have any name.
 */
import type { Statement } from "./sql-statement.ts";
import { isName, type Token } from "./sql-tokens.ts";

const COPIES = new Map([
  ["sqlite_master", "_mp_schema"],
  ["sqlite_schema", "_mp_schema"],
  ["pragma_table_list", "_mp_table_list"],
]);

export const COPY_NAMES: ReadonlySet<string> = new Set(COPIES.values());

const HIDDEN = (column: string) =>
  String.raw`(${column} LIKE '\_mp\_%' ESCAPE '\' OR ${column} LIKE 'sqlite\_%' ESCAPE '\')`;

export const CREATE_COPIES = [
  "CREATE TEMP TABLE _mp_schema (type TEXT, name TEXT, tbl_name TEXT, rootpage INT, sql TEXT)",
  "CREATE TEMP TABLE _mp_table_list (schema TEXT, name TEXT, type TEXT, ncol INT, wr INT, strict INT)",
];

export const FILL_COPIES = [
  "DELETE FROM temp._mp_schema",
  `INSERT INTO temp._mp_schema SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_master
   WHERE NOT ${HIDDEN("name")} AND NOT ${HIDDEN("tbl_name")}`,
  "DELETE FROM temp._mp_table_list",
  `INSERT INTO temp._mp_table_list SELECT schema, name, type, ncol, wr, strict FROM pragma_table_list
   WHERE schema = 'main' AND NOT ${HIDDEN("name")}`,
];

export const USER_TABLES = `SELECT name FROM main.sqlite_master WHERE type = 'table' AND NOT ${HIDDEN("name")} ORDER BY name`;

/** Puts the copies where the schema tables are named, without the `main.` that would miss them. */
export function withCopies({ sql, tokens }: Statement): string {
  let result = "";
  let done = 0;
  for (const [index, token] of tokens.entries()) {
    const copy = isName(token) ? COPIES.get(token.value.toLowerCase()) : undefined;
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
