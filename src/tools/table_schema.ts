import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const tableSchema = defineTool({
  name: "table_schema",
  title: "table_schema",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "table_schema is not built yet.");
  },
  summary: () => "",
});
