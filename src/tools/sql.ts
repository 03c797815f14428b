import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const sql = defineTool({
  name: "sql",
  title: "sql",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "sql is not built yet.");
  },
  summary: () => "",
});
