import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const jql = defineTool({
  name: "jql",
  title: "jql",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "jql is not built yet.");
  },
  summary: () => "",
});
