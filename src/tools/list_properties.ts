import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const listProperties = defineTool({
  name: "list_properties",
  title: "list_properties",
  description: "placeholder",
  toolset: "discovery",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "list_properties is not built yet.");
  },
  summary: () => "",
});
