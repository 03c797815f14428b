/** SQLite's errors as sentences with a next step: the nearest name, the SQLite spelling, the position of a mistake. */
import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";
import type { Denial } from "./sandbox-rules.ts";
import { FUNCTION_HINTS, TABLE_HINTS } from "./sql-dialect.ts";
import { dialectProblem, oddCharacter } from "./sql-patterns.ts";
import { forbiddenTable, type Statement } from "./sql-statement.ts";
import { isName, keyword, type Token } from "./sql-tokens.ts";
import { isReserved } from "./table-name.ts";

/** What a message can be made from; each is asked only when it is needed. */
export type Surroundings = {
  tables(): string[];
  columns(table: string): string[];
  /** Property names seen in the first rows of a table. */
  properties(table: string): string[];
  functions(): string[];
  /** SQLite's message for the first part of the query, if it is wrong already: tells which of several equal tokens is meant. */
  tryPrefix(end: number): string | undefined;
  denial: Denial | undefined;
};

type Advice = { message: string; suggestions: string[] };

const TOO_LARGE: [RegExp, string][] = [
  [/string or blob too big/, "A value would be longer than 5 MB: aggregate or cut it (substr, LIMIT in a subquery)."],
  [/too many columns/, "Name the columns you need: at most 500."],
  [/Expression tree is too large|parser stack overflow/, "Use IN (...) instead of many ORs, or split the query."],
  [/too many terms in compound SELECT/, "Use VALUES (...), (...) or split the query."],
  [/too many (arguments|FROM clause terms|attached)|at most 64 tables/, "Split the query."],
  [/pattern too complex/, "Use a shorter pattern, or instr(x, 'text') > 0."],
  [
    /out of memory|database or disk is full|disk I\/O error/,
    "Filter earlier (WHERE, fewer columns) so that less has to be sorted or kept.",
  ],
];

/** `error` as SQLite or a function of ours threw it; anything that is a Fault already passes. */
export function explainError(error: unknown, statement: Statement, around: Surroundings): Fault {
  if (error instanceof Fault) return error;
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
  if (code === 5 || code === 6)
    return new Fault("STORE_BUSY", "The local data file is busy.", { suggestions: ["Try again in a few seconds."] });
  if (code === 11 || code === 26)
    return new Fault("SQL_ERROR", "The local data file is damaged.", {
      suggestions: ["Run the doctor command; drop the table and fetch it again."],
    });
  if (around.denial !== undefined || code === 23 || code === 8) return forbidden(around.denial);
  const tooLarge = TOO_LARGE.find(([pattern]) => pattern.test(text));
  if (tooLarge !== undefined)
    return new Fault("LIMIT_EXCEEDED", `The query is over a limit: ${text}.`, { suggestions: [tooLarge[1]] });
  const { message, suggestions } = advise(text, statement, around);
  return new Fault("SQL_ERROR", message, { suggestions });
}

/** For a statement that is a SELECT only without the parentheses we put it in. */
export function notOneSelect(): Fault {
  return new Fault("SQL_FORBIDDEN", "The query is not one complete SELECT.", {
    suggestions: ["Write one SELECT (or WITH ... SELECT, VALUES) per call."],
  });
}

function forbidden(denial: Denial | undefined): Fault {
  if (denial?.what === "table") return forbiddenTable(denial.name);
  if (denial?.what === "function")
    return new Fault("SQL_FORBIDDEN", `The function ${denial.name.slice(0, 60)} is not allowed.`, {
      suggestions: ["Functions that load code or only make huge values are switched off; all others work."],
    });
  if (denial?.what === "pragma")
    return new Fault("SQL_FORBIDDEN", `PRAGMA ${denial.name.slice(0, 60)} is not allowed here.`, {
      suggestions: ["table_info, table_xinfo, table_list and index_list of your own tables can be read."],
    });
  return new Fault("SQL_FORBIDDEN", "Only reading is allowed: one SELECT per call.", {
    suggestions: ["Use create_table to keep a result, drop_table to remove a table, fetch_events to get rows in."],
  });
}

function advise(text: string, statement: Statement, around: Surroundings): Advice {
  const odd = oddCharacter(statement.tokens);
  const advice = adviseOn(text, statement, around);
  return odd === undefined ? advice : { ...advice, suggestions: [odd, ...advice.suggestions] };
}

