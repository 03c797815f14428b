/**
 * tools/list as it is served: prepared JSON, so that no zod schema is built before a tool is first called. Written by
 * `bun run generate` from the tool definitions; a test fails when it is stale. Loads neither tools nor SDK: see front.ts.
 */
import type { Toolset } from "../names.ts";
import type { Annotations } from "../tools/tool.ts";
import type { InputSchema } from "./arguments.ts";
import prepared from "./catalogue.json";

export type CatalogueEntry = {
  name: string;
  title: string;
  description: string;
  inputSchema: InputSchema & { type: "object" };
  outputSchema: { type: "object" };
  annotations: Annotations;
};

const byToolset = prepared as unknown as Record<Toolset, CatalogueEntry[]>;

/** The entries of the given toolsets, in the order the model should see them. */
export function catalogueOf(toolsets: readonly Toolset[]): CatalogueEntry[] {
  return toolsets.flatMap((toolset) => byToolset[toolset]);
}
