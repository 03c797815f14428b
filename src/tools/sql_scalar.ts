import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const sqlScalar = defineTool({
  name: "sql_scalar",
  title: "sql_scalar",
  description: "placeholder",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "sql_scalar is not built yet.");
  },
  summary: () => "",
});
