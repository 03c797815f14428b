/** Everything about one column, property or path: from the kept statistics where they say it all, else from the rows. */
import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { figure, share } from "./figures.ts";
import type { PropertySummary } from "./profile-summary.ts";
import { QUANTILES, TOP_VALUES, type ValueSummary } from "./profile-summary-values.ts";
import {
  columnSummary,
  frequentValues,
  propertyPath,
  propertySql,
  quantileAt,
  requireEvent,
  requireEvents,
  sqlText,
  type TableStatistics,
  tableStatistics,
  typesOf,
  uncountedNote,
  type Waiting,
} from "./statistics.ts";
import { EXACT_ROWS, exactValues, fillColumn } from "./statistics-exact.ts";
import type { Store } from "./store.ts";
import { tableColumns } from "./table-columns.ts";
import { quoteName } from "./tables.ts";

export type ColumnRequest = { table: string; column: string; event?: string; top: number };

/** What was asked for: the SQL that reads it, and what is kept of it (nothing for a path). */
type Target = {
  name: string;
  sql: string;
  type?: string;
  kept?: ValueSummary;
  property?: PropertySummary;
  /** Of what is neither a column nor a property. */
  path?: string;
  isTime: boolean;
};

/** Throws TABLE_NOT_FOUND, NOT_FOUND (with the nearest names), and the faults of a query. */
export async function columnStatistics(store: Store, request: ColumnRequest, waiting: Waiting) {
  const statistics = await tableStatistics(store, request.table, waiting);
  const { table, summary } = statistics;
  const target = findTarget(store, statistics, request.column);
  if (request.event !== undefined) {
    requireEvents(table);
    requireEvent(statistics, request.event);
  }
  const fromRows = request.event !== undefined || !enough(target, request.top, summary.rows);
  const types = target.property === undefined ? [] : typesOf(target.property.kinds);
  const isBoolean = types.join() === "boolean";
  // SQL hands out true as 1, and lists and objects as texts: where they may be mixed with others they are told apart.
  const isMixed = types.some((type) => type === "array" || type === "object" || (type === "boolean" && !isBoolean));
  const path =
    target.path ?? (isMixed && target.property !== undefined ? propertyPath(target.property.key) : undefined);
  const computed = fromRows
    ? await exactValues(
        store,
        table,
        { expression: target.sql, path, event: request.event, top: request.top, isBoolean },
        waiting.signal,
      )
    : undefined;
  const kept =
    target.kept === undefined ? undefined : await fillColumn(store, table, target.name, target.kept, waiting.signal);
  const values = computed?.values ?? kept;
  if (values === undefined) throw new Fault("NOT_FOUND", `There is nothing under ${JSON.stringify(request.column)}.`);
  const rows = computed?.rows ?? summary.rows;
  const type =
    target.type ??
    (target.property === undefined ? computed?.types.join("|") : typesOf(target.property.kinds).join("|"));
  return {
    table: table.name,
    column: target.name,
    event: request.event,
    sql: target.sql,
    type: type === undefined || type === "" ? "null" : type,
    rows,
    ...figures(values, target, rows, request.top),
  };
}

function figures(values: ValueSummary, target: Target, rows: number, top: number) {
  const approximate = [
    values.distinctExact ? "" : "distinct",
    values.quantiles === null || values.quantilesExact ? "" : "quantiles",
    values.topExact ? "" : "top_values",
  ].filter((name) => name !== "");
  const quantiles =
    values.quantiles === null
      ? null
      : Object.fromEntries(
          QUANTILES.map((at) => [quantileName(at), quantileAt(values, target.isTime ? "event_time" : "", at)]),
        );
  const shown = frequentValues(values).slice(0, top);
  return {
    count: values.count,
    nulls: rows - values.count,
    // Whole documents are not compared with each other.
    distinct: values.count > 0 && values.distinct === 0 ? null : values.distinct,
    min: values.min,
    max: values.max,
    mean: figure(values.mean),
    std: figure(values.std),
    quantiles,
    top_values: shown.map(([value, count]) => ({ value, count, share: share(count, values.count) })),
    approximate,
    truncated: values.distinct > shown.length,
    notes: notesOn(values, approximate, target),
  };
}

