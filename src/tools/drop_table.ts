import { z } from "zod";
import { refuseBusy } from "../store/busy-table.ts";
import { requireTable } from "../store/tables.ts";
import { table } from "./params.ts";
import { defineTool, LOCAL_DESTROY } from "./tool.ts";

export const dropTable = defineTool({
  name: "drop_table",
  title: "Drop a local table",
  description:
    "Removes one local table and its rows for good. Nothing at Mixpanel changes; fetched data can be fetched again.",
  toolset: "local",
  annotations: LOCAL_DESTROY,
  input: () => z.strictObject({ table: table() }),
  output: () => z.object({ dropped: z.string(), rows: z.int() }),
  async handler(workspace, args) {
    const found = requireTable(workspace.store, args.table);
    refuseBusy([found]);
    const { rows } = await workspace.store.writer().drop([found.name]);
    workspace.tableChanged(found.name);
    return { dropped: found.name, rows };
  },
  summary: ({ rows }, args) => `Dropped ${args.table}: ${rows} rows.`,
});
