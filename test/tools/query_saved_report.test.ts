import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

const BOOKMARKS = [
  { id: 7, name: "A report", type: "insights" },
  { id: 9, name: "A flow", type: "flows" },
];

async function serve(body: unknown, status = 200): Promise<Scripted> {
  const server = await scripted({ insights: { body, status } }, { bookmarks: BOOKMARKS, timezone: "US/Pacific" });
  open.push(server);
  return server;
}

const D1 = "2026-03-01T00:00:00-08:00";
const D2 = "2026-03-08T00:00:00-08:00";
const date_range = { from_date: D1, to_date: "2026-03-14T23:59:59.999000-07:00" };

describe("query_saved_report", () => {
  test("insights: a line", async () => {
    const server = await serve({
      computed_at: "2026-03-10T09:12:55.104220+00:00",
      date_range,
      headers: ["$event"],
      series: { "Sign Up": { [D2]: 48, [D1]: 61 } },
      meta: {},
    });
    const { structured } = await server.call("query_saved_report", { bookmark_id: "7" });
    expect(structured).toMatchObject({
      name: "A report",
      type: "insights",
      series: {
        columns: ["date", "Sign Up"],
        rows: [
          ["2026-03-01", 61],
          ["2026-03-08", 48],
        ],
      },
      truncated: false,
      meta: {
        from_date: "2026-03-01",
        to_date: "2026-03-14",
        computed_at: "2026-03-10T09:12:55Z",
        timezone: "US/Pacific",
      },
    });
    expect(server.queries[0]?.params.get("bookmark_id")).toBe("7");
  });
  test("insights: totals by two properties, with flags", async () => {
    const server = await serve({
      headers: ["$metric", "$browser", "$os"],
      series: { Visit: { $overall: { all: 3 }, Chrome: { $overall: { all: 2 }, iOS: { all: 1 } } } },
      time_comparison: { series: {} },
      meta: { is_segmentation_limit_hit: true },
    });
    const { structured, text } = await server.call("query_saved_report", { bookmark_id: 7 });
    expect(structured["series"]).toEqual({
      columns: ["metric", "$browser", "$os", "value"],
      rows: [
        ["Visit", "$overall", null, 3],
        ["Visit", "Chrome", "$overall", 2],
        ["Visit", "Chrome", "iOS", 1],
      ],
    });
    expect(text).toContain("cut the list of segments");
    expect(text).toContain("compares with another period");
  });
  test("a funnel: rates from counts", async () => {
    const server = await serve({
      headers: ["$funnel", "Metric", "Step"],
      series: {
        "Cart through Order": {
          count: { "2. Order": { all: 420 }, "1. Cart": { all: 1200 } },
          avg_time: { "1. Cart": { all: null }, "2. Order": { all: 310 } },
          overall_conv_ratio: { "1. Cart": { all: 1 }, "2. Order": { all: 0.9 } },
          p_value: { "2. Order": { all: { p: 0 } } },
        },
      },
    });
    const { structured } = await server.call("query_saved_report", { bookmark_id: 8 });
    expect(structured).toMatchObject({
      name: null,
      type: "funnels",
      conversion_rate: 0.35,
      steps: [
        { event: "Cart", count: 1200 },
        { event: "Order", count: 420, step_conversion_rate: 0.35, avg_time_seconds: 310 },
      ],
    });
  });
  test("a line of conversion rates is a series of fractions", async () => {
    const server = await serve({
      headers: ["$funnel"],
      series: { "A through B": { $overall: { [D1]: 0.412345, [D2]: 0.5 } } },
      secondary: { series: { "A through B": { $overall: { [D1]: 40, [D2]: 7 } } } },
    });
    const { structured, text } = await server.call("query_saved_report", { bookmark_id: 8 });
    expect(structured).toMatchObject({
      type: "funnels",
      series: {
        columns: ["date", "$overall"],
        rows: [
          ["2026-03-01", 0.4123],
          ["2026-03-08", 0.5],
        ],
      },
    });
    expect((structured["counts"] as { rows: unknown }).rows).toEqual([
      ["2026-03-01", 40],
      ["2026-03-08", 7],
    ]);
    expect(text).toContain("cannot be averaged");
  });
  test.each<[string, object]>([
    [
      "dates over segments",
      {
        $average: { $overall: { first: 94, counts: [80] } },
        [D1]: { $overall: { first: 100, counts: [90, 41] }, Chrome: { first: 60, counts: [55] } },
      },
    ],
    [
      "segments over dates",
      {
        $overall: { [D1]: { first: 100, counts: [90, 41] }, $average: { first: 94, counts: [80] } },
        Chrome: { [D1]: { first: 60, counts: [55] } },
      },
    ],
  ])("retention: %s", async (_, tree) => {
    const server = await serve({ headers: ["$retention", "segment"], series: { "Sign Up and then Order": tree } });
    const { structured } = await server.call("query_saved_report", { bookmark_id: 8 });
    expect(structured).toMatchObject({
      type: "retention",
      cohorts: { columns: ["date", "size", "0", "1"], rows: [["2026-03-01", 100, 0.9, 0.41]] },
      average: [0.9, 0.41],
      segments: [{ segment: "Chrome", average: [0.9167] }],
    });
  });
  test("nothing in its range", async () => {
    const server = await serve({ headers: ["$metric"], series: {}, meta: null });
    const { structured, text } = await server.call("query_saved_report", { bookmark_id: 7 });
    expect(structured).toMatchObject({ type: "insights", series: { rows: [] } });
    expect(text).toContain("found nothing");
  });
  test("an error inside a 200, an unknown id", async () => {
    const inside = await serve({ error: "Report refers to a deleted group identifier." });
    expect((await inside.call("query_saved_report", { bookmark_id: 7 })).error?.code).toBe("QUERY_INVALID");
    const unknown = await serve({ error: "not found" }, 404);
    const { error } = await unknown.call("query_saved_report", { bookmark_id: 7 });
    expect(error?.code).toBe("NOT_FOUND");
    expect(error?.suggestions.join(" ")).toContain("list_bookmarks");
  });
  test("flows are for query_flows, at no cost", async () => {
    const server = await serve({});
    const { error } = await server.call("query_saved_report", { bookmark_id: 9 });
    expect(error?.suggestions.join(" ")).toContain("query_flows");
    expect(server.queries).toEqual([]);
  });
  test("a very wide report stays in the budget", async () => {
    const days = Array.from({ length: 60 }, (_, index) =>
      new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10),
    );
    const segments = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [
        `segment ${index}`,
        Object.fromEntries(days.map((day) => [`${day}T00:00:00+00:00`, index])),
      ]),
    );
    const server = await serve({ headers: ["$metric", "plan"], series: { Visit: segments } });
    const { structured, text } = await server.call("query_saved_report", { bookmark_id: 7 });
    const { rows, columns } = structured["series"] as { rows: unknown[]; columns: string[] };
    expect(rows).toHaveLength(60);
    expect(columns[1]).toBe("segment 299");
    expect(structured["truncated"]).toBe(true);
    expect(text).toContain("Not shown: ");
    expect(text.length).toBeLessThan(9000);
  });
});
