/**
 * A query in the form SQLite runs fastest, with the same rows: canonical spellings, so that indexes match, and GROUP BY over a
 * sub-query that hands out only what is needed. SQLite sorts the rows of a GROUP BY, and the sorter would carry the whole JSON
 * document of each; `LIMIT -1` keeps the planner from flattening the sub-query again. The SQL child prepares both forms and runs
 * the original when the rewritten one does not prepare (sandbox-run.ts).
 */
import { applyEdits, canonicalise } from "./rewrite-access.ts";
import { type Block, findBlocks, type Read, readsOf } from "./rewrite-blocks.ts";
import { isName, keyword, type Token, tokenize } from "./sql-tokens.ts";

/** The fetched tables of events by lower-case name, and what each of their indexes holds (column names, canonical expressions). */
export type Indexed = { name: string; columns: ReadonlySet<string>; indexes: string[][] };

/** An index that would answer a part of the query by itself. */
export type Wish = { table: string; columns: string[] };

export type Rewritten = { sql: string; wishes: Wish[] };

/** Wider indexes cost more than they save. */
const MOST_COLUMNS = 5;

export function rewriteQuery(sql: string, tables: ReadonlyMap<string, Indexed>): Rewritten {
  const canonical = canonicalise(sql);
  const tokens = tokenize(canonical);
  if (tokens.some(({ kind }) => kind === "unknown" || kind === "variable")) return { sql, wishes: [] };
  const blocks = findBlocks(tokens, (name) => tables.has(name));
  const wishes: Wish[] = [];
  const edits: { start: number; end: number; text: string }[] = [];
  for (const block of blocks) {
    const table = tables.get(block.table.toLowerCase());
    const reads = table === undefined ? undefined : readsOf(tokens, [block.start + 1, block.end], table.columns);
    if (table === undefined || reads === undefined) continue;
    const needed = [...new Set(reads.map(({ what }) => what))];
    if (table.indexes.some((index) => needed.every((what) => index.includes(what)))) continue;
    const wish = wishFor(tokens, block, reads, needed);
    if (wish !== undefined) wishes.push({ table: table.name, columns: wish });
    const edit = narrowed(canonical, tokens, block, reads);
    if (edit !== undefined) edits.push(edit);
  }
  return { sql: applyEdits(canonical, edits), wishes };
}

const isExpression = (what: string) => what.includes("(") || what.includes(">");

/** Equality first, then the groups in their order, then the rest: one pass over the index gives the groups in order. */
function wishFor(tokens: Token[], block: Block, reads: Read[], needed: string[]): string[] | undefined {
  if (needed.length > MOST_COLUMNS || !needed.some(isExpression)) return undefined;
  const groups = groupsOf(tokens, block, reads);
  const equal = reads
    .filter(({ to }) => inside(block.where, to) && ["=", "=="].includes(tokens[to]?.text ?? ""))
    .map(({ what }) => what);
  const hasOr = tokens.slice(...(block.where ?? [0, 0])).some((token) => keyword(token) === "OR");
  return [...new Set([...(hasOr ? [] : equal), ...groups, ...needed])];
}

function inside(span: [number, number] | undefined, at: number): boolean {
  return span !== undefined && at >= span[0] && at < span[1];
}

/** What the terms of GROUP BY are: read directly, by number or by the name given in the select list. */
function groupsOf(tokens: Token[], block: Block, reads: Read[]): string[] {
  if (block.group === undefined) return [];
  const items = split(tokens, block.select).map((span) => selectItem(tokens, span, reads));
  return split(tokens, block.group).flatMap(([from, to]) => {
    const direct = reads.find((read) => read.from === from && read.to === to);
    const token = tokens[from];
    if (direct !== undefined && isExpression(direct.what)) return [direct.what];
    if (to - from !== 1 || token === undefined) return [];
    const named = items.find(({ name }) => isName(token) && name === token.value.toLowerCase());
    const item = token.kind === "number" ? items[Number(token.text) - 1] : named;
    return item?.what !== undefined ? [item.what] : direct !== undefined ? [direct.what] : [];
  });
}

