import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { path } from "../../../src/mixpanel/path.ts";

const named = (name: string) => path`/projects/${3000001}/schemas/event/${name}`;

describe("path", () => {
  const encoded: [string, string][] = [
    ["Order Placed", "Order%20Placed"],
    ["a/b", "a%2Fb"],
    ["a\\b", "a%5Cb"],
    ["?x=1", "%3Fx%3D1"],
    ["#frag", "%23frag"],
    ["//", "%2F%2F"],
    ["...", "..."],
    ["é🚀", "%C3%A9%F0%9F%9A%80"],
    ["50%", "50%25"],
    ["a:b@c", "a%3Ab%40c"],
    ["line\nbreak", "line%0Abreak"],
    [".hidden", ".hidden"],
  ];
  for (const [name, segment] of encoded) {
    test(JSON.stringify(name), () => {
      expect(named(name)).toEqual({
        text: `/projects/3000001/schemas/event/${segment}`,
        name: "/projects/{}/schemas/event/{}",
      });
    });
  }

  const refused = [
    "",
    ".",
    "..",
    "%2e",
    "%2E%2e",
    ".%2e",
    "%252e%252e",
    "%2f",
    "a%2Fb",
    "%5c..",
    "nul\0",
    "x".repeat(513),
    "\ud800",
  ];
  for (const name of refused) {
    test(`refuses ${JSON.stringify(name.slice(0, 20))}`, () => {
      expect(() => named(name)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    });
  }

  test("any text stays one segment below its template, or is refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ maxLength: 40 })), (name) => {
        let text: string;
        try {
          text = named(name).text;
        } catch {
          return;
        }
        const url = new URL(`https://mixpanel.com/api/app${text}?v=1`);
        expect(url.pathname.split("/").slice(0, 7)).toEqual([
          "",
          "api",
          "app",
          "projects",
          "3000001",
          "schemas",
          "event",
        ]);
        expect(url.pathname.split("/").length).toBe(8);
        expect([url.search, url.hash]).toEqual(["?v=1", ""]);
        expect(decodeURIComponent(url.pathname.split("/")[7] ?? "")).toBe(name);
      }),
      { numRuns: 500 },
    );
  });
});
