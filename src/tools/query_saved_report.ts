import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const querySavedReport = defineTool({
  name: "query_saved_report",
  title: "query_saved_report",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "query_saved_report is not built yet.");
  },
  summary: () => "",
});
