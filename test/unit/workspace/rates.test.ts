import { describe, expect, test } from "bun:test";
import type { FlowNode } from "../../../src/mixpanel/flows.ts";
import type { FunnelStep } from "../../../src/mixpanel/funnels.ts";
import { flowConversion, flowPaths, flowSteps } from "../../../src/workspace/flow-paths.ts";
import { addSteps, conversionRate, datesTable, segmentRates, stepRates } from "../../../src/workspace/funnel-rates.ts";
import { retentionShares } from "../../../src/workspace/retention-shares.ts";

const step = (event: string, count: number | null, avgTime: number | null = null): FunnelStep => ({
  event,
  count,
  avgTime,
});

describe("funnel", () => {
  const monday = [step("View", 1200), step("Buy", 420, 300)];
  const tuesday = [step("View", 300), step("Buy", 30, 900)];

  test("counts are added, rates recomputed, times weighted", () => {
    const steps = stepRates(addSteps([monday, tuesday]));
    expect(steps).toEqual([
      { step: 1, event: "View", count: 1500, step_conversion_rate: 1, overall_conversion_rate: 1 },
      {
        step: 2,
        event: "Buy",
        count: 450,
        step_conversion_rate: 0.3,
        overall_conversion_rate: 0.3,
        avg_time_seconds: 340,
      },
    ]);
    expect(conversionRate(addSteps([monday, tuesday]))).toBe(0.3);
  });
  test("a date without entrants weighs nothing", () => {
    const steps = addSteps([monday, [step("View", 0), step("Buy", 0, 5)], [step("View", null), step("Buy", null)]]);
    expect(steps[1]).toEqual(step("Buy", 420, 300));
    expect(conversionRate([step("View", 0), step("Buy", 0)])).toBe(0);
    expect(conversionRate([])).toBe(0);
  });
  test("three steps: each against the one before and against the first", () => {
    const rates = stepRates([step("A", 100), step("B", 50), step("C", 10)]);
    expect(rates.map((rate) => [rate.step_conversion_rate, rate.overall_conversion_rate])).toEqual([
      [1, 1],
      [0.5, 0.5],
      [0.2, 0.1],
    ]);
  });
  test("the first name that is known names a step", () => {
    expect(addSteps([[step("", 1)], [step("A", 1)]])[0]?.event).toBe("A");
    expect(addSteps([[step("", 1)]])[0]?.event).toBe("Step 1");
  });
  test("by date", () => {
    const table = datesTable(
      [
        { date: "2026-03-01", steps: monday },
        { date: "2026-03-02", steps: [] },
      ],
      ["View", "Buy"],
    );
    expect(table.columns).toEqual(["date", "1. View", "2. Buy", "conversion_rate"]);
    expect(table.rows).toEqual([
      ["2026-03-01", 1200, 420, 0.35],
      ["2026-03-02", 0, 0, 0],
    ]);
  });
  test("segments by entrants", () => {
    const segments = segmentRates(
      new Map([
        ["Safari", [[step("View", 5), step("Buy", 5)]]],
        ["Chrome", [monday, tuesday]],
      ]),
    );
    expect(segments.map(({ segment, conversion_rate }) => [segment, conversion_rate])).toEqual([
      ["Chrome", 0.3],
      ["Safari", 1],
    ]);
  });
});

