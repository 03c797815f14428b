import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const propertyCounts = defineTool({
  name: "property_counts",
  title: "property_counts",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "property_counts is not built yet.");
  },
  summary: () => "",
});
