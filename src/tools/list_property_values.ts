import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const listPropertyValues = defineTool({
  name: "list_property_values",
  title: "list_property_values",
  description: "placeholder",
  toolset: "discovery",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "list_property_values is not built yet.");
  },
  summary: () => "",
});