function adviseOn(text: string, statement: Statement, around: Surroundings): Advice {
  const table = /^no such table: (.+)$/s.exec(text)?.[1];
  if (table !== undefined) return noTable(table, around);
  const quoted = /^no such column: "(.+)" - should this be/s.exec(text)?.[1];
  const column = quoted ?? /^no such column: (.+)$/s.exec(text)?.[1];
  if (column !== undefined) return noColumn(column, quoted !== undefined, statement, around);
  const called = /^no such function: (.+)$/s.exec(text)?.[1];
  if (called !== undefined) return noFunction(called, statement, around);
  const syntax = /^near "(.*)": syntax error$/s.exec(text)?.[1];
  if (syntax !== undefined) return syntaxError(syntax, text, statement, around);
  return other(text, statement);
}

function noTable(name: string, around: Surroundings): Advice {
  const message = `No such table: ${name.slice(0, 100)}.`;
  const hint = TABLE_HINTS.find(([pattern]) => pattern.test(name))?.[1];
  if (hint !== undefined) return { message, suggestions: [hint] };
  const tables = around.tables();
  if (tables.length === 0)
    return {
      message: `${message} Nothing has been fetched yet.`,
      suggestions: ["Use fetch_events or fetch_profiles to get data in first."],
    };
  const near = nearest(name.replace(/^.*\./, ""), tables);
  const known = (near.length > 0 ? near : tables.slice(0, 10)).join(", ");
  return { message, suggestions: [near.length > 0 ? `Did you mean ${known}?` : `There is: ${known}.`] };
}

/** What other schemas call our columns. */
const SYNONYMS = new Map(
  Object.entries({
    time: "event_time",
    timestamp: "event_time",
    ts: "event_time",
    date: "event_time",
    datetime: "event_time",
    created_at: "event_time",
    occurred_at: "event_time",
    event_date: "event_time",
    event_timestamp: "event_time",
    event: "event_name",
    name: "event_name",
    event_type: "event_name",
    user_id: "distinct_id",
    userid: "distinct_id",
    user: "distinct_id",
    distinctid: "distinct_id",
    $distinct_id: "distinct_id",
    $insert_id: "insert_id",
    props: "properties",
    data: "properties",
  }),
);

function noColumn(name: string, quoted: boolean, statement: Statement, around: Surroundings): Advice {
  const message = `No such column: ${quoted ? `"${name.slice(0, 100)}"` : name.slice(0, 100)}.`;
  const problem = quoted ? undefined : dialectProblem(statement.tokens);
  if (problem !== undefined) return { message: `${message} ${problem.message}`, suggestions: [problem.hint] };
  const tables = usedTables(statement.tokens, around.tables());
  const columns = [...new Set(tables.flatMap((table) => around.columns(table)))];
  const bare = quoted ? name : name.replace(/^.*\./, "");
  const suggestions: string[] = [];
  const synonym = SYNONYMS.get(bare.toLowerCase());
  if (synonym !== undefined && columns.includes(synonym)) suggestions.push(`The column is ${synonym}.`);
  const property = columns.includes("properties") ? findProperty(bare, tables, around) : undefined;
  if (suggestions.length === 0 && property !== undefined)
    suggestions.push(`${property} is a property: write ${accessor(property)}.`);
  if (quoted) suggestions.push(`For a text, use single quotes: '${name.slice(0, 60)}'.`);
  const near = nearest(bare, columns);
  if (suggestions.length === 0 && near.length > 0) suggestions.push(`Did you mean ${near.join(", ")}?`);
  if (suggestions.length === 0 && columns.length > 0) suggestions.push(`Columns: ${columns.slice(0, 20).join(", ")}.`);
  if (columns.includes("properties") && property === undefined && synonym === undefined)
    suggestions.push(`A property is read with properties->>'$.name'; property_keys lists them.`);
  return { message, suggestions };
}

/** The tables the query names; all when it names none that exist. */
function usedTables(tokens: Token[], tables: string[]): string[] {
  const named = new Set(tokens.filter((token) => isName(token)).map(({ value }) => value.toLowerCase()));
  const used = tables.filter((table) => named.has(table.toLowerCase()));
  return used.length > 0 ? used : tables.slice(0, 5);
}

function findProperty(name: string, tables: string[], around: Surroundings): string | undefined {
  const keys = tables
    .filter((table) => around.columns(table).includes("properties"))
    .flatMap((table) => around.properties(table))
    .filter(isPlainKey);
  const plain = name.toLowerCase();
  const same = (key: string) => key === name || key.toLowerCase() === plain || key.toLowerCase() === `$${plain}`;
  return keys.find((key) => key === name) ?? keys.find(same) ?? nearest(name, keys, 1)[0];
}

/** Looks like a name, not like a text written to be obeyed: an error message is not fenced as data. */
function isPlainKey(key: string): boolean {
  return /^[\p{L}\p{N}_$.-]+( [\p{L}\p{N}_$.-]+){0,3}$/u.test(key) && key.length <= 40;
}

