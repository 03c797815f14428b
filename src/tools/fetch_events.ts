import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const fetchEvents = defineTool({
  name: "fetch_events",
  title: "fetch_events",
  description: "placeholder",
  toolset: "fetch",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "fetch_events is not built yet.");
  },
  summary: () => "",
});
