import { z } from "zod";
import { share } from "../store/figures.ts";
import { listedProperties, propertySql, tableStatistics, typesOf, uncountedNote } from "../store/statistics.ts";
import { tableColumns } from "../store/table-columns.ts";
import { cell, limit, table } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

/** Long enough to recognise a value, short enough for fifty of them. */
const EXAMPLE_CHARS = 40;

export const tableSchema = defineTool({
  name: "table_schema",
  title: "Columns and properties of a table",
  description:
    "Columns of a local table and the properties in its JSON: types, coverage, distinct values, a frequent value, and the SQL that reaches each. Call it before writing sql.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ table: table(), limit: limit(100, 5_000) }),
  output: () =>
    z.object({
      table: z.string(),
      type: z.string(),
      row_count: z.int(),
      columns: z.array(
        z.object({ name: z.string(), type: z.string(), nullable: z.boolean(), primary_key: z.boolean() }),
      ),
      properties: z.array(
        z.object({
          key: z.string(),
          types: z.array(z.string()),
          coverage: z.number(),
          distinct: z.int(),
          example: cell(),
          sql: z.string(),
        }),
      ),
      total: z.int(),
      truncated: z.boolean(),
      notes: z.array(z.string()),
    }),
  async handler({ store }, { table: name, limit }, context) {
    const statistics = await tableStatistics(store, name, context);
    const { table, summary } = statistics;
    const found = listedProperties(statistics);
    const shown = found.slice(0, limit);
    const estimated = shown.filter(({ distinctExact }) => !distinctExact).length;
    return {
      table: table.name,
      type: table.type,
      row_count: summary.rows,
      columns: tableColumns(store.db(), table.name),
      properties: shown.map(({ key, kinds, present, distinct, top, min }) => ({
        key,
        types: typesOf(kinds),
        coverage: share(present, summary.rows),
        distinct,
        example: shorten(top[0]?.[0] ?? min),
        sql: propertySql(key),
      })),
      total: found.length,
      truncated: found.length > limit,
      notes: [
        ...uncountedNote(statistics),
        ...(estimated === 0
          ? []
          : [`distinct is an estimate (within about 2 %) for ${estimated} properties with very many values.`]),
      ],
    };
  },
  summary: ({ columns, total, row_count }) => `${columns.length} columns, ${total} properties, ${row_count} rows.`,
  cut: cutList("properties"),
});

function shorten(value: string | number | boolean | null): string | number | boolean | null {
  if (typeof value !== "string" || value.length <= EXAMPLE_CHARS) return value;
  return `${value.slice(0, EXAMPLE_CHARS).toWellFormed()}…`;
}
