import { describe, expect, test } from "bun:test";
import { eventCounts, propertyCounts } from "../../../src/mixpanel/event-counts.ts";
import {
  segmentation,
  segmentationAverage,
  segmentationNumeric,
  segmentationSum,
} from "../../../src/mixpanel/segmentation.ts";
import { stubApi } from "./stub-api.ts";

const range = { fromDate: "2026-03-01", toDate: "2026-03-03" };
const query = { ...range, event: "Sign Up", unit: "day", type: "general" } as const;
/** What a reply without a series is taken to cover: every day asked for. */
const DAYS = ["2026-03-01", "2026-03-02", "2026-03-03"];
const LONG = "x".repeat(255);

type Expected = { buckets: string[]; values: Record<string, Record<string, number | null>> };

async function read(body: unknown, unit: "day" | "hour" | "week" = "day"): Promise<Expected> {
  const sparse = await segmentation(stubApi(body), { ...query, unit });
  const values = [...sparse.values].map(([name, counts]) => [name, Object.fromEntries(counts)] as const);
  return { buckets: sparse.buckets, values: Object.fromEntries(values) };
}

describe("data.series and data.values", () => {
  test.each<[string, unknown, Expected]>([
    [
      "unsorted series, unordered keys",
      {
        data: { series: ["2026-03-02", "2026-03-01"], values: { free: { "2026-03-02": 71, "2026-03-01": 80 } } },
        legend_size: 1,
      },
      { buckets: ["2026-03-01", "2026-03-02"], values: { free: { "2026-03-01": 80, "2026-03-02": 71 } } },
    ],
    [
      "sparse: series knows days that no value has",
      { data: { series: ["2026-03-01", "2026-03-02", "2026-03-03"], values: { a: { "2026-03-02": 14 } } } },
      { buckets: ["2026-03-01", "2026-03-02", "2026-03-03"], values: { a: { "2026-03-02": 14 } } },
    ],
    [
      "values know days that series has not",
      { data: { series: ["2026-03-01"], values: { a: { "2026-03-02": 14 } } } },
      { buckets: ["2026-03-01", "2026-03-02"], values: { a: { "2026-03-02": 14 } } },
    ],
    [
      "no values",
      { data: { series: ["2026-03-01"], values: {} }, legend_size: 0 },
      { buckets: ["2026-03-01"], values: {} },
    ],
    ["values as an empty list", { data: { series: [], values: [] } }, { buckets: DAYS, values: {} }],
    [
      "no series",
      { data: { values: { a: { "2026-03-01": 1 } } } },
      { buckets: DAYS, values: { a: { "2026-03-01": 1 } } },
    ],
    ["an event mapped to null", { data: { series: [], values: { a: null } } }, { buckets: DAYS, values: { a: {} } }],
    [
      "null counts",
      { data: { series: [], values: { a: { "2026-03-01": null } } } },
      { buckets: DAYS, values: { a: { "2026-03-01": null } } },
    ],
    [
      "counts as texts",
      { data: { series: [], values: { a: { "2026-03-01": "12" } } } },
      { buckets: DAYS, values: { a: { "2026-03-01": 12 } } },
    ],
    [
      "days with a time and an offset",
      { data: { series: ["2026-03-01T00:00:00-08:00"], values: { a: { "2026-03-01 00:00:00": 3 } } } },
      { buckets: ["2026-03-01"], values: { a: { "2026-03-01": 3 } } },
    ],
    [
      "unknown fields",
      { data: { series: [], values: {}, extra: 1 }, legend_size: "?", computed_at: 3, more: [] },
      { buckets: DAYS, values: {} },
    ],
    [
      "odd names",
      {
        data: {
          series: [],
          values: { "": { "2026-03-01": 1 }, '😀 "q" \\': { "2026-03-01": 2 }, [LONG]: { "2026-03-01": 3 } },
        },
      },
      {
        buckets: DAYS,
        values: { "": { "2026-03-01": 1 }, '😀 "q" \\': { "2026-03-01": 2 }, [LONG]: { "2026-03-01": 3 } },
      },
    ],
    ["no data at all", { data: {} }, { buckets: DAYS, values: {} }],
  ])("%s", async (_, body, expected) => expect(await read(body)).toEqual(expected));

  test("hours in every notation", async () => {
    const { buckets } = await read(
      { data: { series: ["2026-03-01 13:00:00", "2026-03-01T14:00:00", "2026-03-01T15:00:00-08:00"], values: {} } },
      "hour",
    );
    expect(buckets).toEqual(["2026-03-01 13:00:00", "2026-03-01 14:00:00", "2026-03-01 15:00:00"]);
  });

  test("the hour that comes twice in autumn keeps both counts", async () => {
    const { values } = await read(
      { data: { series: [], values: { a: { "2026-11-01T01:00:00-07:00": 5, "2026-11-01T01:00:00-08:00": 7 } } } },
      "hour",
    );
    expect(Object.values(values["a"] ?? {}).sort()).toEqual([5, 7]);
  });

  test("segments named like parts of an object", async () => {
    const body =
      '{"data":{"series":[],"values":{"__proto__":{"2026-03-01":1},"constructor":{"2026-03-01":2},"toString":{"2026-03-01":3}}}}';
    const sparse = await segmentation(stubApi(body), query);
    expect([...sparse.values].map(([name, counts]) => [name, counts.get("2026-03-01")])).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
      ["toString", 3],
    ]);
  });

  test.each([
    ["no data", { values: {} }],
    ["no values", { data: { series: ["2026-03-01"] } }],
    ["a list", []],
    ["words for numbers", { data: { series: [], values: { a: { "2026-03-01": "many" } } } }],
    ["a list for values", { data: { series: [], values: { a: [1, 2] } } }],
  ])("%s is not readable", async (_, body) => {
    expect(read(body)).rejects.toThrow();
  });
});

