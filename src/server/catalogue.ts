/**
 * tools/list as it is served: prepared JSON, so that no zod schema is built before a tool is first called. Written by
 * `bun run generate` from the tool definitions; a test fails when it is stale.
 */

import type { AnyTool } from "../tools/tool.ts";
import type { InputSchema } from "./arguments.ts";
import prepared from "./catalogue.json";

export type CatalogueEntry = {
  name: string;
  title: string;
  description: string;
  inputSchema: InputSchema & { type: "object" };
  outputSchema: { type: "object" };
  annotations: AnyTool["annotations"];
};

const entries = prepared as unknown as CatalogueEntry[];

/** The entries of the given tools, in their order. */
export function catalogueOf(tools: readonly AnyTool[]): CatalogueEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return tools.flatMap((tool) => byName.get(tool.name) ?? []);
}