function notesOn(values: ValueSummary, approximate: string[], { sql }: Target): string[] {
  if (approximate.length === 0) return [];
  const notes = [
    `Very many different values: ${approximate.join(", ")} are estimates (distinct within about 2 %, quantiles within 0.1 %). Exact by SQL: SELECT count(DISTINCT ${sql}) ...`,
  ];
  if (frequentValues(values).length === 0)
    notes.push("top_values is left out: of so many different values none is known to be frequent.");
  return notes;
}

function quantileName(share: number): string {
  return `q${String(Math.round(share * 100)).padStart(2, "0")}`;
}

/** Whether what is kept answers the request. Small tables are computed exactly rather than estimated. */
function enough({ kept }: Target, top: number, rows: number): boolean {
  if (kept === undefined) return false;
  if (top > TOP_VALUES && kept.distinct > TOP_VALUES) return false;
  return rows > EXACT_ROWS || (kept.distinctExact && kept.quantilesExact && kept.topExact);
}

function findTarget(store: Store, statistics: TableStatistics, asked: string): Target {
  const { table, summary } = statistics;
  const columns = tableColumns(store.db(), table.name);
  const column =
    columns.find(({ name }) => name === asked) ??
    columns.find(({ name }) => name.toLowerCase() === asked.toLowerCase());
  const hasProperties = table.type !== "result" || columns.some(({ name }) => name === "properties");
  const property = (key: string) =>
    table.type === "result" ? undefined : summary.properties.find((entry) => entry.key === key);
  const exact = property(asked);
  if (exact !== undefined && column?.name !== asked) return ofProperty(exact);
  if (column !== undefined) {
    const kept = columnSummary(statistics, column.name);
    return {
      name: column.name,
      sql: quoteIfNeeded(column.name),
      type:
        column.type === "ANY"
          ? typesOf(summary.properties.find(({ key }) => key === column.name)?.kinds ?? []).join("|")
          : column.type,
      kept,
      isTime: table.type !== "result" && (column.name === "event_time" || column.name === "last_seen"),
    };
  }
  const inner = /^properties\s*(?:\.|->>?)\s*(.+)$/.exec(asked)?.[1]?.replace(/^'(.*)'$/, "$1") ?? asked;
  const named = property(inner) ?? property(inner.replace(/^\$\.(?:"(.*)"|(.*))$/, "$1$2"));
  if (named !== undefined) return ofProperty(named);
  const path = hasProperties
    ? pathOf(inner, (key) => property(key) !== undefined || table.type === "result")
    : undefined;
  if (path !== undefined) return { name: asked, sql: `properties->>${sqlText(path)}`, path, isTime: false };
  const names = [
    ...columns.map(({ name }) => name),
    ...(table.type === "result" ? [] : summary.properties.map(({ key }) => key)),
  ];
  const near = nearest(inner, names);
  throw new Fault(
    "NOT_FOUND",
    `Table ${table.name} has no column, property or path ${JSON.stringify(asked.slice(0, 80))}.`,
    {
      suggestions: [
        near.length > 0
          ? "The nearest names are below; table_schema lists all."
          : "table_schema lists the columns and properties.",
        "A path into a nested value starts with the property: $.items[0].price.",
        ...uncountedNote(statistics),
      ],
      details: { names: near },
    },
  );
}

function ofProperty(property: PropertySummary): Target {
  return { name: property.key, sql: propertySql(property.key), kept: property, property, isTime: false };
}

function quoteIfNeeded(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoteName(name);
}

/** `$.a.b[0]`, `a.b[0]` or `a[0]` as a JSON path, when its first step is a property there is. */
function pathOf(asked: string, known: (key: string) => boolean): string | undefined {
  const path = asked.startsWith("$.") || asked.startsWith("$[") ? asked : `$.${asked}`;
  const step = /(?:\.(?:"((?:[^"\\]|\\.)*)"|([^.[\]"]+))|\[(#-)?\d+\])/y;
  const steps: string[] = [];
  let at = 1;
  let first: string | undefined;
  while (at < path.length) {
    step.lastIndex = at;
    const match = step.exec(path);
    if (match === null) return undefined;
    const name = match[1] ?? match[2];
    first ??= name ?? "";
    steps.push(name === undefined ? match[0] : `."${name}"`);
    at = step.lastIndex;
  }
  return first !== undefined && known(first) ? `$${steps.join("")}` : undefined;
}