/** How SQLite reads a property: a plain name needs no quotes in the path. */
export function accessor(key: string): string {
  const path = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `$.${key}` : `$."${key.replaceAll('"', '\\"')}"`;
  return `properties->>'${path.replaceAll("'", "''")}'`;
}

function noFunction(name: string, statement: Statement, around: Surroundings): Advice {
  const message = `No such function: ${name.slice(0, 60)}.`;
  const hint = FUNCTION_HINTS.get(name.toLowerCase()) ?? dialectProblem(statement.tokens)?.hint;
  if (hint !== undefined) return { message, suggestions: [hint] };
  const near = nearest(name, around.functions());
  return {
    message,
    suggestions:
      near.length > 0
        ? [`Did you mean ${near.join(", ")}?`]
        : ["SQLite's functions and its JSON, date and window functions are available."],
  };
}

function syntaxError(near: string, text: string, statement: Statement, around: Surroundings): Advice {
  const problem = dialectProblem(statement.tokens);
  const at = statement.tokens.find(
    (token) => token.text.toLowerCase() === near.toLowerCase() && around.tryPrefix(token.end) === text,
  );
  const where = at === undefined ? "" : ` at position ${at.start + 1}`;
  const message = `Syntax error near ${JSON.stringify(near.slice(0, 60))}${where}.`;
  if (problem !== undefined) return { message: `${message} ${problem.message}`, suggestions: [problem.hint] };
  const before = at === undefined ? undefined : statement.tokens[statement.tokens.indexOf(at) - 1];
  if (before?.text === ",") return { message, suggestions: [`There is a comma too many before ${near.slice(0, 60)}.`] };
  if (at !== undefined && isReserved(near) && (keyword(before) === "AS" || before?.text === "."))
    return { message, suggestions: [`${near} is a keyword: as a name it needs double quotes, "${near}".`] };
  return {
    message,
    suggestions: ["This is SQLite's SQL; names with spaces or keywords go in double quotes, texts in single quotes."],
  };
}

const OTHERS: [RegExp, string][] = [
  [/^incomplete input/, "The query ends too early: a bracket, a quote or a clause is not finished."],
  [/^unrecognized token/, "A quote is not closed, or a character does not belong to SQL."],
  [/^malformed JSON/, "The value is not JSON: filter with json_valid(x), or read a nested value with -> first."],
  [/bad JSON path/i, `A JSON path starts with $: properties->>'$.plan', properties->>'$."$os"'.`],
  [/^misuse of aggregate/, "Aggregates go into HAVING, or into a subquery whose result is filtered."],
  [/^misuse of (aliased )?window function/, "Window functions go into a subquery; filter on their result outside."],
  [/^ambiguous column name/, "Put the table's name or alias before it."],
  [/is not numeric/, "Leave other values out: FILTER (WHERE typeof(x) IN ('integer', 'real')), or CAST(x AS REAL)."],
  [/integer overflow/, "Use a REAL: sum(1.0 * x) or total(x)."],
  [/^Invalid regular expression/, "Patterns have JavaScript's syntax; a backslash is written once: '\\d+'."],
  [
    /RECURSIVE|circular reference/i,
    "Write WITH RECURSIVE name(columns) AS (SELECT ... UNION ALL SELECT ... FROM name WHERE ...).",
  ],
  [
    /DISTINCT aggregates must have exactly one argument|wrong number of arguments to function count/i,
    "DISTINCT takes one value: count(DISTINCT a || '|' || b), or aggregate over (SELECT DISTINCT a, b FROM events).",
  ],
  [/wrong number of arguments/, "Check the arguments of the function."],
  [/do not have the same number of result columns/, "All parts of a UNION need the same number of columns."],
];

/** `bad JSON path: '...'` may quote a stored value; what the query itself holds may stay. */
function withoutData(text: string, sql: string): string {
  const quoted = /^(bad JSON path): '(.*)'$/s.exec(text);
  return quoted === null || sql.includes(quoted[2] ?? "") ? text : (quoted[1] ?? text);
}

function other(text: string, statement: Statement): Advice {
  const unread = /^(unrecognized token|incomplete input)/.test(text) ? dialectProblem(statement.tokens) : undefined;
  const hint = OTHERS.find(([pattern]) => pattern.test(text))?.[1];
  const said = withoutData(text, statement.sql);
  const clean = said.length > 300 ? `${said.slice(0, 300)}...` : said;
  const message = `${clean.charAt(0).toUpperCase()}${clean.slice(1)}${/[.?!]$/.test(clean) ? "" : "."}`;
  return { message, suggestions: [unread?.hint ?? hint ?? "This is SQLite's SQL."] };
}
