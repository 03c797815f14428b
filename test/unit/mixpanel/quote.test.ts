import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createQuote } from "../../../src/mixpanel/quote.ts";
import { SECRET, USERNAME } from "./stub.ts";

const quote = createQuote({ username: USERNAME, secret: SECRET });

describe("quoted text", () => {
  const cases: [string, string, string][] = [
    ["plain", 'unknown variable "plan" <anonymous>', 'unknown variable "plan" <anonymous>'],
    ["white space", "  a\n\n\tb\r\n c ", "a b c"],
    ["controls and escapes", "a\u0000b\u001b[31mred\u0007", "ab[31mred"],
    ["bidirectional and zero-width", "a\u202eb\u2066c\u200bd\u2060e\ufefff", "abcdef"],
    ["tag characters", "a\u{e0041}\u{e0042}\u{e007f}b", "ab"],
    ["variation selectors", "a\ufe0f\ufe0f\u{e0101}b", "ab"],
    ["lone surrogates", "a\ud800b\udc00c", "abc"],
    [
      "markup",
      "<html><head><title>502 Bad</title><script>x()</script></head><body><b>nginx</b></body>",
      "502 Bad nginx",
    ],
    ["unclosed markup", "<html><body onload='steal(", ""],
    ["unclosed script", "<html>a<script>evil", "a"],
    ["entities", "<p>a &amp; b &lt;c&gt; &quot;d&quot; &unknown;</p>", 'a & b c "d" &unknown;'],
    ["comparisons are no markup", "1 < 2 and 3 > 2", "1 < 2 and 3 > 2"],
    ["ordinary words of a service account", "Invalid service-account", "Invalid service-account"],
    ["empty", "", ""],
  ];
  for (const [name, text, expected] of cases) test(name, () => expect(quote(text)).toBe(expected));

  test("is cut by characters, not in the middle of one", () => {
    const text = quote("🚀".repeat(400));
    expect([...text].length).toBe(300);
    expect(text.endsWith("🚀…")).toBe(true);
    expect(quote("abcdef", 4)).toBe("abc…");
  });

  test("any piece of the credentials that could be used is hidden", () => {
    const pair = `${USERNAME}:${SECRET}`;
    const forms = [
      SECRET,
      pair,
      Buffer.from(pair).toString("base64"),
      Buffer.from(SECRET).toString("base64url"),
      encodeURIComponent(SECRET),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...forms),
        fc.nat(),
        fc.integer({ min: 12, max: 60 }),
        fc.string(),
        (form, from, length, around) => {
          const start = from % Math.max(1, form.length - 12);
          const piece = form.slice(start, start + length);
          fc.pre(!".mp-service-account".includes(piece));
          expect(quote(`${around} ${piece} ${around}`)).not.toContain(piece);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("never throws, never longer than asked", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 400 }), (text, most) => {
        const cleaned = quote(text, most);
        expect([...cleaned].length).toBeLessThanOrEqual(most);
        expect(cleaned).not.toMatch(/[\p{Cc}\p{Cf}\n]/u);
      }),
    );
  });
});
