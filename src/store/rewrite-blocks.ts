/** Finds the plain SELECTs of one events table in a canonical query, and which columns and properties each of them reads. */
import { applyEdits, isStar } from "./rewrite-access.ts";
import { isName, keyword, type Token } from "./sql-tokens.ts";

/** A SELECT of one table, as positions in the token list: clauses by their first token after the keyword. */
export type Block = {
  table: string;
  /** Tokens [from, to) of the table and its alias. */
  source: [number, number];
  alias: string | undefined;
  /** One past the table and its alias; another source follows when `each`: json_each over something of the row. */
  tableEnd: number;
  each: boolean;
  select: [number, number];
  where: [number, number] | undefined;
  group: [number, number] | undefined;
  /** First token of the SELECT keyword, and one past the block's last token. */
  start: number;
  end: number;
};

const CLAUSES = ["FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT"] as const;
const COMPOUND = new Set(["UNION", "INTERSECT", "EXCEPT"]);

/** The SELECTs, nested ones too, whose FROM is a single table that `isTable` knows. */
export function findBlocks(tokens: Token[], isTable: (name: string) => boolean): Block[] {
  const blocks: Block[] = [];
  for (const [at, token] of tokens.entries()) {
    if (keyword(token) !== "SELECT") continue;
    const block = readBlock(tokens, at, isTable);
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}

function readBlock(tokens: Token[], start: number, isTable: (name: string) => boolean): Block | undefined {
  const clauses = new Map<string, number>();
  let depth = 0;
  let end = start + 1;
  for (; end < tokens.length; end++) {
    const text = tokens[end]?.text;
    if (text === "(") depth++;
    if (text === ")" && --depth < 0) break;
    if (depth > 0) continue;
    const word = keyword(tokens[end]);
    if (text === ";" || COMPOUND.has(word)) break;
    if ((CLAUSES as readonly string[]).includes(word) && !clauses.has(word)) clauses.set(word, end);
  }
  const span = (name: (typeof CLAUSES)[number], words: number): [number, number] | undefined => {
    const from = clauses.get(name);
    if (from === undefined) return undefined;
    const next = [...clauses.values()].filter((at) => at > from);
    return [from + words, Math.min(end, ...next)];
  };
  const source = span("FROM", 1);
  if (source === undefined) return undefined;
  const named = readSource(tokens, source, isTable);
  if (named === undefined) return undefined;
  return {
    ...named,
    source,
    select: [start + 1, clauses.get("FROM") ?? end],
    where: span("WHERE", 1),
    group: span("GROUP", 2),
    start,
    end,
  };
}

/** `events`, `main.events`, `events e`, `events AS e`, each also with `, json_each(...) AS i` behind; nothing else. */
function readSource(tokens: Token[], [from, to]: [number, number], isTable: (name: string) => boolean) {
  let at = from;
  if (tokens[at + 1]?.text === "." && tokens[at]?.value.toLowerCase() === "main") at += 2;
  const table = tokens[at];
  if (!isName(table) || !isTable(table.value.toLowerCase())) return undefined;
  const [tableEnd, alias] = readAlias(tokens, at + 1, to);
  if (tableEnd === to) return { table: table.value, alias, tableEnd, each: false };
  const each = readEach(tokens, tableEnd, to);
  return each === to ? { table: table.value, alias, tableEnd, each: true } : undefined;
}

/** Position after the name a source is given, and the name. */
function readAlias(tokens: Token[], at: number, to: number): [number, string | undefined] {
  const named = keyword(tokens[at]) === "AS" ? at + 1 : at;
  const alias = tokens[named];
  if (named >= to || !isName(alias) || ["CROSS", "INNER", "JOIN", "LEFT", "NATURAL", "ON"].includes(keyword(alias)))
    return [at, undefined];
  return [named + 1, alias.value];
}

/** Position after `, json_each(...) AS i`; -1 for any other join. */
function readEach(tokens: Token[], from: number, to: number): number {
  let at = from;
  if (tokens[at]?.text === ",") at++;
  else {
    if (["CROSS", "INNER"].includes(keyword(tokens[at]))) at++;
    if (keyword(tokens[at]) !== "JOIN") return -1;
    at++;
  }
  if (tokens[at]?.value.toLowerCase() !== "json_each" || tokens[at + 1]?.text !== "(") return -1;
  let depth = 0;
  do {
    if (tokens[at + 1]?.text === "(") depth++;
    if (tokens[at + 1]?.text === ")") depth--;
    at++;
  } while (depth > 0 && at < to);
  return readAlias(tokens, at + 1, to)[0];
}

/** A thing a block reads of a row: a plain column or one of the canonical expressions, and where. */
export type Read = { what: string; from: number; to: number };

/** Undefined when the block reads something that is not a plain column, a property or a day (`*`, a whole document). */
export function readsOf(
  tokens: Token[],
  [from, to]: [number, number],
  columns: ReadonlySet<string>,
): Read[] | undefined {
  const reads: Read[] = [];
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (isStar(tokens, at)) return undefined;
    if (!isName(token) || tokens[at + 1]?.text === "." || tokens[at + 1]?.text === "(") continue;
    const name = token.value.toLowerCase();
    if (!columns.has(name)) continue;
    const start = tokens[at - 1]?.text === "." ? at - 2 : at;
    if (name === "properties") {
      const [arrow, path] = [tokens[at + 1]?.text, tokens[at + 2]];
      if ((arrow !== "->>" && arrow !== "->") || path?.kind !== "string" || !/^\$\."[^"\\]+"$/.test(path.value))
        return undefined;
      reads.push({ what: `properties${arrow}'${path.value.replaceAll("'", "''")}'`, from: start, to: at + 3 });
      at += 2;
    } else if (name === "event_time" && isDay(tokens, start, at)) {
      reads.push({ what: "substr(event_time, 1, 10)", from: start - 2, to: at + 6 });
      at += 5;
    } else reads.push({ what: name, from: start, to: at + 1 });
  }
  return reads;
}