describe("what is asked", () => {
  test("segmentation: limit only with on, never interval", async () => {
    const api = stubApi({ data: { series: [], values: {} } });
    await segmentation(api, { ...query, limit: 50 });
    await segmentation(api, { ...query, on: 'properties["plan"]', where: 'properties["a"] == 1', limit: 50 });
    expect(api.calls[0]?.query).toEqual({
      event: "Sign Up",
      from_date: "2026-03-01",
      to_date: "2026-03-03",
      unit: "day",
      type: "general",
    });
    expect(api.calls[1]?.query).toMatchObject({ on: 'properties["plan"]', where: 'properties["a"] == 1', limit: 50 });
    expect(api.calls[1]?.query).not.toHaveProperty("interval");
    expect(api.calls[0]?.path.text).toBe("/segmentation");
  });
  test("events: always a JSON list", async () => {
    const api = stubApi({ data: { series: [], values: {} } });
    await eventCounts(api, { ...range, events: ["A"], unit: "day", type: "general" });
    expect(api.calls[0]?.query).toMatchObject({ event: '["A"]', type: "general", unit: "day" });
  });
  test("event properties: a bare event, a bare name, values as a JSON list", async () => {
    const api = stubApi({ data: { series: [], values: {} } });
    await propertyCounts(api, {
      ...range,
      event: "A",
      property: 'my "plan"',
      values: ["x", "y"],
      unit: "day",
      type: "unique",
      limit: 99,
    });
    expect(api.calls[0]?.query).toMatchObject({
      event: "A",
      name: 'my "plan"',
      values: '["x","y"]',
      limit: 99,
      type: "unique",
    });
  });
  test("numeric", async () => {
    const api = stubApi({
      data: { series: ["2026-03-01"], values: { "0 - 100": { "2026-03-01": 50 }, "2,000 - 2,100": {} } },
    });
    const sparse = await segmentationNumeric(api, { ...query, on: 'properties["x"]' });
    expect([...sparse.values.keys()]).toEqual(["0 - 100", "2,000 - 2,100"]);
    expect(api.calls[0]?.path.text).toBe("/segmentation/numeric");
  });
});

describe("sum and average", () => {
  const ask = { ...range, event: "Order", unit: "day", on: 'properties["amount"]' } as const;
  test.each<[string, unknown, [string, number | null][]]>([
    [
      "as documented",
      { status: "ok", computed_at: "x", results: { "2026-03-02": 1890, "2026-03-01": 1432.5 } },
      [
        ["2026-03-01", 1432.5],
        ["2026-03-02", 1890],
      ],
    ],
    ["empty", { status: "ok", results: {} }, []],
    ["null values", { results: { "2026-03-01": null } }, [["2026-03-01", null]]],
    ["no status, no computed_at", { results: { "2026-03-01T00:00:00-08:00": 2 } }, [["2026-03-01", 2]]],
    ["an empty list", { results: [] }, []],
  ])("%s", async (_, body, expected) => {
    expect([...(await segmentationSum(stubApi(body), ask)).values]).toEqual(expected);
    expect([...(await segmentationAverage(stubApi(body), ask)).values]).toEqual(expected);
  });
});
