import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PropertyKeys } from "../../../src/store/property-keys.ts";
import {
  EVENT_LINE,
  KEY,
  ODD,
  Scanner,
  SPAN,
  VALUE_END,
  VALUE_MASK,
  VALUE_START,
  VALUE_STRING,
  VALUE_TYPE,
} from "../../../src/store/scan.ts";

const keys = new PropertyKeys();
const scanner = new Scanner(EVENT_LINE, keys);

function scan(line: string): { accepted: boolean; properties: [string, unknown][] } {
  const bytes = Buffer.from(`${line}\n`);
  const end = scanner.scan(bytes, 0);
  const { spans, count } = scanner;
  const properties = Array.from({ length: count }, (_, index): [string, unknown] => {
    const [at = 0] = [index * SPAN];
    const number = (field: number) => spans[at + field] ?? 0;
    const key = keys.names[number(KEY)] ?? "";
    const text = bytes.toString("utf8", number(VALUE_START), number(VALUE_END));
    const isText = (number(VALUE_TYPE) & VALUE_MASK) === VALUE_STRING;
    return [key, JSON.parse(isText ? `"${text}"` : text)];
  });
  return { accepted: end === bytes.length - 1, properties };
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const RUNS = { numRuns: 500 };

describe("the scanner against JSON.parse", () => {
  test("finds every property with its value", () => {
    const object = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 });
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, " ", "\t"), (properties, space) => {
        const line = JSON.stringify({ event: "e", properties }, null, space).replaceAll("\n", "\r");
        const found = scan(line);
        expect(found.accepted).toBe(true);
        expect(found.properties).toEqual(Object.entries(JSON.parse(JSON.stringify(properties)) as object));
      }),
      RUNS,
    );
  });

  test("accepts what JSON.parse accepts and nothing else, also in damaged lines", () => {
    const base = fc.record({
      event: fc.string(),
      properties: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
    });
    const pieces = [
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "0",
      "-",
      ".",
      "e",
      "t",
      "null",
      "\\u",
      "\u0001",
      " ",
      "1",
      "x",
    ];
    fc.assert(
      fc.property(base, fc.nat(), fc.nat(3), fc.constantFrom(...pieces), (value, at, cut, piece) => {
        const line = JSON.stringify(value);
        const where = at % line.length;
        const damaged = line.slice(0, where) + piece + line.slice(where + cut);
        // A string is read as UTF-8: half a pair is another text afterwards, for both.
        const text = Buffer.from(damaged).toString("utf8");
        const bytes = Buffer.from(`${text}\n`);
        const end = scanner.scan(bytes, 0);
        // What follows the first object is the caller's business: here it must be nothing.
        expect(end === bytes.length - 1).toBe(parses(text));
      }),
      RUNS,
    );
  });

  test("says where an object ends when another follows", () => {
    const line = Buffer.from('{"event":"a"} {"event":"b"}\n');
    const end = scanner.scan(line, 0);
    expect(line.toString("utf8", end)).toBe('{"event":"b"}\n');
    expect(scanner.scan(line, end)).toBe(line.length - 1);
  });

  test("a line that is cut is never accepted", () => {
    const line = Buffer.from('{"event":"é","properties":{"a":1,"b":"x\\"","c":[true,{"d":null}],"e":-1.5e3}}');
    for (let cut = 0; cut < line.length; cut++) {
      const bytes = Buffer.concat([line.subarray(0, cut), Buffer.from("\n")]);
      expect(scanner.scan(bytes, 0)).toBe(ODD);
    }
  });
});
