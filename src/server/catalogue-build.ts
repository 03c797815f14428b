/** Builds the catalogue from the tool definitions: for `bun run generate` and the test that the prepared one is current. */
import { z } from "zod";
import type { AnyTool } from "../tools/tool.ts";

/**
 * Plain JSON Schema without what costs tokens and says nothing: `$schema`, safe-integer bounds. A list of types becomes
 * `anyOf`, which clients of every dialect read, and which is how server/arguments.ts knows what may be null.
 */
function lean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lean);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) =>
      key !== "$schema" &&
      !(key === "minimum" && inner === Number.MIN_SAFE_INTEGER) &&
      !(key === "maximum" && inner === Number.MAX_SAFE_INTEGER),
  );
  return Object.fromEntries(
    kept.map(([key, inner]) =>
      key === "type" && Array.isArray(inner) ? ["anyOf", inner.map((type) => ({ type }))] : [key, lean(inner)],
    ),
  );
}

export function buildCatalogue(tools: readonly AnyTool[]): unknown[] {
  return tools.map((tool) => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: lean(z.toJSONSchema(tool.input(), { io: "input" })),
    outputSchema: lean(z.toJSONSchema(tool.output(), { io: "output" })),
    annotations: tool.annotations,
  }));
}
