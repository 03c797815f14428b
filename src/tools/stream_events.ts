import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const streamEvents = defineTool({
  name: "stream_events",
  title: "stream_events",
  description: "placeholder",
  toolset: "fetch",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "stream_events is not built yet.");
  },
  summary: () => "",
});
