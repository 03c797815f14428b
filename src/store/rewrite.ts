/**
 * A query in the form SQLite runs fastest, with the same rows: canonical spellings, so that indexes match, and GROUP BY over a
 * sub-query that hands out only what is needed. SQLite sorts the rows of a GROUP BY, and the sorter would carry the whole JSON
 * document of each; `LIMIT -1` keeps the planner from flattening the sub-query again. The SQL child prepares both forms and runs
 * the original when the rewritten one does not prepare (sandbox-run.ts).
 */
import { applyEdits, canonicalise, type Edit } from "./rewrite-access.ts";
import { type Block, findBlocks, inside, isExpression, type Read, readsOf } from "./rewrite-blocks.ts";
import { narrowed } from "./rewrite-narrow.ts";
import { type Tally, tallied } from "./rewrite-tally.ts";
import { isName, keyword, type Token, tokenize } from "./sql-tokens.ts";

export type Index = { name: string; columns: string[] };

/** A fetched table of events: what its indexes hold (column names, canonical expressions), and counts that are known already. */
export type Indexed = {
  name: string;
  columns: ReadonlySet<string>;
  indexes: Index[];
  /** Rows by distinct values of these columns or expressions, when that is kept. */
  tally?(whats: string[]): Tally | undefined;
};

/** An index that would answer a part of the query by itself. */
export type Wish = { table: string; columns: string[] };

export type Rewritten = { sql: string; wishes: Wish[] };

/** Wider indexes cost more than they save. */
const MOST_COLUMNS = 5;

/** `others`: lower-case names of the tables that hold no events. */
export function rewriteQuery(
  sql: string,
  tables: ReadonlyMap<string, Indexed>,
  others: ReadonlySet<string> = new Set(),
): Rewritten {
  const canonical = canonicalise(sql, others);
  const tokens = tokenize(canonical);
  if (tokens.some(({ kind }) => kind === "unknown" || kind === "variable")) return { sql, wishes: [] };
  const blocks = findBlocks(tokens, (name) => tables.has(name));
  if (isListing(tokens, blocks)) return { sql, wishes: [] };
  const counted = answered(canonical, tokens, blocks, tables);
  if (counted !== undefined) return { sql: counted, wishes: [] };
  const wishes: Wish[] = [];
  const edits: Edit[] = [];
  for (const block of blocks) {
    const table = tables.get(block.table.toLowerCase());
    const reads = table === undefined ? undefined : readsOf(tokens, [block.start + 1, block.end], table.columns);
    if (table === undefined || reads === undefined) continue;
    const needed = [...new Set(reads.map(({ what }) => what))];
    if (table.indexes.some(({ columns }) => needed.every((what) => columns.includes(what)))) {
      const hint = userOrder(tokens, block, needed, table);
      if (hint !== undefined) edits.push(hint);
      continue;
    }
    const wish = wishFor(tokens, block, reads, needed);
    if (wish !== undefined) wishes.push({ table: table.name, columns: wish });
    const edit = narrowed(canonical, tokens, block, reads);
    if (edit !== undefined) edits.push(edit);
  }
  return { sql: applyEdits(canonical, edits), wishes };
}

/** Functions of many rows, some of their names by their beginnings. */
const AGGREGATES =
  /^(count|sum|avg|min|max|total|group_concat|string_agg|json_group_|jsonb_group_|median|percentile|stddev|var)/;

/**
 * Rows of a table in no order that was asked for: what comes first is what stands first in the table. An index on a property
 * would hand them out in another order, and with a limit other rows, the day it is there: such a query is run as it is written.
 */
function isListing(tokens: Token[], blocks: Block[]): boolean {
  const [block] = blocks;
  if (blocks.length !== 1 || block === undefined || block.start !== 0 || block.group !== undefined) return false;
  return !tokens.some((token, at) => {
    const word = keyword(token);
    if (["DISTINCT", "ORDER", "OVER", "UNION", "INTERSECT", "EXCEPT"].includes(word)) return true;
    return isName(token) && tokens[at + 1]?.text === "(" && AGGREGATES.test(token.value.toLowerCase());
  });
}

/** The query over counts that are kept, when all it reads of the store is to be had that way: never a mix of two moments. */
function answered(
  sql: string,
  tokens: Token[],
  blocks: Block[],
  tables: ReadonlyMap<string, Indexed>,
): string | undefined {
  const named = tokens.filter((token, at) => isName(token) && isSource(tokens[at - 1]));
  if (blocks.length === 0 || blocks.length !== named.length) return undefined;
  const edits: Edit[] = [];
  for (const block of blocks) {
    const table = tables.get(block.table.toLowerCase());
    const reads = table === undefined ? undefined : readsOf(tokens, [block.start + 1, block.end], table.columns);
    const edit = reads === undefined ? undefined : tallied(sql, tokens, block, reads, table?.tally);
    if (edit === undefined) return undefined;
    edits.push(edit);
  }
  return applyEdits(sql, edits);
}

/** A table stands after FROM, JOIN, a comma or a schema's dot; that commas elsewhere count too errs on the safe side. */
function isSource(before: Token | undefined): boolean {
  return before !== undefined && ["FROM", "JOIN"].includes(keyword(before));
}

/**
 * A window over each user's events in time: the index on users has that order, which spares sorting. The planner prefers the
 * index on events for its filter.
 */
function userOrder(tokens: Token[], block: Block, needed: string[], table: Indexed): Edit | undefined {
  const words = tokens.slice(block.start, block.end).map((token) => token.value.toLowerCase());
  const at = words.indexOf("partition");
  if (
    at < 0 ||
    block.each ||
    words[at + 1] !== "by" ||
    words.slice(at, at + 8).filter((word) => word === "distinct_id").length !== 1
  )
    return undefined;
  const index = table.indexes.find(
    ({ columns }) =>
      columns[0] === "distinct_id" && columns[1] === "event_time" && needed.every((what) => columns.includes(what)),
  );
  const last = tokens[block.tableEnd - 1];
  if (index === undefined || last === undefined) return undefined;
  return { start: last.end, end: last.end, text: ` INDEXED BY "${index.name}"` };
}

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
