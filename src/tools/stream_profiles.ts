import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const streamProfiles = defineTool({
  name: "stream_profiles",
  title: "stream_profiles",
  description: "placeholder",
  toolset: "fetch",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "stream_profiles is not built yet.");
  },
  summary: () => "",
});
