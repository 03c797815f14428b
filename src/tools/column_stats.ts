import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const columnStats = defineTool({
  name: "column_stats",
  title: "column_stats",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "column_stats is not built yet.");
  },
  summary: () => "",
});
