/** Statistics that are not kept: computed by the SQL child from the rows, or from an index where there is one. */
import { figure } from "./figures.ts";
import type { TableSummary } from "./profile-summary.ts";
import { clip, compareScalars, QUANTILES, type Scalar, type ValueSummary } from "./profile-summary-values.ts";
import { sqlText } from "./statistics.ts";
import type { Store } from "./store.ts";
import { quoteName, type TableInfo } from "./tables.ts";

/** Rows up to which a figure that is kept as an estimate is computed from the rows instead: under half a second. */
export const EXACT_ROWS = 200_000;

const CHARS = 2_000_000;

export type Users = { total: number; byEvent: Map<string, number> | undefined; notes: string[] };

/** Distinct users of the table and of each event. Beyond two million users they are counted by SQL, from the index on events. */
export async function distinctUsers(
  store: Store,
  table: TableInfo,
  summary: TableSummary,
  signal: AbortSignal,
): Promise<Users> {
  if (summary.usersExact) return { total: summary.users, byEvent: undefined, notes: [] };
  const limits = { rows: 100_000, chars: CHARS };
  const name = quoteName(table.name);
  const total = await store.sandbox().query(`SELECT count(DISTINCT distinct_id) FROM ${name}`, limits, signal);
  const events = await store
    .sandbox()
    .query(`SELECT event_name, count(DISTINCT distinct_id) FROM ${name} GROUP BY event_name`, limits, signal);
  return {
    total: Number(total.rows[0]?.[0] ?? 0),
    byEvent: new Map(events.rows.map(([event, users]) => [String(event ?? ""), Number(users)])),
    notes: [],
  };
}

/** Adds the extremes of distinct_id, which are not kept: two steps into an index, or one pass over the rows. */
export async function fillColumn(
  store: Store,
  table: TableInfo,
  column: string,
  values: ValueSummary,
  signal: AbortSignal,
): Promise<ValueSummary> {
  if (column !== "distinct_id" || table.type === "result") return values;
  const name = quoteName(table.name);
  const { rows } = await store
    .sandbox()
    .query(
      `SELECT (SELECT min(distinct_id) FROM ${name}), (SELECT max(distinct_id) FROM ${name})`,
      { rows: 1, chars: CHARS },
      signal,
    );
  const text = (value: Scalar | undefined) => (typeof value === "string" ? clip(value) : (value ?? null));
  return { ...values, min: text(rows[0]?.[0]), max: text(rows[0]?.[1]) };
}

export type Wanted = {
  /** An SQL expression over the table's columns. */
  expression: string;
  /** JSON path of the expression, where booleans, lists and objects are to be told from numbers and texts. */
  path?: string;
  event?: string;
  top: number;
  /** The values are JSON booleans, which SQLite hands out as 1 and 0. */
  isBoolean: boolean;
};

/**
 * One statement: the values are counted once (`seen`), everything else reads those counts. The inner LIMIT keeps SQLite
 * from carrying whole documents through its sorter.
 */
