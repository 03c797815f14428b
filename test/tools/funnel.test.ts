import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown, project = {}): Promise<Scripted> {
  const server = await scripted({ funnels: { body } }, project);
  open.push(server);
  return server;
}

const ask = { funnel_id: 8101, from_date: "2026-03-01", to_date: "2026-03-02" };
const step = (event: string, count: number, avg_time: number | null = null) => ({
  count,
  avg_time,
  event,
  goal: event,
  step_label: event,
  step_conv_ratio: 0.9,
  overall_conv_ratio: 0.9,
});
const first = { steps: [step("Cart", 1200), step("Paid", 420, 300)], analysis: { worst: 1 } };
const second = { steps: [step("Cart", 300), step("Paid", 30, 900)], analysis: { worst: 1 } };

describe("funnel", () => {
  test("rates come from the counts of all dates, times are weighted by them", async () => {
    const server = await serve(
      { meta: { dates: ["2026-03-01", "2026-03-02"] }, data: { "2026-03-02": second, "2026-03-01": first } },
      { bookmarks: [{ id: 8101, name: "Checkout", type: "funnels" }] },
    );
    const { structured, text } = await server.call("funnel", ask);
    expect(structured).toMatchObject({
      funnel_id: 8101,
      name: "Checkout",
      conversion_rate: 0.3,
      steps: [
        { step: 1, event: "Cart", count: 1500, step_conversion_rate: 1, overall_conversion_rate: 1 },
        {
          step: 2,
          event: "Paid",
          count: 450,
          step_conversion_rate: 0.3,
          overall_conversion_rate: 0.3,
          avg_time_seconds: 340,
        },
      ],
      by_date: {
        columns: ["date", "1. Cart", "2. Paid", "conversion_rate"],
        rows: [
          ["2026-03-01", 1200, 420, 0.35],
          ["2026-03-02", 300, 30, 0.1],
        ],
      },
      truncated: false,
    });
    expect(structured).not.toHaveProperty("segments");
    expect(text).toContain("entries, not distinct users");
    expect(server.queries.map((query) => query.path)).toEqual(["funnels"]);
    const asked = server.queries[0]?.params;
    expect(asked?.get("unit")).toBe("day");
    expect(["interval", "length", "length_unit", "limit"].filter((name) => asked?.has(name))).toEqual([]);
  });
  test("segments by entrants, the whole from $overall", async () => {
    const server = await serve(
      {
        data: {
          "2026-03-01": {
            $overall: [step("A", 10), step("B", 5)],
            x: [step("A", 4), step("B", 4)],
            y: [step("A", 7), step("B", 2)],
          },
        },
      },
      { funnels: [{ funnel_id: 8101, name: "Listed" }] },
    );
    const { structured } = await server.call("funnel", { ...ask, on: "plan" });
    expect(structured).toMatchObject({ name: "Listed", conversion_rate: 0.5, segment_count: 2 });
    expect(
      (structured["segments"] as { segment: string; conversion_rate: number }[]).map(({ segment, conversion_rate }) => [
        segment,
        conversion_rate,
      ]),
    ).toEqual([
      ["y", 0.2857],
      ["x", 1],
    ]);
  });
  test("without $overall the whole is said to be the sum of segments", async () => {
    const server = await serve({
      data: { "2026-03-01": { x: [step("A", 4), step("B", 4)], y: [step("A", 6), step("B", 2)] } },
    });
    const { structured, text } = await server.call("funnel", { ...ask, on: "plan", limit: 1 });
    expect(structured).toMatchObject({ conversion_rate: 0.6, truncated: true, segment_count: 2 });
    expect(structured["segments"]).toHaveLength(1);
    expect(text).toContain("no $overall");
    expect(text).toContain("1 segments with fewer entrants");
  });
  test("a window in weeks is sent in days; one over 90 days is refused", async () => {
    const server = await serve({ data: { "2026-03-01": first } });
    await server.call("funnel", { ...ask, window_length: 2, window_unit: "week" });
    expect([server.queries[0]?.params.get("length"), server.queries[0]?.params.get("length_unit")]).toEqual([
      "14",
      "day",
    ]);
    const before = server.queries.length;
    const { error } = await server.call("funnel", { ...ask, window_length: 4, window_unit: "month" });
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error?.message).toContain("90 days");
    expect(server.queries).toHaveLength(before);
  });
  test("nobody entered", async () => {
    const server = await serve({
      meta: { dates: ["2026-03-01"] },
      data: { "2026-03-01": { steps: [step("A", 0), step("B", 0)], analysis: {} } },
    });
    const { structured, text } = await server.call("funnel", ask);
    expect(structured).toMatchObject({
      conversion_rate: 0,
      steps: [
        { count: 0, step_conversion_rate: 1 },
        { count: 0, step_conversion_rate: 0 },
      ],
    });
    expect(text).toContain("Nobody entered");
  });
  test.each([
    [404, "NOT_FOUND"],
    [400, "QUERY_INVALID"],
  ])("an unknown funnel, as HTTP %p", async (status, code) => {
    const server = await scripted({ funnels: { status, body: { error: "funnel 8101 not found" } } });
    open.push(server);
    const { error } = await server.call("funnel", ask);
    expect(error?.code).toBe(code);
    expect(error?.suggestions.join(" ")).toContain("list_funnels");
  });
});
