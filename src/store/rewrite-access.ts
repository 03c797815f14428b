/**
 * One spelling for the same thing. An index on an expression serves only the identical expression, and models write
 * json_extract(properties, '$.plan'), properties->>'plan', ->>'$.plan' and ->>'$."plan"' as it comes. Works on tokens, so that
 * nothing inside a text or a comment is ever touched, and changes a spelling only where SQLite gives the same value for every
 * document (test/unit/store/rewrite.test.ts compares them).
 */
import { isName, keyword, type Token, tokenize } from "./sql-tokens.ts";

/** The spelling of a property that expression indexes are made of. */
export function canonicalProperty(key: string): string {
  return `properties->>'$."${key.replaceAll("'", "''")}"'`;
}

/** The spelling of the day of an event: the first ten characters of `YYYY-MM-DD HH:MM:SS`, without parsing a date. */
export const CANONICAL_DAY = "substr(event_time, 1, 10)";

/**
 * Where the difference shows: json_extract marks objects and arrays as JSON for the function around it, ->> gives text.
 */
const MIND_JSON = /^(json|jsonb)_(array|object|set|insert|replace|patch|group_array|group_object|quote)$|^jsonb?$/i;

export type Edit = { start: number; end: number; text: string };

/** Words after which `event_time` is read; after anything else that is a name, a text or a parenthesis it is a new name. */
const BEFORE_COLUMN =
  /^(select|distinct|all|by|where|and|or|not|on|when|then|else|case|between|in|like|glob|is|having|filter|limit|using|from|escape|collate)$/i;

/** Whether the query calls something else event_time: then its days cannot be told. */
function renamesTime(tokens: Token[]): boolean {
  return (
    tokens.some((token, at) => {
      if (!isColumn(token, "event_time")) return false;
      const before = tokens[at - 1];
      if (before === undefined) return false;
      if (before.text === ")" || before.kind === "string" || before.kind === "number" || before.kind === "quoted")
        return true;
      return before.kind === "name" && !BEFORE_COLUMN.test(before.text);
    }) ||
    tokens.some(
      (token, at) =>
        token.text === ")" && keyword(tokens[at + 1]) === "AS" && opensCte(tokens, at + 2) && listsTime(tokens, at),
    )
  );
}

function opensCte(tokens: Token[], at: number): boolean {
  return tokens[at]?.text === "(" || ["MATERIALIZED", "NOT"].includes(keyword(tokens[at]));
}

/** `name (a, event_time) AS (...)`: the columns of a CTE. */
function listsTime(tokens: Token[], close: number): boolean {
  let open = close;
  while (open > 0 && tokens[open]?.text !== "(") open--;
  return isName(tokens[open - 1]) && tokens.slice(open, close).some((token) => isColumn(token, "event_time"));
}

/**
 * The query with every property and day in its canonical spelling; the same text when there is nothing to change. `others`:
 * lower-case names of the tables that hold no events; their `event_time`, if they have one, may be anything.
 */
export function canonicalise(sql: string, others: ReadonlySet<string> = new Set()): string {
  const tokens = tokenize(sql);
  if (tokens.some(({ kind }) => kind === "unknown" || kind === "variable")) return sql;
  const mindsJson = tokens.some(
    (token, index) => token.kind === "name" && MIND_JSON.test(token.text) && tokens[index + 1]?.text === "(",
  );
  const renames = renamesTime(tokens) || tokens.some((token) => isName(token) && others.has(token.value.toLowerCase()));
  const edits: Edit[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const edit =
      eachPath(tokens, at) ??
      arrow(tokens, at) ??
      (mindsJson ? undefined : extract(tokens, at)) ??
      (renames ? undefined : day(tokens, at));
    if (edit !== undefined) edits.push(edit);
  }
  return applyEdits(sql, edits);
}

export function applyEdits(sql: string, edits: Edit[]): string {
  let result = "";
  let done = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < done) continue;
    result += sql.slice(done, start) + text;
    done = end;
  }
  return result + sql.slice(done);
}

/** `properties ->> '...'` and `properties -> '...'`: only the path changes. */
function arrow(tokens: Token[], at: number): Edit | undefined {
  const [operator, path] = [tokens[at], tokens[at + 1]];
  if (
    (operator?.text !== "->>" && operator?.text !== "->") ||
    path?.kind !== "string" ||
    !isColumn(tokens[at - 1], "properties")
  )
    return undefined;
  const key = keyOfLabel(path.value);
  return key === undefined ? undefined : { start: path.start, end: path.end, text: pathText(key) };
}

