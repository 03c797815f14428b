import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../fault.ts";
import { exportPath, placeExport } from "../store/export-file.ts";
import { quoteName, requireTable } from "../store/tables.ts";
import { defineTool, LOCAL_WRITE } from "./tool.ts";

export const exportTable = defineTool({
  name: "export_table",
  title: "Export a table to a file",
  description:
    "Writes a local table, or the rows of one SELECT, to a new CSV or JSONL file in the export folder. Never overwrites.",
  toolset: "local",
  annotations: LOCAL_WRITE,
  input: () =>
    z.strictObject({
      table: z.string().min(1).optional(),
      query: z.string().min(1).optional(),
      format: z.enum(["csv", "jsonl"]).default("csv"),
      path: z.string().min(1).optional().describe("file name in the export folder"),
    }),
  output: () => z.object({ path: z.string(), rows: z.int(), bytes: z.int(), hint: z.string().optional() }),
  async handler(workspace, { table, query, format, path }, { signal, progress }) {
    if ((table === undefined) === (query === undefined))
      throw new Fault("INVALID_ARGUMENT", "export_table wants either table or query.", {
        suggestions: ['For example {"table": "events"} or {"query": "SELECT ..."}.'],
      });
    const { store, config } = workspace;
    const stored = table === undefined ? undefined : requireTable(store, table);
    const folders: [string, ...string[]] = [
      store.exportDir,
      ...(config.exportDir === undefined ? [] : [config.exportDir]),
    ];
    const target = exportPath(path ?? freshName(stored?.name ?? "query", new Date()), format, folders);
    const sql = stored === undefined ? (query ?? "") : `SELECT * FROM ${quoteName(stored.name)}`;
    const spool = join(store.spoolDir, `${process.pid}-export-${crypto.randomUUID()}.${format}`);
    try {
      const tell = (rows: number) => progress(rows, stored?.row_count, `${rows} rows written`);
      const { rows, bytes, formulas } = await store.sandbox().spool(sql, spool, format, signal, tell);
      await placeExport(spool, target, folders);
      return { path: target, rows, bytes, ...(formulas === 0 ? {} : { hint: formulaHint(formulas) }) };
    } finally {
      rmSync(spool, { force: true });
    }
  },
  summary: ({ rows, bytes }) => `${rows} rows written, ${bytes} bytes.`,
});

/** A name nobody has yet: the second and the milliseconds it was asked for. */
function freshName(base: string, now: Date): string {
  return `${base}-${now.toISOString().replaceAll(/[-:]/g, "").replace("T", "-").replace(".", "-").replace("Z", "")}`;
}

/** The file holds what was stored, unchanged; what a spreadsheet makes of it is another matter. */
function formulaHint(count: number): string {
  return `${count} ${count === 1 ? "cell begins" : "cells begin"} with =, +, - or @: a spreadsheet would run them as formulas; import as text.`;
}
