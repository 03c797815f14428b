import { z } from "zod";
import { listTables as storedTables } from "../store/tables.ts";
import { rangeSchema } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

export const listTables = defineTool({
  name: "list_tables",
  title: "List local tables",
  description:
    "The tables fetched or made so far: rows, size, days covered and missing. Use table_schema for columns and properties.",
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
    return { tables: tables.map(({ id: _id, version: _version, ...table }) => table) };
  },
  summary: ({ tables }) =>
    tables.length === 0
      ? "No tables yet: fetch_events and fetch_profiles make them."
      : `${tables.length} ${tables.length === 1 ? "table" : "tables"}, ${tables.reduce((sum, { row_count }) => sum + row_count, 0)} rows.`,
  cut: cutList("tables"),
});
