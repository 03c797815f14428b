import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const eventBreakdown = defineTool({
  name: "event_breakdown",
  title: "event_breakdown",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "event_breakdown is not built yet.");
  },
  summary: () => "",
});
