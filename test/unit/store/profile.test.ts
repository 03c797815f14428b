import { describe, expect, test } from "bun:test";
import { createProfile, type Profile } from "../../../src/store/profile.ts";
import { parseNumber } from "../../../src/store/profile-number.ts";
import { type SampleReader, summarizeProfile, type TableSummary } from "../../../src/store/profile-summary.ts";
import { PropertyKeys } from "../../../src/store/property-keys.ts";
import { VALUE_INTEGER, VALUE_REAL } from "../../../src/store/spans.ts";
import { oddSpans } from "../../../src/store/stats-rows.ts";

const encoder = new TextEncoder();

/** A profile fed with objects, and the rows to read samples from. */
function feed(
  rows: Record<string, unknown>[],
  keys = new PropertyKeys(),
  profile = createProfile(keys.names, undefined, 7),
): { profile: Profile; summary: TableSummary } {
  profile.eventName(0, "");
  for (const [index, row] of rows.entries()) {
    const { bytes, spans, count } = oddSpans(encoder.encode(JSON.stringify(row)), keys);
    profile.observe(bytes, spans, 0, count, 0, 1_700_000_000_000 + index, index % 1_000, index + 1);
  }
  return { profile, summary: summarize(profile, rows) };
}

function summarize(profile: Profile, rows: Record<string, unknown>[]): TableSummary {
  const reader: SampleReader = {
    property: (rowid, key) => rows[rowid - 1]?.[key] as string,
    user: (rowid) => `user-${rowid}`,
  };
  const summary = summarizeProfile(profile, reader);
  if (summary === undefined) throw new Error("dirty");
  return summary;
}

const property = (summary: TableSummary, key: string) => {
  const found = summary.properties.find((entry) => entry.key === key);
  if (found === undefined) throw new Error(`no ${key}`);
  return found;
};

describe("beyond the values that are counted one by one", () => {
  const COUNT = 150_000;
  const rows = Array.from({ length: COUNT }, (_, i) => ({
    id: `id-${i}`,
    number: ((i * 7_919) % COUNT) + 0.5,
    skewed: i % 10 === 0 ? "often" : i % 25 === 1 ? "sometimes" : `rare-${i}`,
    whole: (i * 7_919) % COUNT,
  }));
  const { profile, summary } = feed(rows);

  test("distinct is an estimate within a few percent, and says so", () => {
    for (const key of ["id", "number", "whole"]) {
      const { distinct, distinctExact } = property(summary, key);
      expect(distinctExact).toBe(false);
      expect(Math.abs(distinct / COUNT - 1)).toBeLessThan(0.04);
    }
  });

  test("count, min, max, mean and deviation stay exact", () => {
    expect(property(summary, "id")).toMatchObject({ count: COUNT, min: "id-0", max: "id-99999" });
    const { min, max, mean, std } = property(summary, "number");
    expect([min, max, mean]).toEqual([0.5, COUNT - 0.5, COUNT / 2]);
    expect(std).toBeCloseTo(Math.sqrt((COUNT * (COUNT + 1)) / 12), 6);
  });

  test("quantiles within a thousandth", () => {
    const { quantiles, quantilesExact } = property(summary, "number");
    expect(quantilesExact).toBe(false);
    for (const [index, share] of [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].entries()) {
      expect(Math.abs((quantiles?.[index] ?? 0) / (share * COUNT) - 1)).toBeLessThan(0.002);
    }
  });

  test("texts that are frequent are still found, with counts a little low at most", () => {
    const { top, topExact } = property(summary, "skewed");
    expect(topExact).toBe(false);
    expect(top[0]?.[0]).toBe("often");
    expect(Math.abs((top[0]?.[1] ?? 0) / (COUNT / 10) - 1)).toBeLessThan(0.02);
    expect(top[1]?.[0]).toBe("sometimes");
  });

  test("memory stays bounded", () => {
    expect(profile.ofProperties.budget.slots).toBeLessThan(1_572_864);
  });
});

describe("a row taken back", () => {
  test("leaves what the others make", () => {
    const kept = Array.from({ length: 200 }, (_, i) => ({ n: i, t: `t${i % 7}`, b: i % 2 === 0, 'k"': "x\ny" }));
    const gone = { n: 9_999, t: "zzz", b: true, 'k"': "x\ny", extra: null };
    const keys = new PropertyKeys();
    const { profile } = feed([...kept, gone], keys);
    const { bytes, spans, count } = oddSpans(encoder.encode(JSON.stringify(gone)), keys);
    profile.retract(bytes, spans, 0, count, 0, 1_700_000_000_200, 200, 201);
    // The greatest text went with it: only a pass over the rows knows the next.
    expect(summarizeProfile(profile, { property: () => "", user: () => "" })).toBeUndefined();
    const back = { n: 5, t: "zzz", b: false, 'k"': "x\ny" };
    const again = oddSpans(encoder.encode(JSON.stringify(back)), keys);
    profile.observe(again.bytes, again.spans, 0, again.count, 0, 1_700_000_000_200, 200, 201);
    const { summary: oracle } = feed([...kept, back]);
    expect(summarize(profile, [...kept, back]).properties).toEqual(oracle.properties);
  });
});

test("2,000 events and 20,000 properties", () => {
  const keys = new PropertyKeys();
  const profile = createProfile(keys.names, undefined, 3);
  for (let event = 0; event < 2_000; event++) profile.eventName(event, `event ${event}`);
  for (let i = 0; i < 20_000; i++) {
    const { bytes, spans, count } = oddSpans(
      encoder.encode(JSON.stringify({ [`p${i}`]: i, [`p${(i * 7) % 20_000}`]: "x" })),
      keys,
    );
    profile.observe(bytes, spans, 0, count, i % 2_000, 1e12, i, i + 1);
  }
  const summary = summarizeProfile(profile, { property: () => "x", user: () => "u" });
  expect(summary?.properties).toHaveLength(20_000);
  expect(summary?.events).toHaveLength(2_000);
  expect(summary?.overflowed).toBe(false);
});

test("numbers read from bytes are what JSON.parse reads", () => {
  const texts = [
    "0",
    "-0",
    "7",
    "-12",
    "9007199254740991",
    "9007199254740993",
    "0.1",
    "-2.50",
    "123456.789",
    "0.30000000000000004",
    "1e3",
    "1.5E-7",
    "1e400",
    "123456789012345678901234567890",
    "4.35",
    "0.000001",
    "179.99",
    "2.2250738585072014e-308",
  ];
  for (const text of texts) {
    const bytes = encoder.encode(`[${text}]`);
    const kind = /[.eE]/.test(text) ? VALUE_REAL : VALUE_INTEGER;
    // Zero has no sign here: counts know only one zero.
    expect(parseNumber(bytes, 1, bytes.length - 1, kind) + 0).toBe(Number(text) + 0);
  }
});