/** `json_extract(properties, '$.key')`, with the parentheses that make an operator as strong as a call. */
function extract(tokens: Token[], at: number): Edit | undefined {
  const [name, open] = [tokens[at], tokens[at + 1]];
  if (name?.kind !== "name" || name.text.toLowerCase() !== "json_extract" || open?.text !== "(") return undefined;
  const qualified = tokens[at + 3]?.text === ".";
  const column = at + (qualified ? 4 : 2);
  const [comma, path, close] = [tokens[column + 1], tokens[column + 2], tokens[column + 3]];
  if (!isColumn(tokens[column], "properties") || comma?.text !== "," || path?.kind !== "string" || close?.text !== ")")
    return undefined;
  const key = keyOfPath(path.value);
  if (key === undefined) return undefined;
  const alias = qualified ? `${tokens[at + 2]?.text}.` : "";
  return { start: name.start, end: close.end, text: `(${alias}${tokens[column]?.text}->>${pathText(key)})` };
}

/** Columns of json_each that tell `json_each(document, path)` from `json_each(document -> path)`. */
const EACH_COLUMNS = /^(key|id|parent|fullkey|path|root|json)$/i;

/** `json_each(properties, '$.items')`, where only values and types of the elements are read. */
function eachPath(tokens: Token[], at: number): Edit | undefined {
  const [name, open] = [tokens[at], tokens[at + 1]];
  if (name?.kind !== "name" || name.text.toLowerCase() !== "json_each" || open?.text !== "(") return undefined;
  const column = at + (tokens[at + 3]?.text === "." ? 4 : 2);
  const [comma, path, close] = [tokens[column + 1], tokens[column + 2], tokens[column + 3]];
  if (!isColumn(tokens[column], "properties") || comma?.text !== "," || path?.kind !== "string" || close?.text !== ")")
    return undefined;
  const key = keyOfPath(path.value);
  if (
    key === undefined ||
    tokens.some((token, index) => (isName(token) && EACH_COLUMNS.test(token.value)) || isStar(tokens, index))
  )
    return undefined;
  return { start: comma.start, end: path.end, text: `->${pathText(key)}` };
}

/** `SELECT *` or `e.*`, not `count(*)` and not a product. */
export function isStar(tokens: Token[], at: number): boolean {
  if (tokens[at]?.text !== "*") return false;
  const before = tokens[at - 1];
  if (before?.text === "(" && tokens[at + 1]?.text === ")") return false;
  return (
    before === undefined ||
    before.text === "," ||
    before.text === "." ||
    ["SELECT", "DISTINCT", "ALL"].includes(keyword(before))
  );
}

/** `date(event_time)` and `strftime('%Y-%m-%d', event_time)`: the column holds nothing but well-formed times and NULL. */
function day(tokens: Token[], at: number): Edit | undefined {
  const name = tokens[at];
  if (name?.kind !== "name" || tokens[at + 1]?.text !== "(") return undefined;
  const isDate = name.text.toLowerCase() === "date";
  const isFormat =
    name.text.toLowerCase() === "strftime" &&
    tokens[at + 2]?.value === "%Y-%m-%d" &&
    tokens[at + 2]?.kind === "string" &&
    tokens[at + 3]?.text === ",";
  if (!isDate && !isFormat) return undefined;
  const from = at + (isDate ? 2 : 4);
  const qualified = tokens[from + 1]?.text === ".";
  const column = from + (qualified ? 2 : 0);
  const close = tokens[column + 1];
  if (!isColumn(tokens[column], "event_time") || close?.text !== ")") return undefined;
  const alias = qualified ? `${tokens[from]?.text}.` : "";
  return { start: name.start, end: close.end, text: `substr(${alias}event_time, 1, 10)` };
}

export function isColumn(token: Token | undefined, name: string): boolean {
  return isName(token) && token.value.toLowerCase() === name && keyword(token) !== "SELECT";
}

/** The key a label or path of ->> names; undefined for paths of several steps and for keys whose spellings differ. */
function keyOfLabel(text: string): string | undefined {
  return text.startsWith("$") ? keyOfPath(text) : /^[^[\]"\\]+$/.test(text) ? text : undefined;
}

function keyOfPath(text: string): string | undefined {
  const match = /^\$\.(?:"([^"\\]+)"|([^".[\]\\]+))$/.exec(text);
  return match?.[1] ?? match?.[2];
}

function pathText(key: string): string {
  return `'$."${key.replaceAll("'", "''")}"'`;
}
