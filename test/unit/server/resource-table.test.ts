import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RESOURCES, resolveUri, TEMPLATES } from "../../../src/server/resource-table.ts";
import { ALL_TOOLS } from "../../../src/tools/index.ts";

describe("addresses", () => {
  test("every resource has a tool that gives the same", () => {
    const tools = ALL_TOOLS.map(({ name }) => name);
    for (const { tool } of [...RESOURCES, ...TEMPLATES]) expect(tools).toContain(tool);
  });

  const found: [string, string, Record<string, unknown>][] = [
    ["workspace://info", "workspace_info", {}],
    ["schema://properties/Sign%20Up", "list_properties", { event: "Sign Up" }],
    ["schema://properties/Sign Up", "list_properties", { event: "Sign Up" }],
    ["schema://properties/a%2Fb", "list_properties", { event: "a/b" }],
    ["schema://properties/%F0%9F%99%82", "list_properties", { event: "🙂" }],
    ["workspace://schema/events", "table_schema", { table: "events" }],
    ["workspace://sample/events", "sample", { table: "events" }],
    ["users://u-17/journey", "activity_feed", { distinct_id: "u-17" }],
    ["users://%24device%3Aabc/journey", "activity_feed", { distinct_id: "$device:abc" }],
    ["users://journey/journey", "activity_feed", { distinct_id: "journey" }],
    // Dots are only text: the tool puts them into a query parameter, never into a path.
    ["users://../journey", "activity_feed", { distinct_id: ".." }],
    ["users://%2e%2e/journey", "activity_feed", { distinct_id: ".." }],
    ["users://%252e/journey", "activity_feed", { distinct_id: "%2e" }],
  ];
  test.each(found)("%s", (uri, tool, args) => expect(resolveUri(uri)).toEqual({ tool, args }));

  const nowhere = [
    "",
    "nothing",
    "workspace://",
    "workspace://nothing",
    "workspace://info/",
    "workspace://info?x=1",
    "WORKSPACE://info",
    "schema://properties/",
    "schema://properties/a/b",
    "schema://properties/a?b",
    "schema://properties/a#b",
    "schema://properties/%",
    "schema://properties/%zz",
    "schema://properties/%ff%fe",
    `schema://properties/${"x".repeat(400)}`,
    "workspace://schema/../../etc/passwd",
    "users:///journey",
    "users://journey",
    "users://a/b/journey",
    "users://a/journey/",
    "file:///etc/passwd",
    "http://169.254.169.254/",
    "x".repeat(100_000),
  ];
  test.each(nowhere)("%p is nowhere", (uri) => expect(resolveUri(uri)).toBeUndefined());

  test("any name survives the way there and back, and nothing throws", () => {
    const names = fc.string({ unit: "binary", minLength: 1, maxLength: 250 }).filter((name) => name.isWellFormed());
    fc.assert(
      fc.property(names, (name) => {
        const path = encodeURIComponent(name);
        expect(resolveUri(`schema://properties/${path}`)?.args).toEqual({ event: name });
        expect(resolveUri(`users://${path}/journey`)?.args).toEqual({ distinct_id: name });
      }),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void resolveUri(`workspace://schema/${text}`)));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void resolveUri(text)));
  });
});
