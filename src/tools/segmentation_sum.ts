import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const segmentationSum = defineTool({
  name: "segmentation_sum",
  title: "segmentation_sum",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "segmentation_sum is not built yet.");
  },
  summary: () => "",
});
