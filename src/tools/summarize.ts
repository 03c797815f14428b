import { z } from "zod";
import { figure } from "../store/figures.ts";
import type { ValueSummary } from "../store/profile-summary-values.ts";
import {
  columnSummary,
  empty,
  frequentValues,
  listedProperties,
  quantileAt,
  tableStatistics,
  typesOf,
  uncountedNote,
} from "../store/statistics.ts";
import { fillColumn } from "../store/statistics-exact.ts";
import { tableColumns } from "../store/table-columns.ts";
import { cell, table } from "./params.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

/** A value in the overview; column_stats shows more of it. */
const VALUE_CHARS = 60;

const entry = () =>
  z.object({
    name: z.string(),
    type: z.string(),
    count: z.int(),
    nulls: z.int(),
    distinct: z.int().nullable(),
    min: cell(),
    max: cell(),
    mean: z.number().nullable(),
    std: z.number().nullable(),
    q25: cell(),
    q50: cell(),
    q75: cell(),
    top: cell(),
  });

export const summarize = defineTool({
  name: "summarize",
  title: "Summary of a table",
  description:
    "Overview of a local table's data: every column and the most frequent properties with type, values, nulls, distinct, min, max, mean, sample standard deviation, quartiles, top value. Instant. For one in depth: column_stats.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ table: table(), properties: z.int().min(0).max(500).default(20) }),
  output: () =>
    z.object({
      table: z.string(),
      row_count: z.int(),
      columns: z.array(entry()),
      properties: z.array(entry()),
      total_properties: z.int(),
      truncated: z.boolean(),
      notes: z.array(z.string()),
    }),
  async handler({ store }, { table: name, properties }, context) {
    const statistics = await tableStatistics(store, name, context);
    const { table, summary } = statistics;
    const columns = [];
    for (const { name: column, type } of tableColumns(store.db(), table.name)) {
      const kept = columnSummary(statistics, column) ?? (summary.rows === 0 ? empty() : undefined);
      if (kept === undefined) continue;
      const values = await fillColumn(store, table, column, kept, context.signal);
      columns.push({ values, row: describe(column, type, summary.rows, values, table.type !== "result") });
    }
    const found = listedProperties(statistics);
    const shown = found.slice(0, properties);
    const rows = shown.map((property) =>
      describe(property.key, typesOf(property.kinds).join("|"), summary.rows, property),
    );
    const estimated = [
      ...columns.map(({ row, values }) => ({ name: row.name, values })),
      ...shown.map((values) => ({ name: values.key, values })),
    ]
      .filter(({ values }) => !isUnknown(values) && !(values.distinctExact && values.quantilesExact))
      .map(({ name }) => name);
    return {
      table: table.name,
      row_count: summary.rows,
      columns: columns.map(({ row }) => row),
      properties: rows,
      total_properties: found.length,
      truncated: found.length > shown.length,
      notes: [
        ...uncountedNote(statistics),
        ...(estimated.length === 0
          ? []
          : [
              `Very many values, so distinct, quartiles and top are estimates (distinct within about 2 %): ${estimated.join(", ")}.`,
            ]),
      ],
    };
  },
  summary: ({ row_count, columns, properties, total_properties }) =>
    `${row_count} rows: ${columns.length} columns and ${properties.length} of ${total_properties} properties.`,
  cut: {
    size: ({ properties }) => properties.length,
    keep: (result, rows) => ({ ...result, properties: result.properties.slice(0, rows), truncated: true }),
    shown: ({ properties, total_properties }) =>
      `${properties.length} of ${total_properties} properties shown; set properties, or see one with column_stats`,
  },
});

function describe(name: string, type: string, rows: number, values: ValueSummary, isOwnColumn = false) {
  const quantile = (share: 0.25 | 0.5 | 0.75) => quantileAt(values, isOwnColumn ? name : "", share);
  return {
    name,
    type,
    count: values.count,
    nulls: rows - values.count,
    distinct: isUnknown(values) ? null : values.distinct,
    min: short(values.min),
    max: short(values.max),
    mean: figure(values.mean),
    std: figure(values.std),
    q25: quantile(0.25),
    q50: quantile(0.5),
    q75: quantile(0.75),
    top: short(frequentValues(values)[0]?.[0] ?? null),
  };
}

/** Whole documents are not compared with each other. */
function isUnknown({ count, distinct }: ValueSummary): boolean {
  return count > 0 && distinct === 0;
}

function short(value: string | number | boolean | null): string | number | boolean | null {
  if (typeof value !== "string" || value.length <= VALUE_CHARS) return value;
  return `${value.slice(0, VALUE_CHARS).toWellFormed()}…`;
}
