import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { keepResult } from "../store/keep-result.ts";
import { table } from "./params.ts";
import { defineTool, LOCAL_WRITE } from "./tool.ts";

export const createTable = defineTool({
  name: "create_table",
  title: "Keep a query's result as a table",
  description:
    "Keeps the rows of one SELECT as a local table of type result, for later queries. An existing name is refused: drop_table first.",
  toolset: "local",
  annotations: LOCAL_WRITE,
  input: () => z.strictObject({ table: table(), query: z.string().min(1) }),
  output: () =>
    z.object({
      table: z.string(),
      rows: z.int(),
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
      hint: z.string().optional(),
    }),
  async handler(workspace, args, { signal, progress }) {
    const spool = join(workspace.store.spoolDir, `${process.pid}-result-${crypto.randomUUID()}.rows`);
    try {
      const kept = await keepResult(workspace.store, args, spool, signal, (rows) =>
        progress(rows, undefined, `${rows} rows`),
      );
      workspace.tableChanged(args.table);
      return kept;
    } finally {
      rmSync(spool, { force: true });
    }
  },
  summary: ({ rows, columns }, args) => `Table ${args.table}: ${rows} rows, ${columns.length} columns.`,
});
