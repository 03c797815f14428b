import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const fetchStatus = defineTool({
  name: "fetch_status",
  title: "fetch_status",
  description: "placeholder",
  toolset: "fetch",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "fetch_status is not built yet.");
  },
  summary: () => "",
});