export function valuesSql(table: string, { expression, path, event, top }: Wanted): string {
  const type = path === undefined ? undefined : `json_type(properties, ${sqlText(path)})`;
  const kind =
    type === undefined
      ? "NULL"
      : `CASE ${type} WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' WHEN 'array' THEN 'array' WHEN 'object' THEN 'object' END`;
  const where = event === undefined ? "" : ` WHERE event_name = ${sqlText(event)}`;
  const ranks = QUANTILES.map((share, index) => `SELECT ${index} AS i, ${share} * (n - 1) AS rank FROM numbers`).join(
    " UNION ALL ",
  );
  return `WITH seen AS MATERIALIZED (
    SELECT v, kind, count(*) AS n FROM (SELECT ${expression} AS v, ${kind} AS kind FROM ${quoteName(table)}${where} LIMIT -1) GROUP BY v, kind),
  ordered AS MATERIALIZED (
    SELECT v, n, sum(n) OVER (ORDER BY v) AS upto FROM seen WHERE kind IS NULL AND typeof(v) IN ('integer', 'real')),
  numbers AS MATERIALIZED (SELECT coalesce(sum(n), 0) AS n, sum(v * 1.0 * n) / sum(n) AS mean, total(v * 1.0 * n) AS total FROM ordered),
  ranks AS (${ranks})
  SELECT 'all' AS part, coalesce(sum(n), 0) AS a, coalesce(sum(n) FILTER (WHERE v IS NOT NULL), 0) AS b, count(v) AS c,
    min(v) FILTER (WHERE kind IS NULL) AS d, max(v) FILTER (WHERE kind IS NULL) AS e FROM seen
  UNION ALL SELECT 'types', coalesce(kind, typeof(v)), sum(n), NULL, NULL, NULL FROM seen WHERE v IS NOT NULL GROUP BY coalesce(kind, typeof(v))
  UNION ALL SELECT 'numbers', numbers.n, numbers.mean, numbers.total,
    (SELECT sqrt(sum(n * (v - numbers.mean) * (v - numbers.mean)) / (numbers.n - 1)) FROM ordered), NULL FROM numbers
  UNION ALL SELECT 'quantile', i, rank,
    (SELECT v FROM ordered WHERE upto > CAST(rank AS INTEGER) ORDER BY upto LIMIT 1),
    (SELECT v FROM ordered WHERE upto > CAST(rank AS INTEGER) + (rank > CAST(rank AS INTEGER)) ORDER BY upto LIMIT 1), NULL
    FROM ranks WHERE (SELECT n FROM numbers) > 0
  UNION ALL SELECT * FROM (SELECT 'top', v, n, kind, NULL, NULL FROM seen WHERE v IS NOT NULL ORDER BY n DESC, v LIMIT ${top})`;
}

export type ExactValues = { rows: number; types: string[]; values: ValueSummary };

/** Everything about an expression's values, exactly. Faults as for any query (SQL_TIMEOUT, LIMIT_EXCEEDED, CANCELLED). */
export async function exactValues(
  store: Store,
  table: TableInfo,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<ExactValues> {
  const sql = valuesSql(table.name, wanted);
  const { rows } = await store.sandbox().query(sql, { rows: wanted.top + 100, chars: CHARS }, signal);
  const scalar = (value: Scalar | undefined, kind?: Scalar): Scalar => {
    if ((wanted.isBoolean || kind === "boolean") && (value === 0 || value === 1)) return value === 1;
    return typeof value === "string" ? clip(value) : (value ?? null);
  };
  const part = (name: string) => rows.filter((row) => row[0] === name);
  const [all = []] = part("all");
  const [numbers = []] = part("numbers");
  const types = part("types").sort((a, b) => Number(b[2]) - Number(a[2]));
  const top = part("top").map((row): [Scalar, number] => [scalar(row[1], row[3]), Number(row[2])]);
  top.sort((a, b) => b[1] - a[1] || compareScalars(a[0], b[0]));
  const isNumeric = Number(numbers[1] ?? 0) > 0 && !wanted.isBoolean;
  const quantiles = part("quantile").map((row) => {
    const rank = Number(row[2]);
    const [below, above] = [Number(row[3]), Number(row[4])];
    return below + (above - below) * (rank - Math.floor(rank));
  });
  return {
    rows: Number(all[1] ?? 0),
    types: wanted.isBoolean ? ["boolean"] : types.map((row) => typeName(String(row[1]))),
    values: {
      count: Number(all[2] ?? 0),
      distinct: Number(all[3] ?? 0),
      distinctExact: true,
      min: scalar(all[4]),
      max: scalar(all[5]),
      numbers: isNumeric ? Number(numbers[1]) : 0,
      sum: isNumeric ? asNumber(numbers[3]) : null,
      mean: isNumeric ? figure(asNumber(numbers[2])) : null,
      std: isNumeric ? figure(asNumber(numbers[4])) : null,
      quantiles: isNumeric ? quantiles : null,
      quantilesExact: true,
      top,
      topExact: true,
    },
  };
}

function asNumber(value: Scalar | undefined): number | null {
  const number = typeof value === "number" ? value : Number(value ?? Number.NaN);
  return Number.isFinite(number) ? number : null;
}

/** SQLite's type names as those of JSON. */
function typeName(type: string): string {
  return type === "text" ? "string" : type === "blob" ? "blob" : type;
}
