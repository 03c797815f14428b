import { z } from "zod";
import { sampleRows } from "../store/sampling.ts";
import { requireEvent, requireEvents, tableStatistics } from "../store/statistics.ts";
import { cell, event, limit, table } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

/** A cell is clipped here: a few of the longest documents still fit a reply. */
const CELL_CHARS = 4_000;

export const sample = defineTool({
  name: "sample",
  title: "Random rows",
  description:
    "Random rows of a local table, each equally likely: to see what the data looks like. Not for counting (use sql) or for statistics (use summarize).",
  toolset: "local",
  annotations: { ...LOCAL_READ, idempotentHint: false },
  input: () => z.strictObject({ table: table(), limit: limit(5, 100), event: event().optional() }),
  output: () =>
    z.object({
      table: z.string(),
      columns: z.array(z.string()),
      rows: z.array(z.array(cell())),
      total_rows: z.int(),
      truncated: z.boolean(),
    }),
  async handler({ store }, { table: name, limit, event }, context) {
    const statistics = await tableStatistics(store, name, context);
    const { table, summary } = statistics;
    if (event !== undefined) requireEvents(table);
    const index = event === undefined ? undefined : requireEvent(statistics, event);
    const { columns, rows } = await sampleRows(store, table, summary, { limit, event }, context.signal);
    return {
      table: table.name,
      columns,
      rows: rows.map((row) => row.map(plain)),
      total_rows: index === undefined ? summary.rows : (summary.events[index]?.rows ?? 0),
      truncated: false,
    };
  },
  summary: ({ rows, total_rows }) => `${rows.length} random rows of ${total_rows}.`,
  cut: cutList("rows"),
});

function plain(value: string | number | boolean | null): string | number | boolean | null {
  if (typeof value !== "string" || value.length <= CELL_CHARS) return value;
  return `${value.slice(0, CELL_CHARS).toWellFormed()}… (${value.length} characters)`;
}
