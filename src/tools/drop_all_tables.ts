import { z } from "zod";
import { refuseBusy } from "../store/busy-table.ts";
import { listTables } from "../store/tables.ts";
import { defineTool, LOCAL_DESTROY } from "./tool.ts";

const tableType = () => z.enum(["events", "profiles", "result"]);

export const dropAllTables = defineTool({
  name: "drop_all_tables",
  title: "Drop all local tables",
  description:
    "Removes all local tables, or all of one type. Without confirm it only shows what would go. Nothing at Mixpanel changes.",
  toolset: "local",
  annotations: LOCAL_DESTROY,
  input: () => z.strictObject({ type: tableType().optional(), confirm: z.boolean().default(false) }),
  output: () =>
    z.object({
      dropped: z.array(z.string()),
      rows: z.int(),
      preview: z.array(z.object({ name: z.string(), type: tableType(), row_count: z.int() })).optional(),
    }),
  async handler(workspace, { type, confirm }) {
    const tables = listTables(workspace.store, type);
    if (!confirm)
      return { dropped: [], rows: 0, preview: tables.map(({ name, type, row_count }) => ({ name, type, row_count })) };
    refuseBusy(tables);
    if (tables.length === 0) return { dropped: [], rows: 0 };
    const { dropped, rows } = await workspace.store.writer().drop(tables.map(({ name }) => name));
    for (const name of dropped) workspace.tableChanged(name);
    return { dropped, rows };
  },
  summary: ({ dropped, rows, preview }) => {
    if (preview === undefined) return `Dropped ${count(dropped.length)}, ${rows} rows.`;
    const kept = preview.reduce((sum, { row_count }) => sum + row_count, 0);
    return `Nothing dropped. With confirm: true, ${count(preview.length)} with ${kept} rows would go.`;
  },
});

function count(tables: number): string {
  return tables === 1 ? "1 table" : `${tables} tables`;
}
