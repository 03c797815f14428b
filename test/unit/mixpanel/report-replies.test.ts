import { describe, expect, test } from "bun:test";
import { activity } from "../../../src/mixpanel/activity.ts";
import { flows } from "../../../src/mixpanel/flows.ts";
import { frequency } from "../../../src/mixpanel/frequency.ts";
import { runFunnel } from "../../../src/mixpanel/funnels.ts";
import { insights } from "../../../src/mixpanel/insights.ts";
import { jql } from "../../../src/mixpanel/jql.ts";
import { retention } from "../../../src/mixpanel/retention.ts";
import { stubApi } from "./stub-api.ts";

const range = { fromDate: "2026-03-01", toDate: "2026-03-02" };

describe("funnels", () => {
  const ask = { ...range, funnelId: 8101, unit: "day" } as const;
  const step = (event: string, count: number | null, more: object = {}) => ({
    count,
    event,
    goal: event,
    step_label: event,
    avg_time: null,
    ...more,
  });
  const day = {
    steps: [step("Cart", 1200), step("$custom_event:5", 420, { step_label: "Paid", avg_time: 310 })],
    analysis: { worst: 1 },
  };

  test("unsegmented, in the order of meta.dates, unit and no interval", async () => {
    const api = stubApi({
      meta: { dates: ["2026-03-01", "2026-03-02"] },
      data: { "2026-03-02": day, "2026-03-01": day },
    });
    const result = await runFunnel(api, { ...ask, length: { value: 14, unit: "day" } });
    expect(result.dates.map((date) => date.date)).toEqual(["2026-03-01", "2026-03-02"]);
    expect(result.dates[0]?.overall).toEqual([
      { event: "Cart", count: 1200, avgTime: null },
      { event: "Paid", count: 420, avgTime: 310 },
    ]);
    expect(result.segmented).toBe(false);
    expect(api.calls[0]?.query).toMatchObject({ funnel_id: 8101, unit: "day", length: 14, length_unit: "day" });
    expect(api.calls[0]?.query).not.toHaveProperty("interval");
  });
  test.each<[string, object]>([
    ["with $overall", { $overall: [step("Cart", 10)], Chrome: [step("Cart", 8)] }],
    ["segments as objects", { $overall: { steps: [step("Cart", 10)] }, Chrome: { steps: [step("Cart", 8)] } }],
  ])("segmented %s", async (_, value) => {
    const result = await runFunnel(stubApi({ data: { "2026-03-01": value } }), { ...ask, on: 'properties["b"]' });
    expect(result.segmented).toBe(true);
    expect(result.dates[0]?.overall?.[0]?.count).toBe(10);
    expect([...(result.dates[0]?.segments.keys() ?? [])]).toEqual(["Chrome"]);
  });
  test("segmented without $overall, with segments named steps and __proto__", async () => {
    const body = '{"data":{"2026-03-01":{"steps":[{"count":1}],"__proto__":[{"count":2}]}}}';
    const result = await runFunnel(stubApi(body), { ...ask, on: 'properties["b"]' });
    expect(result.dates[0]?.overall).toBeUndefined();
    expect([...(result.dates[0]?.segments ?? [])].map(([name, steps]) => [name, steps[0]?.count])).toEqual([
      ["steps", 1],
      ["__proto__", 2],
    ]);
  });
  test.each<[string, unknown, number]>([
    ["no meta", { data: { "2026-03-01": day } }, 1],
    [
      "a date of meta.dates without data",
      { meta: { dates: ["2026-03-01", "2026-03-02"] }, data: { "2026-03-01": day } },
      2,
    ],
    ["nothing", { meta: { dates: [] }, data: {} }, 0],
    ["data as an empty list", { data: [] }, 0],
    ["steps without labels", { data: { "2026-03-01": { steps: [{ count: 1, goal: "X" }, { count: null }] } } }, 1],
    ["a bare list of steps", { data: { "2026-03-01": [step("A", 1)] } }, 1],
  ])("%s", async (_, body, dates) => expect((await runFunnel(stubApi(body), ask)).dates).toHaveLength(dates));
});

