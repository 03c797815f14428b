import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const segmentationNumeric = defineTool({
  name: "segmentation_numeric",
  title: "segmentation_numeric",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "segmentation_numeric is not built yet.");
  },
  summary: () => "",
});
