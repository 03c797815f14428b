import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const frequency = defineTool({
  name: "frequency",
  title: "frequency",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "frequency is not built yet.");
  },
  summary: () => "",
});