describe("retention", () => {
  const ask = { ...range, type: "birth", bornEvent: "Sign Up", step: { unit: "day" }, intervalCount: 7 } as const;
  const leaf = (first: number, counts: (number | null)[]) => ({ first, counts });

  test("either unit or interval, never both", async () => {
    const api = stubApi({});
    await retention(api, ask);
    await retention(api, { ...ask, step: { intervalDays: 14 } });
    expect(api.calls[0]?.query).toMatchObject({
      unit: "day",
      interval: undefined,
      interval_count: 7,
      born_event: "Sign Up",
      retention_type: "birth",
    });
    expect(api.calls[1]?.query).toMatchObject({ unit: undefined, interval: 14 });
  });
  test.each<[string, unknown]>([
    ["as documented", { "2026-03-02": leaf(88, [75, 33]), "2026-03-01": leaf(100, [90, 41, 30]) }],
    ["in a data envelope", { data: { "2026-03-02": leaf(88, [75, 33]), "2026-03-01": leaf(100, [90, 41, 30]) } }],
    [
      "ISO keys, rates and an average",
      {
        "2026-03-01T00:00:00-08:00": { ...leaf(100, [90, 41, 30]), rates: [0.9] },
        "2026-03-02T00:00:00-08:00": leaf(88, [75, 33]),
        $average: leaf(94, [80, 37]),
      },
    ],
    [
      "an $overall below the dates",
      { "2026-03-01": { $overall: leaf(100, [90, 41, 30]) }, "2026-03-02": { $overall: leaf(88, [75, 33]) } },
    ],
  ])("%s", async (_, body) => {
    const { cohorts, segments } = await retention(stubApi(body), ask);
    expect(cohorts).toEqual([
      { date: "2026-03-01", size: 100, counts: [90, 41, 30] },
      { date: "2026-03-02", size: 88, counts: [75, 33] },
    ]);
    expect(segments.size).toBe(0);
  });
  test.each<[string, unknown]>([
    [
      "dates over segments",
      { "2026-03-01": { $overall: leaf(9, [1]), iOS: leaf(5, [1]) }, $average: { iOS: leaf(5, [1]) } },
    ],
    [
      "segments over dates",
      { $overall: { "2026-03-01": leaf(9, [1]) }, iOS: { "2026-03-01": leaf(5, [1]), $average: leaf(5, [1]) } },
    ],
  ])("segmented: %s", async (_, body) => {
    const { cohorts, segments } = await retention(stubApi(body), { ...ask, on: 'properties["os"]' });
    expect(cohorts).toEqual([{ date: "2026-03-01", size: 9, counts: [1] }]);
    expect([...segments]).toEqual([["iOS", [{ date: "2026-03-01", size: 5, counts: [1] }]]]);
  });
  test("segments only, odd names, missing sizes", async () => {
    const body = '{"2026-03-01":{"__proto__":{"counts":[1,null]},"error":{"first":3,"counts":[2]}}}';
    const { cohorts, segments } = await retention(stubApi(body), { ...ask, on: 'properties["os"]' });
    expect(cohorts).toEqual([]);
    expect([...segments]).toEqual([
      ["__proto__", [{ date: "2026-03-01", size: null, counts: [1, null] }]],
      ["error", [{ date: "2026-03-01", size: 3, counts: [2] }]],
    ]);
  });
  test("cohorts without counts are counted, not guessed", async () => {
    const body = { "2026-03-01": leaf(9, [1]), "2026-03-02": { first: 5 }, "2026-03-03": null, computed_at: "x" };
    expect(await retention(stubApi(body), ask)).toMatchObject({ cohorts: [{ date: "2026-03-01" }], unread: 2 });
  });
  test("nothing", async () => expect((await retention(stubApi({}), ask)).cohorts).toEqual([]));
  test.each<[string, unknown]>([
    ["another object", { unexpected: true }],
    ["results null", { results: null }],
    ["a list", []],
  ])("%s is no answer of nothing", async (_, body) => {
    await expect(retention(stubApi(body), ask)).rejects.toThrow();
  });
});

