import { z } from "zod";
import { MAX_REPLY_TOKENS, SQL_MAX_CHARS } from "../limits.ts";
import { incompleteNote } from "../store/incomplete.ts";
import { isClipped } from "../store/sql-values.ts";
import { cell, sqlLimit } from "./params.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const sql = defineTool({
  name: "sql",
  title: "Query fetched data with SQL",
  description:
    "Runs one SQLite SELECT on the fetched tables (list_tables): joins, windows, your own definitions; free. Events: event_name, event_time (UTC text), distinct_id, insert_id, properties (JSON: properties->>'$.plan'). median, percentile, stddev, regexp work.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ query: z.string().min(1), limit: sqlLimit() }),
  output: () =>
    z.object({
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
      rows: z.array(z.array(cell())),
      row_count: z.int(),
      truncated: z.boolean(),
      elapsed_ms: z.number(),
      hint: z.string().optional(),
    }),
  async handler(workspace, { query, limit }, { signal }) {
    const sandbox = workspace.store.sandbox();
    const { rows, ...result } = await sandbox.query(query, { rows: limit, chars: SQL_MAX_CHARS }, signal);
    const { columns, elapsed_ms } = result;
    // A cell that is not whole is a cut as well, and says so itself.
    const truncated = result.truncated || result.clipped;
    const hint = [incompleteNote(workspace.store, query), result.hint].filter((text) => text !== undefined).join(" ");
    return { columns, rows, row_count: rows.length, truncated, elapsed_ms, ...(hint === "" ? {} : { hint }) };
  },
  summary: ({ row_count, columns, elapsed_ms }) =>
    `${row_count} ${row_count === 1 ? "row" : "rows"}, ${columns.length} ${columns.length === 1 ? "column" : "columns"}, ${elapsed_ms} ms.`,
  // The whole answer to a question is worth its length; the beginning of a listing nobody bounded is not.
  replyTokens: ({ truncated }) => (truncated ? undefined : MAX_REPLY_TOKENS),
  cut: {
    size: ({ rows }) => rows.length,
    keep: (result, count) => ({ ...result, rows: result.rows.slice(0, count), row_count: count, truncated: true }),
    shown: ({ row_count, rows }) =>
      `the first ${row_count} ${row_count === 1 ? "row" : "rows"}${rows.some((row) => row.some(isClipped)) ? ", long cells clipped (substr gives a part)" : ""}; select fewer columns, aggregate, or write all with export_table`,
  },
});
