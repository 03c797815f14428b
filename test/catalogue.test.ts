/** tools/list: the prepared catalogue is current, within its budget, and every definition keeps the house rules. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { TOOLSETS } from "../src/names.ts";
import { catalogueOf } from "../src/server/catalogue.ts";
import { buildCatalogue } from "../src/server/catalogue-build.ts";
import costs from "../src/server/token-costs.json";
import { ALL_TOOLS } from "../src/tools/index.ts";
import { README, tokenCosts, withToolTable } from "./generate.ts";

const MAX_TOKENS = 8_000;
const MAX_DESCRIPTION = 600;
const MAX_SCHEMA = 4_000;

const entries = catalogueOf(TOOLSETS);

describe("the catalogue", () => {
  test("is current (else: bun run generate)", () => {
    expect(JSON.stringify(entries)).toBe(JSON.stringify(buildCatalogue(ALL_TOOLS)));
  });

  test("is the README's table of tools (else: bun run generate)", () => {
    const readme = readFileSync(README, "utf8");
    expect(readme).toBe(withToolTable(readme));
  });

  test(`takes at most ${MAX_TOKENS} tokens`, () => {
    const tokens = tokenCosts(entries);
    expect(Object.values(tokens).reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(MAX_TOKENS);
    expect(costs as Record<string, number>).toEqual(tokens);
  });

  test("names each tool once, by toolset in order", () => {
    expect(new Set(entries.map((entry) => entry.name)).size).toBe(ALL_TOOLS.length);
    const order = ALL_TOOLS.map((tool) => TOOLSETS.indexOf(tool.toolset));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});

describe("each tool", () => {
  for (const entry of entries) {
    test(entry.name, () => {
      expect(entry.name).toMatch(/^[a-z][a-z_]{1,40}$/);
      expect(entry.title.length).toBeGreaterThan(2);
      expect(entry.description.length).toBeLessThanOrEqual(MAX_DESCRIPTION);
      expect(entry.description.length).toBeGreaterThan(40);
      expect(JSON.stringify(entry.inputSchema).length).toBeLessThan(MAX_SCHEMA);
      expect(entry.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
      const hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
      expect(Object.keys(entry.annotations).sort()).toEqual([...hints].sort());
      for (const hint of hints) expect(typeof Reflect.get(entry.annotations, hint)).toBe("boolean");
    });
  }
});
