import { expect, test } from "bun:test";
import { clipValue, parseExact } from "../../../src/workspace/exact-json.ts";

test("integers beyond 2^53 are texts, infinities too, the rest is as JSON has it", () => {
  expect(
    parseExact('[9007199254740993,-12345678901234567890,9007199254740991,1.5,1e3,1e400,-1e400,"9007199254740993"]'),
  ).toEqual([
    "9007199254740993",
    "-12345678901234567890",
    9007199254740991,
    1.5,
    1000,
    "Infinity",
    "-Infinity",
    "9007199254740993",
  ]);
  expect(() => parseExact("{")).toThrow(SyntaxError);
});

test("a key called __proto__ stays a key and pollutes nothing", () => {
  const { value } = clipValue(parseExact('{"__proto__":{"polluted":1},"constructor":"x"}'));
  expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":1},"constructor":"x"}');
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("long texts, long lists and deep values are clipped and counted; short ones are untouched", () => {
  const short = { a: "x".repeat(200), b: [1, 2], c: { d: null } };
  expect(clipValue(short)).toEqual({ value: short, clipped: 0 });
  const { value, clipped } = clipValue({
    long: "é".repeat(1000),
    list: Array(50).fill(1),
    deep: { a: { b: { c: { d: { e: 1 } } } } },
  });
  expect(clipped).toBe(3);
  expect((value as { long: string }).long).toBe(`${"é".repeat(200)}… (1000 characters)`);
  expect((value as { list: unknown[] }).list).toHaveLength(21);
});

test("clipping never splits a surrogate pair", () => {
  const { value } = clipValue("😀".repeat(500));
  expect(String(value).isWellFormed()).toBe(true);
});