/** `substr(event_time, 1, 10)` around the column at `at` (qualified from `start`). */
function isDay(tokens: Token[], start: number, at: number): boolean {
  return (
    tokens[start - 2]?.text.toLowerCase() === "substr" &&
    [tokens[start - 1], tokens[at + 1], tokens[at + 2], tokens[at + 3], tokens[at + 4], tokens[at + 5]]
      .map((token) => token?.text)
      .join("") === "(,1,10)"
  );
}

/** Is it more than a column's name? */
export function isExpression(what: string): boolean {
  return what.includes("(") || what.includes(">");
}

export function inside(span: [number, number] | undefined, at: number): boolean {
  return span !== undefined && at >= span[0] && at < span[1];
}

/** The tokens [from, to) as written, with each of the reads replaced by what `names` calls it. */
export function renamed(
  sql: string,
  tokens: Token[],
  from: number,
  to: number,
  reads: Read[],
  names: ReadonlyMap<string, string>,
): string {
  if (from >= to) return "";
  const base = tokens[from]?.start ?? 0;
  const edits = reads
    .filter((read) => read.from >= from && read.to <= to && isExpression(read.what))
    .map((read) => ({
      start: (tokens[read.from]?.start ?? 0) - base,
      end: (tokens[read.to - 1]?.end ?? 0) - base,
      text: names.get(read.what) ?? "",
    }));
  return applyEdits(sql.slice(base, tokens[to - 1]?.end ?? 0), edits);
}

/** Names for what is read: columns keep theirs, expressions get one that the query does not use. */
export function nameReads(sql: string, whats: Iterable<string>): Map<string, string> {
  let prefix = "p";
  while (sql.toLowerCase().includes(`${prefix}_`)) prefix += "p";
  const names = new Map<string, string>();
  for (const what of whats) names.set(what, isExpression(what) ? `${prefix}_${names.size + 1}` : what);
  return names;
}
