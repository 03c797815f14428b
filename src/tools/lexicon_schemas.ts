import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const lexiconSchemas = defineTool({
  name: "lexicon_schemas",
  title: "lexicon_schemas",
  description: "placeholder",
  toolset: "discovery",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "lexicon_schemas is not built yet.");
  },
  summary: () => "",
});
