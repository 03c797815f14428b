import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const guide = defineTool({
  name: "guide",
  title: "guide",
  description: "placeholder",
  toolset: "guide",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "guide is not built yet.");
  },
  summary: () => "",
});