describe("frequency", () => {
  const ask = { ...range, unit: "day", addictionUnit: "hour" } as const;
  test.each<[string, unknown]>([
    ["with the envelope", { data: { "2026-03-02": [230, 101], "2026-03-01": [212, 96, 38] } }],
    ["without", { "2026-03-02": [230, 101], "2026-03-01": [212, 96, 38] }],
    ["ISO keys", { data: { "2026-03-01T00:00:00-08:00": [212, 96, 38], "2026-03-02T00:00:00-08:00": [230, 101] } }],
  ])("%s", async (_, body) => {
    expect(await frequency(stubApi(body), ask)).toEqual([
      { date: "2026-03-01", atLeast: [212, 96, 38] },
      { date: "2026-03-02", atLeast: [230, 101] },
    ]);
  });
  test.each<[string, unknown]>([
    ["empty", { data: {} }],
    ["empty without envelope", {}],
    ["an empty list", { data: [] }],
  ])("%s", async (_, body) => expect(await frequency(stubApi(body), ask)).toEqual([]));
  test.each<[string, unknown]>([
    ["null", null],
    ["data null", { data: null }],
    ["another object", { unexpected: true }],
  ])("%s is no answer of nothing", async (_, body) => {
    await expect(frequency(stubApi(body), ask)).rejects.toThrow();
  });
});

describe("activity", () => {
  const ask = { ...range, distinctIds: ["u-17"] };
  test("sorted by time, newest first, with either name of the id", async () => {
    const api = stubApi({
      status: "ok",
      results: {
        events: [
          { event: "Page Viewed", properties: { time: 1772439970, distinct_id: "u-17" } },
          { event: "Order Placed", properties: { time: 1772440000, $distinct_id: "u-17", amount: 49.5 } },
          { event: "Lost", properties: {} },
          { event: "Millis", properties: { time: 1772439990000 } },
        ],
      },
    });
    const events = await activity(api, ask);
    expect(events.map(({ event, time, distinctId }) => [event, time, distinctId])).toEqual([
      ["Order Placed", 1772440000, "u-17"],
      ["Millis", 1772439990, undefined],
      ["Page Viewed", 1772439970, "u-17"],
      ["Lost", undefined, undefined],
    ]);
    expect(api.calls[0]?.query).toEqual({ distinct_ids: '["u-17"]', from_date: "2026-03-01", to_date: "2026-03-02" });
  });
  test.each<[string, unknown]>([
    ["no events", { status: "ok", results: { events: [] } }],
    ["results empty", { results: {} }],
    ["results a list", { results: [] }],
  ])("%s", async (_, body) => expect(await activity(stubApi(body), ask)).toEqual([]));
  test.each<[string, unknown]>([
    ["another object", { unexpected: true }],
    ["results null", { status: "ok", results: null }],
    ["events null", { results: { events: null } }],
  ])("%s is no answer of nothing", async (_, body) => {
    await expect(activity(stubApi(body), ask)).rejects.toThrow();
  });
});

