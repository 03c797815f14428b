import { z } from "zod";
import { listTables as storedTables, type TableInfo } from "../store/tables.ts";
import { rangeSchema } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

export const listTables = defineTool({
  name: "list_tables",
  title: "List local tables",
  description:
    "The local tables (data fetched or made so far): rows, size, days covered and missing. Use table_schema for columns and properties.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ type: z.enum(["events", "profiles", "result"]).optional() }),
  output: () =>
    z.object({
      tables: z.array(
        z.object({
          name: z.string(),
          type: z.enum(["events", "profiles", "result"]),
          row_count: z.int(),
          size_bytes: z.int(),
          created_at: z.string(),
          fetched_at: z.string().nullable(),
          from_date: z.string().nullable(),
          to_date: z.string().nullable(),
          filters: z.record(z.string(), z.unknown()).nullable(),
          status: z.enum(["complete", "partial", "running"]),
          missing_ranges: z.array(rangeSchema()),
          timezone: z.string().nullable(),
        }),
      ),
      truncated: z.boolean().optional(),
    }),
  async handler(workspace, { type }) {
    const tables = storedTables(workspace.store, type);
    return { tables: tables.map(shown) };
  },
  summary: ({ tables }) =>
    tables.length === 0
      ? "No tables yet: fetch_events and fetch_profiles make them."
      : `${tables.length} ${tables.length === 1 ? "table" : "tables"}, ${tables.reduce((sum, { row_count }) => sum + row_count, 0)} rows.`,
  cut: cutList("tables"),
});

/** The contract's keys, in its order; the rest is the store's own business. */
function shown(table: TableInfo) {
  return {
    name: table.name,
    type: table.type,
    row_count: table.row_count,
    size_bytes: table.size_bytes,
    created_at: table.created_at,
    fetched_at: table.fetched_at,
    from_date: table.from_date,
    to_date: table.to_date,
    filters: table.filters,
    status: table.status,
    missing_ranges: table.missing_ranges,
    timezone: table.timezone,
  };
}
