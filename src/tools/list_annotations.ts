import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const listAnnotations = defineTool({
  name: "list_annotations",
  title: "list_annotations",
  description: "placeholder",
  toolset: "discovery",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "list_annotations is not built yet.");
  },
  summary: () => "",
});
