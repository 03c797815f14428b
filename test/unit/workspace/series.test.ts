import { describe, expect, test } from "bun:test";
import { weekStart } from "../../../src/mixpanel/dates.ts";
import type { Sparse } from "../../../src/mixpanel/sparse.ts";
import { addUp, fraction, roundTo, withoutNoise } from "../../../src/workspace/arithmetic.ts";
import {
  columnTotals,
  grandTotal,
  inNumericOrder,
  isEmpty,
  keyed,
  ranked,
  rollUp,
  seriesTable,
} from "../../../src/workspace/series.ts";

function sparse(values: Record<string, Record<string, number | null>>, buckets?: string[]): Sparse {
  const maps = new Map(Object.entries(values).map(([name, counts]) => [name, new Map(Object.entries(counts))]));
  return { buckets: buckets ?? [...new Set(Object.values(values).flatMap(Object.keys))].sort(), values: maps };
}

describe("arithmetic", () => {
  test("sums have no binary noise", () => {
    expect(addUp([0.1, 0.2])).toBe(0.3);
    expect(addUp(Array.from({ length: 100_000 }, () => 0.01))).toBe(1000);
    expect(addUp([1432.5, null, 1890, undefined])).toBe(3322.5);
    expect(addUp([1e16, 1, -1e16])).toBe(1);
    expect(addUp([])).toBe(0);
  });
  test("numbers keep their digits unless they are noise", () => {
    expect(withoutNoise(0.30000000000000004)).toBe(0.3);
    expect(withoutNoise(33.333333333333336)).toBe(33.333333333333336);
    expect(withoutNoise(123456789012.55)).toBe(123456789012.55);
    expect(withoutNoise(9007199254740991)).toBe(9007199254740991);
  });
  test("fractions have four decimals, or are null", () => {
    expect(fraction(1, 3)).toBe(0.3333);
    expect(fraction(2, 3)).toBe(0.6667);
    expect(fraction(0, 5)).toBe(0);
    expect(fraction(5, 0)).toBeNull();
    expect(fraction(null, 5)).toBeNull();
    expect(fraction(5, undefined)).toBeNull();
    expect(fraction(1, 20_000)).toBe(0.0001);
    expect(roundTo(1.005, 2)).toBe(1.01);
    expect(roundTo(-1.005, 2)).toBe(-1.01);
    expect(roundTo(1e-9, 4)).toBe(0);
  });
});

describe("tables", () => {
  const data = sparse(
    { pro: { "2026-03-02": 15, "2026-03-01": 12 }, free: { "2026-03-01": 80 }, none: { "2026-03-02": null } },
    ["2026-03-01", "2026-03-02", "2026-03-03"],
  );
  test("a missing bucket is zero, a null stays unknown", () => {
    expect(seriesTable(data, ["free", "pro", "none"], "date")).toEqual({
      columns: ["date", "free", "pro", "none"],
      rows: [
        ["2026-03-01", 80, 12, 0],
        ["2026-03-02", 0, 15, null],
        ["2026-03-03", 0, 0, 0],
      ],
    });
  });
  test("largest first, ties by name", () => {
    expect(ranked(sparse({ b: { x: 1 }, a: { x: 1 }, c: { x: 5 } })).map((row) => row.name)).toEqual(["c", "a", "b"]);
  });
  test("totals", () => {
    expect(grandTotal(data)).toBe(107);
    expect(columnTotals(seriesTable(data, ["free", "pro"], "date"))).toEqual([
      ["free", 80],
      ["pro", 27],
    ]);
    expect(isEmpty(data)).toBe(false);
    expect(isEmpty(sparse({ a: { x: 0 }, b: {} }))).toBe(true);
    expect(isEmpty(sparse({}))).toBe(true);
  });
  test("keys of data are only data", () => {
    const odd = keyed([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
    expect(JSON.stringify(odd)).toBe('{"__proto__":1,"constructor":2}');
  });
  test("days become weeks", () => {
    const weeks = rollUp(sparse({ a: { "2026-03-01": 1, "2026-03-02": 2, "2026-03-08": 3 } }), weekStart);
    expect(weeks.buckets).toEqual(["2026-02-23", "2026-03-02"]);
    expect([...(weeks.values.get("a") ?? [])]).toEqual([
      ["2026-02-23", 1],
      ["2026-03-02", 5],
    ]);
  });
});

describe("numeric buckets", () => {
  test.each([
    [
      ["2,000 - 2,100", "0 - 100", "100 - 200", "1,900 - 2,000"],
      ["0 - 100", "100 - 200", "1,900 - 2,000", "2,000 - 2,100"],
    ],
    [
      ["undefined", "0 - 5", "-5 - 0", "-10 - -5"],
      ["-10 - -5", "-5 - 0", "0 - 5", "undefined"],
    ],
    [
      ["1.5 - 2.0", "0.5 - 1.0", "1.0 - 1.5", "10.0 - 10.5"],
      ["0.5 - 1.0", "1.0 - 1.5", "1.5 - 2.0", "10.0 - 10.5"],
    ],
    [
      ["100+", "10 - 100", "< 10", "undefined"],
      ["< 10", "10 - 100", "100+", "undefined"],
    ],
    [
      [">= 1,000,000", "999,000 - 1,000,000", "<0", "0 - 10"],
      ["<0", "0 - 10", "999,000 - 1,000,000", ">= 1,000,000"],
    ],
    [
      ["12", "3", "other", "undefined", "1"],
      ["1", "3", "12", "other", "undefined"],
    ],
    [
      ["[1.5, 2)", "(−5, 0]", "[0, 1.5)", "[1,000, 2,000)"],
      ["(−5, 0]", "[0, 1.5)", "[1.5, 2)", "[1,000, 2,000)"],
    ],
    [
      ["over 1,000,000", "10 to 1,000,000", "less than 10", "undefined"],
      ["less than 10", "10 to 1,000,000", "over 1,000,000", "undefined"],
    ],
    [
      ["1e3 - 2e3", "1 - 2"],
      ["1 - 2", "1e3 - 2e3"],
    ],
  ])("%p", (given, expected) => expect(inNumericOrder(given)).toEqual(expected));
});