function selectItem(tokens: Token[], [from, to]: [number, number], reads: Read[]): { name?: string; what?: string } {
  const start = keyword(tokens[from]) === "DISTINCT" ? from + 1 : from;
  const read = reads.find((candidate) => candidate.from === start && candidate.to <= to);
  const alias = tokens[to - 1];
  const name = isName(alias) ? alias.value.toLowerCase() : undefined;
  const rest = read === undefined ? 0 : to - read.to;
  const isWhole = rest === 0 || (rest === 1 && isName(alias)) || (rest === 2 && keyword(tokens[to - 2]) === "AS");
  return { name, what: isWhole ? read?.what : undefined };
}

function split(tokens: Token[], [from, to]: [number, number]): [number, number][] {
  const spans: [number, number][] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < to; at++) {
    const text = tokens[at]?.text;
    if (text === "(") depth++;
    if (text === ")") depth--;
    if (text !== "," || depth > 0) continue;
    spans.push([start, at]);
    start = at + 1;
  }
  if (start < to) spans.push([start, to]);
  return spans;
}

/** The block over a narrow sub-query, where it sorts rows and is plain enough; undefined otherwise. */
function narrowed(
  sql: string,
  tokens: Token[],
  block: Block,
  reads: Read[],
): { start: number; end: number; text: string } | undefined {
  const own = tokens.slice(block.start, block.end);
  const words = own.map(keyword);
  const sorts = block.group !== undefined || words.some((word, at) => word === "DISTINCT" && own[at - 1]?.text === "(");
  if (
    !sorts ||
    words.filter((word) => word === "SELECT").length > 1 ||
    words.includes("OVER") ||
    words.includes("WINDOW")
  )
    return undefined;
  const last = own.at(-1);
  const first = own[0];
  if (first === undefined || last === undefined || own.some((token) => token.value.toLowerCase() === "rowid"))
    return undefined;
  const outer = reads.filter(({ from }) => !inside(block.where, from) && !inside(block.source, from));
  if (!outer.some(({ what }) => what.startsWith("properties"))) return undefined;
  const prefix = freePrefix(sql);
  const names = new Map<string, string>();
  for (const { what } of outer)
    if (!names.has(what)) names.set(what, isExpression(what) ? `${prefix}${names.size + 1}` : what);
  const text = (from: number, to: number) => sql.slice(tokens[from]?.start ?? 0, tokens[to - 1]?.end ?? 0);
  const inner = [...names].map(([what, name]) => (what === name ? what : `${what} AS ${name}`)).join(", ");
  const where = block.where === undefined ? "" : ` WHERE ${text(...block.where)}`;
  const alias = `"${(block.alias ?? block.table).replaceAll('"', '""')}"`;
  const source = `FROM (SELECT ${inner} FROM ${text(...block.source)}${where} LIMIT -1) AS ${alias}`;
  const replaced = (from: number, to: number) => {
    if (from >= to) return "";
    const base = tokens[from]?.start ?? 0;
    const edits = outer
      .filter((read) => read.from >= from && read.to <= to && isExpression(read.what))
      .map((read) => ({
        start: (tokens[read.from]?.start ?? 0) - base,
        end: (tokens[read.to - 1]?.end ?? 0) - base,
        text: names.get(read.what) ?? "",
      }));
    return applyEdits(text(from, to), edits);
  };
  const rest = Math.max(block.source[1], block.where?.[1] ?? 0);
  return {
    start: first.start,
    end: last.end,
    text: `SELECT ${replaced(...block.select)} ${source} ${replaced(rest, block.end)}`.trimEnd(),
  };
}

function freePrefix(sql: string): string {
  let prefix = "p";
  while (sql.toLowerCase().includes(`${prefix}_`)) prefix += "p";
  return `${prefix}_`;
}
