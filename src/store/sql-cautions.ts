/** What SQLite runs without a word and what gives other numbers than the same query elsewhere. Said beside the result, not instead. */
import { keyword, type Token } from "./sql-tokens.ts";

const TIMES = new Set(["EVENT_TIME", "LAST_SEEN", "CURRENT_DATE", "CURRENT_TIMESTAMP"]);
const EQUALS = new Set(["=", "==", "!=", "<>", "IS"]);

/** One sentence each, at most one of a kind. `integers`: does the result have a column of integers? */
export function cautions(tokens: Token[], integers: boolean): string[] {
  const found = new Set<string>();
  for (const index of tokens.keys())
    for (const caution of [dateArithmetic, lastDay, jsonText, nullComparison]) {
      const text = caution(tokens, index);
      if (text !== undefined) found.add(text);
    }
  if (integers && wholeDivision(tokens))
    found.add("A quotient of two integers is a whole number in SQLite: multiply by 1.0 to get a fraction.");
  return [...found];
}

/** `date('now') - 7` is the year minus seven. */
function dateArithmetic(tokens: Token[], index: number): string | undefined {
  const operator = tokens[index]?.text;
  if (operator !== "-" && operator !== "+") return undefined;
  if (!endsTime(tokens, index - 1)) return undefined;
  const next = tokens[index + 1];
  if (next?.kind !== "number" && !startsTime(tokens, index + 1)) return undefined;
  return "Adding to or subtracting from a date counts years in SQLite: use date(x, '-7 days'), or julianday(a) - julianday(b) for days between.";
}

function startsTime(tokens: Token[], index: number): boolean {
  const word = keyword(tokens[index]);
  return TIMES.has(word) || ((word === "DATE" || word === "DATETIME") && tokens[index + 1]?.text === "(");
}

function endsTime(tokens: Token[], index: number): boolean {
  if (TIMES.has(keyword(tokens[index]))) return true;
  if (tokens[index]?.text !== ")") return false;
  const name = keyword(tokens[openingOf(tokens, index) - 1]);
  return name === "DATE" || name === "DATETIME";
}

function openingOf(tokens: Token[], closing: number): number {
  let depth = 0;
  for (let index = closing; index >= 0; index--) {
    if (tokens[index]?.text === ")") depth++;
    if (tokens[index]?.text === "(" && --depth === 0) return index;
  }
  return -1;
}

/** `event_time <= '2026-01-31'` leaves out all of that day but its first second. */
function lastDay(tokens: Token[], index: number): string | undefined {
  const text = tokens[index];
  if (text?.kind !== "string" || !/^\d{4}-\d\d-\d\d$/.test(text.value) || keyword(tokens[index + 1]) === "||")
    return undefined;
  const [operator, column] = [tokens[index - 1], tokens[index - 2]];
  const upTo = operator?.text === "<=" && keyword(column) === "EVENT_TIME";
  const between =
    keyword(operator) === "AND" &&
    keyword(tokens[index - 3]) === "BETWEEN" &&
    keyword(tokens[index - 4]) === "EVENT_TIME";
  if (!upTo && !between) return undefined;
  return `event_time has hours: '${text.value}' is that day's first second. Compare date(event_time), or use < the next day.`;
}

/** Elsewhere `->>` gives text; here a number stays a number and a boolean is 1 or 0. */
function jsonText(tokens: Token[], index: number): string | undefined {
  const literal = tokens[index];
  const compared = EQUALS.has(tokens[index - 1]?.text.toUpperCase() ?? "") && tokens[index - 3]?.text === "->>";
  if (literal?.kind !== "string" || !compared) return undefined;
  if (/^(true|false)$/i.test(literal.value))
    return "JSON true and false come out of ->> as 1 and 0; the text 'true' equals only a text.";
  if (/^-?\d+(\.\d+)?$/.test(literal.value))
    return `A JSON number stays a number after ->>: it does not equal the text '${literal.value}'; leave the quotes out if the values are numbers.`;
  return undefined;
}

function nullComparison(tokens: Token[], index: number): string | undefined {
  if (keyword(tokens[index]) !== "NULL" || !["=", "==", "!=", "<>"].includes(tokens[index - 1]?.text ?? ""))
    return undefined;
  return "Nothing equals NULL: use IS NULL or IS NOT NULL.";
}

/** `count(...) / count(...)`, with nothing in the query that would make one of them a REAL. */
function wholeDivision(tokens: Token[]): boolean {
  const counts = new Set(["COUNT", "SUM"]);
  const real = tokens.some(
    (token) =>
      (token.kind === "number" && /[.eE]/.test(token.text)) ||
      ["CAST", "AVG", "TOTAL", "ROUND"].includes(keyword(token)),
  );
  if (real) return false;
  return tokens.some(
    (token, index) => token.text === "/" && counts.has(keyword(tokens[index + 1])) && divides(tokens, index, counts),
  );
}

/** Does the call before the operator count? A FILTER or OVER clause may stand in between. */
function divides(tokens: Token[], operator: number, counts: ReadonlySet<string>): boolean {
  let end = operator - 1;
  for (let steps = 0; steps < 3 && tokens[end]?.text === ")"; steps++) {
    const name = keyword(tokens[openingOf(tokens, end) - 1]);
    if (counts.has(name)) return true;
    if (name !== "FILTER" && name !== "OVER") return false;
    end = openingOf(tokens, end) - 2;
  }
  return false;
}
