import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(events: unknown): Promise<Scripted> {
  const server = await scripted({ "stream/query": { body: { status: "ok", results: { events } } } });
  open.push(server);
  return server;
}

const events = [
  {
    event: "Page Viewed",
    properties: { time: 1772439970, distinct_id: "u-17", $browser: "Chrome", mp_lib: "web", page: "/x" },
  },
  {
    event: "Order Placed",
    properties: { time: 1772440000, $distinct_id: "u-17", amount: 49.5, note: "y".repeat(500) },
  },
];

describe("activity_feed", () => {
  test("newest first, times in UTC, what happened without where it was sent from", async () => {
    const server = await serve(events);
    const { structured } = await server.call("activity_feed", {
      distinct_id: "u-17",
      from_date: "2026-03-01",
      to_date: "2026-03-09",
    });
    expect(structured).toMatchObject({ total: 2, truncated: false });
    const [latest, earlier] = structured["events"] as {
      event: string;
      time: string;
      properties: Record<string, string>;
    }[];
    expect(latest).toMatchObject({ event: "Order Placed", time: "2026-03-02T08:26:40Z", properties: { amount: 49.5 } });
    expect(latest?.properties["note"]).toHaveLength(200 + "... (500 characters)".length);
    expect(earlier).toEqual({ event: "Page Viewed", time: "2026-03-02T08:26:10Z", properties: { page: "/x" } });
    expect(server.queries[0]?.params.get("distinct_ids")).toBe('["u-17"]');
  });
  test("all_properties keeps everything as it is", async () => {
    const server = await serve(events);
    const { structured } = await server.call("activity_feed", { distinct_id: "u-17", all_properties: true });
    const [latest, earlier] = structured["events"] as { properties: Record<string, string> }[];
    expect(latest?.properties["note"]).toHaveLength(500);
    expect(earlier?.properties).toMatchObject({ $browser: "Chrome", distinct_id: "u-17", time: 1772439970 });
  });
  test("several users: each event says whose it is; dates default to the last 30 days", async () => {
    const server = await serve(events);
    const { structured } = await server.call("activity_feed", { distinct_ids: ["u-17", "u-18"], limit: 1 });
    expect(structured["events"]).toMatchObject([{ distinct_id: "u-17" }]);
    expect(structured).toMatchObject({ total: 2, truncated: true });
    const asked = server.queries[0]?.params;
    expect(asked?.has("from_date") && asked?.has("to_date")).toBe(true);
  });
  test("an unknown user", async () => {
    const server = await serve([]);
    const { structured, text } = await server.call("activity_feed", { distinct_id: "nobody" });
    expect(structured).toMatchObject({ total: 0, events: [] });
    expect(text).toContain("case-sensitive");
  });
  test("whom?", async () => {
    const server = await serve([]);
    expect((await server.call("activity_feed", {})).error?.code).toBe("INVALID_ARGUMENT");
  });
});
