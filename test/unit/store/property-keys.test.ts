import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  KEY_DISTINCT_ID,
  KEY_TIME,
  KEY_UNCOUNTED,
  MAX_NAMES,
  OPENING,
  PropertyKeys,
} from "../../../src/store/property-keys.ts";
import { EVENT_LINE, KEY, Scanner, SPAN } from "../../../src/store/scan.ts";

/** The names of a line's properties, as the scanner's codes say. */
function names(scanner: Scanner, keys: PropertyKeys, properties: string): (string | undefined)[] {
  const bytes = Buffer.from(`{"event":"e","properties":${properties}}\n`);
  expect(scanner.scan(bytes, 0)).toBe(bytes.length - 1);
  return Array.from({ length: scanner.count }, (_, index) => keys.names[scanner.spans[index * SPAN + KEY] ?? -1]);
}

test("the same name has the same code however it is written, and wherever it stands", () => {
  const keys = new PropertyKeys();
  const scanner = new Scanner(EVENT_LINE, keys);
  expect(names(scanner, keys, '{"café":1,"caf\\u00e9":2,"caf\\u00E9":3,"":4,"a":5}')).toEqual([
    "café",
    "café",
    "café",
    "",
    "a",
  ]);
  expect(names(scanner, keys, '{ "a" : 1 , "caf\\u00e9"\t:2, "" :3 }')).toEqual(["a", "café", ""]);
  expect(keys.names.filter((name) => name === "café")).toHaveLength(1);
});

test("guessing never changes what is found", () => {
  const keys = new PropertyKeys();
  const scanner = new Scanner(EVENT_LINE, keys);
  const key = fc.oneof(
    fc.constantFrom("a", "ab", "abc", "abcd", "abce", "xbcd", "$os", "time", ""),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 12 }), fc.constantFrom("", " "), (list, space) => {
      const text = `{${list.map((name) => `${space}${JSON.stringify(name)}${space}:1`).join(",")}}`;
      expect(names(scanner, keys, text)).toEqual(list);
    }),
    { numRuns: 2_000 },
  );
});

test("a guess does not read beyond the buffer", () => {
  const keys = new PropertyKeys();
  const text = Buffer.from('a long property name":1');
  const spelling = keys.find(text, 0, text.indexOf('"'), OPENING);
  const view = new DataView(text.buffer, text.byteOffset, text.length);
  expect(keys.guess(view, 0, OPENING)).toBe(spelling);
  for (let length = 0; length < text.indexOf(":") + 1; length++) {
    expect(keys.guess(new DataView(text.buffer, text.byteOffset, length), 0, OPENING)).toBe(-1);
  }
});

test("known names have fixed codes; names beyond the limits are not counted", () => {
  const keys = new PropertyKeys();
  expect([keys.codeOf("time"), keys.codeOf("distinct_id")]).toEqual([KEY_TIME, KEY_DISTINCT_ID]);
  const huge = Buffer.alloc(33 << 20, "k");
  expect(keys.code(keys.find(huge, 0, huge.length, OPENING))).toBe(KEY_UNCOUNTED);
  expect(keys.code(keys.find(Buffer.from("next"), 0, 4, OPENING))).toBeGreaterThan(KEY_DISTINCT_ID);
});

test("more names than are counted: the known ones keep their codes", () => {
  const keys = new PropertyKeys();
  const find = (name: string) => {
    const bytes = Buffer.from(name);
    return keys.code(keys.find(bytes, 0, bytes.length, OPENING));
  };
  const first = find("p0");
  for (let index = 1; index < MAX_NAMES; index++) find(`p${index}`);
  expect(keys.names).toHaveLength(MAX_NAMES);
  expect(find("one more")).toBe(KEY_UNCOUNTED);
  expect(find("p0")).toBe(first);
});
