import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { Fault } from "../../../src/fault.ts";
import { type InputSchema, readArguments } from "../../../src/server/arguments.ts";
import { buildCatalogue } from "../../../src/server/catalogue-build.ts";
import { defineTool, LOCAL_READ } from "../../../src/tools/tool.ts";

const tool = defineTool({
  name: "probe",
  title: "Probe",
  description: "for this test",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () =>
    z.strictObject({
      event: z.string().min(1),
      limit: z.int().min(1).max(100).default(20),
      unit: z.enum(["day", "week"]).default("day"),
      events: z.array(z.string()).optional(),
      ids: z.array(z.int()).optional(),
      params: z.record(z.string(), z.unknown()).optional(),
      all: z.boolean().optional(),
    }),
  output: () => z.object({}),
  handler: async () => ({}),
  summary: () => "",
});
const [entry] = buildCatalogue([tool]) as { inputSchema: InputSchema }[];
const read = (given: unknown) => readArguments(tool, entry?.inputSchema ?? {}, given);

describe("is read generously", () => {
  for (const [name, given, expected] of [
    ["defaults", {}, {}],
    ["a number as text", { limit: "7" }, { limit: 7 }],
    ["a list as JSON text", { events: '["a","b"]' }, { events: ["a", "b"] }],
    ["one text for a list", { events: "a" }, { events: ["a"] }],
    ["numbers as texts in a list", { ids: ["1", 2] }, { ids: [1, 2] }],
    ["an object as JSON text", { params: '{"a":1}' }, { params: { a: 1 } }],
    ["null for something optional", { limit: null, events: null }, {}],
    ["a boolean as text", { all: "true" }, { all: true }],
    ["an enum with spaces and capitals", { unit: " Week " }, { unit: "week" }],
    ["a number where text is meant", { event: 12 }, { event: "12" }],
    ["spaces kept in a name", { event: " x " }, { event: " x " }],
  ] as const) {
    test(name, () => {
      expect(read({ event: "e", ...given })).toEqual({ event: "e", limit: 20, unit: "day", ...expected });
    });
  }

  test("the whole object as JSON text", () => expect(read('{"event":"x"}')).toMatchObject({ event: "x" }));
});

describe("is refused with a sentence", () => {
  for (const [name, given, pattern] of [
    ["an unknown argument", { event: "x", evnt: 1 }, /no argument "evnt"/],
    ["a missing one", {}, /event is required/],
    ["an empty one", { event: "" }, /event must not be empty/],
    ["too large", { event: "x", limit: 101 }, /limit must be at most 100/],
    ["too small", { event: "x", limit: 0 }, /limit must be at least 1/],
    ["not whole", { event: "x", limit: 1.5 }, /limit must be a whole number/],
    ["not one of", { event: "x", unit: "year" }, /unit must be "day", "week"/],
    ["a list of the wrong things", { event: "x", ids: ["a"] }, /ids\.0 must be/],
    ["no object at all", [1], /must be an object/],
    ["text that is no object", "hello", /must be an object/],
    ["__proto__", JSON.parse('{"event":"x","__proto__":{"limit":3}}'), /no argument "__proto__"/],
  ] as const) {
    test(name, () => {
      let caught: unknown;
      try {
        read(given);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(Fault);
      expect(caught).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(pattern) });
      expect((caught as Fault).suggestions.join(" ")).toContain("Expected arguments of probe: event, limit");
    });
  }

  test("with the nearest name", () => {
    expect(() => read({ event: "x", limt: 3 })).toThrow(
      expect.objectContaining({
        suggestions: expect.arrayContaining([expect.stringContaining('Did you mean "limit"')]),
      }),
    );
  });
});
