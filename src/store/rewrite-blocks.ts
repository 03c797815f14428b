/** Finds the plain SELECTs of one events table in a canonical query, and which columns and properties each of them reads. */
import { isName, keyword, type Token } from "./sql-tokens.ts";

/** A SELECT of one table, as positions in the token list: clauses by their first token after the keyword. */
export type Block = {
  table: string;
  /** Tokens [from, to) of the table and its alias. */
  source: [number, number];
  alias: string | undefined;
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

/** `events`, `main.events`, `events e`, `events AS e`; nothing else. */
function readSource(tokens: Token[], [from, to]: [number, number], isTable: (name: string) => boolean) {
  let at = from;
  if (tokens[at + 1]?.text === "." && tokens[at]?.value.toLowerCase() === "main") at += 2;
  const table = tokens[at];
  if (!isName(table) || !isTable(table.value.toLowerCase())) return undefined;
  at++;
  if (at === to) return { table: table.value, alias: undefined };
  if (keyword(tokens[at]) === "AS") at++;
  const alias = tokens[at];
  return at === to - 1 && isName(alias) ? { table: table.value, alias: alias.value } : undefined;
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
    if (token?.text === "*" && isStar(tokens, at)) return undefined;
    if (!isName(token) || tokens[at + 1]?.text === "." || tokens[at + 1]?.text === "(") continue;
    const name = token.value.toLowerCase();
    if (!columns.has(name)) continue;
    const start = tokens[at - 1]?.text === "." ? at - 2 : at;
    if (name === "properties") {
      const path = tokens[at + 2];
      if (tokens[at + 1]?.text !== "->>" || path?.kind !== "string" || !/^\$\."[^"\\]+"$/.test(path.value))
        return undefined;
      reads.push({ what: `properties->>'${path.value.replaceAll("'", "''")}'`, from: start, to: at + 3 });
      at += 2;
    } else if (name === "event_time" && isDay(tokens, start, at)) {
      reads.push({ what: "substr(event_time, 1, 10)", from: start - 2, to: at + 6 });
      at += 5;
    } else reads.push({ what: name, from: start, to: at + 1 });
  }
  return reads;
}

/** `SELECT *` or `e.*`, not `count(*)` and not a product. */
function isStar(tokens: Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (before?.text === "(" && tokens[at + 1]?.text === ")") return false;
  return (
    before === undefined ||
    before.text === "," ||
    before.text === "." ||
    ["SELECT", "DISTINCT", "ALL"].includes(keyword(before))
  );
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
