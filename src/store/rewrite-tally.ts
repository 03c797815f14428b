/**
 * Queries that only count rows by event, by day or by a property of few values: the counts are kept with the statistics of the
 * table, so the rows need not be visited. The counts take the table's place as a list of VALUES.
 */
import { applyEdits, type Edit } from "./rewrite-access.ts";
import { type Block, nameReads, type Read, renamed } from "./rewrite-blocks.ts";
import { keyword, type Token } from "./sql-tokens.ts";

/** One row per combination of values, in the order asked for, with the number of table rows that have it. */
export type Tally = { values: (string | number | null)[]; rows: number }[];

/** More would take longer to compile than an index takes to be read. */
const MOST_ROWS = 3_000;

/** Functions of one row; anything else that is called may be an aggregate. */
const SCALAR = new Set([
  "round",
  "upper",
  "lower",
  "coalesce",
  "ifnull",
  "nullif",
  "iif",
  "substr",
  "trim",
  "length",
  "abs",
  "cast",
  "in",
  "and",
  "or",
  "not",
  "by",
  "over",
  "where",
  "when",
  "then",
  "values",
  "select",
  "from",
  "on",
  "having",
]);
/** Under a collation several values are one, and which of them is shown depends on the rows. */
const NOT_HERE = new Set(["FILTER", "OVER", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "COLLATE"]);

export function tallied(
  sql: string,
  tokens: Token[],
  block: Block,
  reads: Read[],
  tally: ((whats: string[]) => Tally | undefined) | undefined,
): Edit | undefined {
  if (tally === undefined || block.each || !countsOnly(tokens, block, reads)) return undefined;
  const whats = [...new Set(reads.map(({ what }) => what))];
  const counts = tally(whats);
  const [first, last] = [tokens[block.start], tokens[block.end - 1]];
  if (
    counts === undefined ||
    counts.length > MOST_ROWS ||
    counts.length === 0 ||
    first === undefined ||
    last === undefined
  )
    return undefined;
  const names = nameReads(sql, whats);
  const count = `${freeName(sql)}`;
  const columns = [...names].map(([what, name], index) => {
    // A comparison with a column of type TEXT turns numbers into text; so must the list's.
    const value = what === name ? `CAST(column${index + 1} AS TEXT)` : `column${index + 1}`;
    return `${value} AS ${name}`;
  });
  // In the order an index would give them, which is seen where nothing else orders them.
  const list = counts
    .toSorted(byValues)
    .map(({ values, rows }) => `(${[...values.map(literal), rows].join(",")})`)
    .join(",");
  const alias = `"${(block.alias ?? block.table).replaceAll('"', '""')}"`;
  const source = `(SELECT ${[...columns, `column${whats.length + 1} AS ${count}`].join(", ")} FROM (VALUES ${list})) AS ${alias}`;
  const before = renamed(sql, tokens, block.start, block.source[0], reads, names);
  const after = renamed(sql, tokens, block.source[1], block.end, reads, names);
  const sum = block.group === undefined ? `coalesce(sum(${count}), 0)` : `sum(${count})`;
  const text = `${before} ${source} ${after}`.trimEnd();
  return { start: first.start, end: last.end, text: replaceCounts(text, sum) };
}

type Value = Tally[number]["values"][number];

function byValues({ values: a }: Tally[number], { values: b }: Tally[number]): number {
  for (const [index, value] of a.entries()) {
    const order = compareValues(value, b[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** As SQLite orders them: NULL, numbers, texts by their bytes. */
function compareValues(a: Value, b: Value): number {
  const rank = (value: Value) => (value === null ? 0 : typeof value === "number" ? 1 : 2);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return rank(a) - rank(b);
}

function freeName(sql: string): string {
  let name = "n_rows";
  while (sql.toLowerCase().includes(name)) name += "_";
  return name;
}

/** `count(*)` outside of texts and comments; the list of values holds none. */
function replaceCounts(text: string, sum: string): string {
  const edits: Edit[] = [];
  const pattern = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\bcount\s*\(\s*\*\s*\)/gi;
  for (const match of text.matchAll(pattern)) {
    if (/^count/i.test(match[0])) edits.push({ start: match.index, end: match.index + match[0].length, text: sum });
  }
  return applyEdits(text, edits);
}

function literal(value: string | number | null): string {
  if (value === null) return "NULL";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** Groups or distinct rows with no other aggregate than count(*), or a bare count(*) of all. */
function countsOnly(tokens: Token[], block: Block, reads: Read[]): boolean {
  const own = tokens.slice(block.start, block.end);
  const words = own.map(keyword);
  if (words.filter((word) => word === "SELECT").length > 1 || words.some((word) => NOT_HERE.has(word))) return false;
  if (own.some((token) => token.value.toLowerCase() === "rowid")) return false;
  let counts = 0;
  for (const [at, token] of own.entries()) {
    if (own[at + 1]?.text !== "(" || token.kind !== "name") continue;
    const isCount = token.text.toLowerCase() === "count" && own[at + 2]?.text === "*" && own[at + 3]?.text === ")";
    if (isCount) counts++;
    else if (!SCALAR.has(token.text.toLowerCase())) return false;
  }
  const inSelect = reads.filter(({ from }) => from >= block.select[0] && from < block.select[1]);
  const distinct = keyword(tokens[block.select[0]]) === "DISTINCT";
  if (block.group !== undefined) return !distinct;
  return distinct
    ? counts === 0
    : counts > 0 && inSelect.length === 0 && words.every((word) => word !== "HAVING" && word !== "ORDER");
}
