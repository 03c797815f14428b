import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ sample: { quota: "unlimited" } });
});
afterAll(() => t.close());

const range = { from_date: "9 days ago", to_date: "3 days ago" };

describe("stream_events", () => {
  test("shows events as Mixpanel sends them and stores nothing", async () => {
    const reply = await t.call("stream_events", { ...range, limit: 5 });
    const events = reply.structured["events"] as { event: string; time: string; properties: Record<string, unknown> }[];
    expect(events).toHaveLength(5);
    expect(events[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(events[0]?.properties["distinct_id"]).toBeString();
    expect(reply.structured["truncated"]).toBe(true);
    expect(reply.text).toContain("nothing was stored");
    expect((await t.call("list_tables")).structured["tables"]).toEqual([]);
    expect(t.sample.log.at(-1)?.params["limit"]).toBe("5");
  });

  test("filters by event and expression", async () => {
    const { structured } = await t.call("stream_events", { ...range, events: ["Page Viewed"], limit: 20 });
    const events = structured["events"] as { event: string }[];
    expect(events.every(({ event }) => event === "Page Viewed")).toBe(true);
    expect(events.length).toBeGreaterThan(0);
  });

  test("a default reply is cut to the budget and says so", async () => {
    const reply = await t.call("stream_events", range);
    expect(reply.structured["truncated"]).toBe(true);
    expect((reply.structured["events"] as unknown[]).length).toBeGreaterThan(0);
    expect(reply.text.split("\n")[0]).toContain("Truncated");
  });

  test("an event nobody sent is an empty list", async () => {
    const { structured } = await t.call("stream_events", { ...range, events: ["Nothing Like It"] });
    expect(structured).toMatchObject({ events: [], truncated: false });
  });

  test("refuses wrong ranges and expressions before anything is sent", async () => {
    const code = async (args: Record<string, unknown>) =>
      (await t.call("stream_events", { ...range, ...args })).error?.code;
    const before = t.sample.log.length;
    expect(await code({ to_date: "30 days ago" })).toBe("DATE_RANGE");
    expect(await code({ from_date: "2020-01-01" })).toBe("DATE_RANGE");
    expect(await code({ where: "properties[" })).toBe("QUERY_INVALID");
    expect(await code({ limit: 1_001 })).toBe("INVALID_ARGUMENT");
    expect(t.sample.log.filter((entry) => entry.path.endsWith("/export")).length).toBeLessThanOrEqual(before);
  });
});