describe("retention", () => {
  const day = { unit: "day", count: 1 } as const;

  test("shares are of the cohort's size; intervals not reached are blank; averages are weighted", () => {
    const shares = retentionShares(
      [
        { date: "2026-03-01", size: 100, counts: [90, 40, 20] },
        { date: "2026-03-02", size: 300, counts: [150, 60] },
      ],
      day,
      "2026-04-01",
    );
    expect(shares.table).toEqual({
      columns: ["date", "size", "0", "1", "2"],
      rows: [
        ["2026-03-01", 100, 0.9, 0.4, 0.2],
        ["2026-03-02", 300, 0.5, 0.2, null],
      ],
    });
    expect(shares.average).toEqual([0.6, 0.25, 0.2]);
    expect(shares.running).toEqual([]);
  });
  test("zeros of the future are blank, zeros of the past are zeros", () => {
    const shares = retentionShares(
      [
        { date: "2026-03-09", size: 10, counts: [5, 0, 0, 0] },
        { date: "2026-03-11", size: 10, counts: [5, 0, 0, 0] },
      ],
      day,
      "2026-03-11",
    );
    expect(shares.table.rows).toEqual([
      ["2026-03-09", 10, 0.5, 0, 0, null],
      ["2026-03-11", 10, 0.5, null, null, null],
    ]);
    expect(shares.average).toEqual([0.5, 0, 0, null]);
    expect(shares.averageFinished).toEqual([0.5, null, null, null]);
    expect(shares.running).toEqual(["2026-03-09", "2026-03-11"]);
  });
  test("an empty cohort is 0 and weighs nothing; an unknown size or count is blank", () => {
    const shares = retentionShares(
      [
        { date: "2026-03-01", size: 0, counts: [0] },
        { date: "2026-03-02", size: null, counts: [5] },
        { date: "2026-03-03", size: 4, counts: [null] },
        { date: "2026-03-04", size: 4, counts: [1] },
      ],
      day,
      "2026-04-01",
    );
    expect(shares.table.rows.map((row) => row[2])).toEqual([0, null, null, 0.25]);
    expect(shares.average).toEqual([0.25]);
  });
  test("weeks and months reach their intervals later", () => {
    const cohorts = [{ date: "2026-01-05", size: 10, counts: [5, 0, 0] }];
    expect(retentionShares(cohorts, { unit: "week", count: 1 }, "2026-01-12").table.rows[0]).toEqual([
      "2026-01-05",
      10,
      0.5,
      0,
      null,
    ]);
    expect(retentionShares(cohorts, { unit: "month", count: 1 }, "2026-02-04").table.rows[0]).toEqual([
      "2026-01-05",
      10,
      0.5,
      null,
      null,
    ]);
    expect(retentionShares(cohorts, { unit: "day", count: 14 }, "2026-01-19").table.rows[0]).toEqual([
      "2026-01-05",
      10,
      0.5,
      0,
      null,
    ]);
  });
  test("nothing at all", () => {
    expect(retentionShares([], day, "2026-03-11")).toEqual({
      table: { columns: ["date", "size"], rows: [] },
      average: [],
      averageFinished: [],
      running: [],
    });
  });
});

describe("flows", () => {
  const node = (
    event: string,
    type: string,
    count: number,
    edges: FlowNode["edges"] = [],
    anchorType = "NORMAL",
  ): FlowNode => ({
    event,
    type,
    anchorType,
    count,
    edges,
  });
  const edge = (event: string, type: string, count: number, anchorType = "NORMAL") => ({
    event,
    type,
    anchorType,
    count,
  });
  const graph = [
    [
      node("Product Viewed", "ANCHOR", 10254, [
        edge("", "DROPOFF", 197),
        edge("Purchase Completed", "ANCHOR", 15, "RELATIVE_FORWARD"),
        edge("", "PRUNED", 10042),
      ]),
    ],
    [
      node("Purchase Completed", "ANCHOR", 15, [], "RELATIVE_FORWARD"),
      node("", "DROPOFF", 197, [edge("", "DROPOFF", 197)]),
      node("", "PRUNED", 10042, [edge("", "DROPOFF", 214), edge("", "PRUNED", 9828)]),
    ],
    [node("", "DROPOFF", 411), node("Purchase Completed", "ANCHOR", 3259)],
  ];

  test("shares are of everyone who started; drop-off is only the new one", () => {
    expect(flowSteps(graph)).toEqual([
      { step: 1, nodes: [{ event: "Product Viewed", count: 10254, share: 1, drop_off: 197 }] },
      {
        step: 2,
        nodes: [
          { event: "(other events)", count: 10042, share: 0.9793, drop_off: 214 },
          { event: "(drop-off)", count: 197, share: 0.0192 },
          { event: "Purchase Completed", count: 15, share: 0.0015 },
        ],
      },
      {
        step: 3,
        nodes: [
          { event: "Purchase Completed", count: 3259, share: 0.3178 },
          { event: "(drop-off)", count: 411, share: 0.0401 },
        ],
      },
    ]);
  });
  test("paths: largest first, without those who had already left", () => {
    expect(flowPaths(graph).rows).toEqual([
      ["Product Viewed", "(other events)", 10042],
      ["(other events)", "(other events)", 9828],
      ["(other events)", "(drop-off)", 214],
      ["Product Viewed", "(drop-off)", 197],
      ["Product Viewed", "Purchase Completed", 15],
    ]);
  });
  test("conversion: Mixpanel's figure, or from the breakdown, or unknown", () => {
    const breakdowns = [
      { label: "Did Not Convert", count: 6995 },
      { label: "Converted", count: 3259 },
    ];
    expect(flowConversion({ steps: [], breakdowns: [], paths: [], overallConversionRate: 0.31234 })).toBe(0.3123);
    expect(flowConversion({ steps: [], breakdowns, paths: [], overallConversionRate: null })).toBe(0.3178);
    expect(flowConversion({ steps: [], breakdowns: [], paths: [], overallConversionRate: null })).toBeNull();
  });
});
