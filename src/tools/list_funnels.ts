import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const listFunnels = defineTool({
  name: "list_funnels",
  title: "list_funnels",
  description: "placeholder",
  toolset: "discovery",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "list_funnels is not built yet.");
  },
  summary: () => "",
});
