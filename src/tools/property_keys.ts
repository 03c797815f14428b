import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const propertyKeys = defineTool({
  name: "property_keys",
  title: "property_keys",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "property_keys is not built yet.");
  },
  summary: () => "",
});
