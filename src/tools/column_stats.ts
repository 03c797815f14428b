import { z } from "zod";
import { columnStatistics } from "../store/column-statistics.ts";
import { cell, event, limit, table } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

export const columnStats = defineTool({
  name: "column_stats",
  title: "Statistics of one column or property",
  description:
    "One column, property or JSON path ($.items[0].price) of a local table in depth: type, values, nulls, distinct, min, max, mean, sample standard deviation, quantiles (percentiles, linear interpolation), most frequent values. Optionally of one event.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () =>
    z.strictObject({
      table: table(),
      column: z.string().min(1).describe("column, property or $.path"),
      event: event().optional(),
      top: limit(10, 1_000),
    }),
  output: () =>
    z.object({
      table: z.string(),
      column: z.string(),
      event: z.string().optional(),
      sql: z.string(),
      type: z.string(),
      rows: z.int(),
      count: z.int(),
      nulls: z.int(),
      distinct: z.int().nullable(),
      min: cell(),
      max: cell(),
      mean: z.number().nullable(),
      std: z.number().nullable(),
      quantiles: z.record(z.string(), cell()).nullable(),
      top_values: z.array(z.object({ value: cell(), count: z.int(), share: z.number() })),
      approximate: z.array(z.string()),
      truncated: z.boolean(),
      notes: z.array(z.string()),
    }),
  async handler({ store }, { table, column, event, top }, context) {
    return columnStatistics(store, { table, column, event, top }, context);
  },
  summary: ({ count, distinct, nulls, type }) =>
    `${type}: ${count} values, ${distinct ?? "unknown"} distinct, ${nulls} nulls.`,
  cut: cutList("top_values"),
});
