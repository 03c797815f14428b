import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const segmentationAverage = defineTool({
  name: "segmentation_average",
  title: "segmentation_average",
  description: "placeholder",
  toolset: "query",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "segmentation_average is not built yet.");
  },
  summary: () => "",
});
