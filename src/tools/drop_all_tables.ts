import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const dropAllTables = defineTool({
  name: "drop_all_tables",
  title: "drop_all_tables",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "drop_all_tables is not built yet.");
  },
  summary: () => "",
});