describe("flows", () => {
  test("counts are texts, edges may be missing", async () => {
    const reply = await flows(
      stubApi({
        computed_at: "x",
        metadata: {},
        breakdowns: [{ segments: [{ label: "", value: "", values: ["Converted"] }], totalCount: "3259" }],
        steps: [
          {
            nodes: [
              {
                event: "A",
                type: "ANCHOR",
                anchorType: "NORMAL",
                totalCount: "10254",
                edges: [{ event: "", type: "DROPOFF", step: "1", totalCount: "197" }],
              },
            ],
          },
          { nodes: [{ event: "B", totalCount: 3 }] },
          {},
        ],
      }),
      7,
    );
    expect(reply.steps[0]?.[0]).toEqual({
      event: "A",
      type: "ANCHOR",
      anchorType: "NORMAL",
      count: 10254,
      edges: [{ event: "", type: "DROPOFF", anchorType: "NORMAL", count: 197 }],
    });
    expect(reply.steps[1]?.[0]).toEqual({ event: "B", type: "NORMAL", anchorType: "NORMAL", count: 3, edges: [] });
    expect(reply.steps[2]).toEqual([]);
    expect(reply.breakdowns).toEqual([{ label: "Converted", count: 3259 }]);
    expect(reply.overallConversionRate).toBeNull();
  });
  test("one event per step, whole paths, a rate that is no number", async () => {
    const reply = await flows(
      stubApi({
        steps: [
          { step: 1, event: "Page View", count: 1000 },
          { step: 2, event: "Add to Cart", count: 500 },
        ],
        breakdowns: [{ path: "Page View -> Add to Cart", count: 500 }],
        overallConversionRate: "NaN",
      }),
      7,
    );
    expect(reply.steps.map((nodes) => nodes.map(({ event, count }) => [event, count]))).toEqual([
      [["Page View", 1000]],
      [["Add to Cart", 500]],
    ]);
    expect(reply).toMatchObject({
      paths: [{ path: "Page View -> Add to Cart", count: 500 }],
      breakdowns: [],
      overallConversionRate: null,
    });
  });
  test("a list of top paths: a beginning counted alike is one, other counts add up", async () => {
    const way = (...steps: [string, string][]) => ({
      flowSteps: steps.map(([event, totalCount]) => ({ event, type: "NORMAL", totalCount })),
    });
    const { steps } = await flows(
      stubApi({
        flows: [way(["A", "10"], ["B", "4"]), way(["A", "10"], ["C", "3"]), way(["X", "1"], ["B", "1"])],
      }),
      7,
    );
    expect(steps.map((nodes) => nodes.map(({ event, count }) => [event, count]))).toEqual([
      [
        ["A", 10],
        ["X", 1],
      ],
      [
        ["B", 5],
        ["C", 3],
      ],
    ]);
    expect(steps[0]?.[0]?.edges.map(({ event, count }) => [event, count])).toEqual([
      ["B", 4],
      ["C", 3],
    ]);
  });
  test("a tree under a virtual root", async () => {
    const leaf = (event: string, totalCount: string, dropOffTotalCount: string, children: unknown[] = []) => ({
      step: { event, type: "NORMAL" },
      totalCount,
      dropOffTotalCount,
      children,
    });
    const root = { step: null, totalCount: "10", children: [leaf("A", "10", "6", [leaf("B", "4", "4")])] };
    const { steps } = await flows(stubApi({ trees: [{ root }] }), 7);
    expect(steps.map((nodes) => nodes.map(({ event, count, edges }) => [event, count, edges.length]))).toEqual([
      [["A", 10, 2]],
      [["B", 4, 1]],
    ]);
    expect(steps[0]?.[0]?.edges[1]).toMatchObject({ type: "DROPOFF", count: 6 });
  });
  test("none of its forms", async () => {
    await expect(flows(stubApi({ computed_at: "x" }), 7)).rejects.toThrow();
  });
  test("by id and kind", async () => {
    const api = stubApi({ steps: [], breakdowns: null, overallConversionRate: 0.31 });
    expect((await flows(api, 7)).overallConversionRate).toBe(0.31);
    expect(api.calls[0]?.query).toEqual({ bookmark_id: 7, query_type: "flows_sankey" });
  });
});

describe("insights", () => {
  test("everything besides the series is optional", async () => {
    const reply = await insights(stubApi({ series: {} }), 9);
    expect(reply).toMatchObject({ headers: [], metricKeys: [], segmentsCut: false, compared: false, incomplete: [] });
    expect((await insights(stubApi({ series: [], headers: null, meta: "odd", date_range: null }), 9)).series.size).toBe(
      0,
    );
  });
  test("flags of meta", async () => {
    const reply = await insights(
      stubApi({
        series: { "A. X": {} },
        headers: ["$metric"],
        date_range: { from_date: "2026-03-01T00:00:00-08:00", to_date: "2026-03-09T23:59:59.999000-07:00" },
        time_comparison: { series: {} },
        meta: {
          is_segmentation_limit_hit: true,
          report_sections: {
            show: [
              {
                metric_key: "A. X",
                incomplete_buckets: { "2026-01-01T00:00:00": [null, "2026-02-01"], "2025-12-01": [null] },
              },
            ],
          },
        },
      }),
      9,
    );
    expect(reply).toMatchObject({
      fromDate: "2026-03-01",
      toDate: "2026-03-09",
      metricKeys: ["A. X"],
      segmentsCut: true,
      compared: true,
      incomplete: ["2026-01-01"],
    });
  });
  test("without a series it is not a report", () => {
    expect(insights(stubApi({ headers: [] }), 9)).rejects.toThrow();
  });
});

describe("jql", () => {
  test("a form with params as JSON, once", async () => {
    const api = stubApi([{ key: ["a"], value: 1 }]);
    expect(await jql(api, "function main() {}", { from: "2026-03-01" })).toEqual([{ key: ["a"], value: 1 }]);
    expect(api.calls[0]).toMatchObject({
      method: "POST",
      form: { script: "function main() {}", params: '{"from":"2026-03-01"}' },
    });
    await jql(api, "function main() {}", undefined);
    expect(api.calls[1]?.form).toEqual({ script: "function main() {}", params: undefined });
  });
});
