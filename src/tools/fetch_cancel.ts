import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const fetchCancel = defineTool({
  name: "fetch_cancel",
  title: "fetch_cancel",
  description: "placeholder",
  toolset: "fetch",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "fetch_cancel is not built yet.");
  },
  summary: () => "",
});
