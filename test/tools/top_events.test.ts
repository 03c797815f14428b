import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect({ sample: { includeToday: true } });
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));
async function serve(events: unknown): Promise<Scripted> {
  const server = await scripted({ "events/top": { body: { events, type: "general" } } });
  open.push(server);
  return server;
}

describe("top_events", () => {
  test("of the sample", async () => {
    const { structured } = await t.call("top_events", { type: "unique", limit: 3 });
    expect((structured["events"] as object[]).length).toBeLessThanOrEqual(3);
    expect(t.sample.log.find(({ path }) => path.endsWith("/events/top"))?.params["type"]).toBe("unique");
  });

  test("the change is a percentage, largest first, the rest counted", async () => {
    const server = await serve([
      { amount: 9, event: "Order Placed", percent_change: -0.25 },
      { amount: 412, event: "Page Viewed", percent_change: 0.0734 },
      { amount: 3, event: "New", percent_change: 1 },
      { amount: 2.5, event: "Odd", percent_change: null },
    ]);
    const { structured } = await server.call("top_events", { limit: 3 });
    expect(structured).toEqual({
      events: [
        { event: "Page Viewed", count: 412, percent_change: 7.34 },
        { event: "Order Placed", count: 9, percent_change: -25 },
        { event: "New", count: 3, percent_change: 100 },
      ],
      total: 4,
      truncated: true,
    });
    expect((await server.call("top_events")).structured["events"]).toContainEqual({
      event: "Odd",
      count: 2.5,
      percent_change: null,
    });
    expect(server.queries.length).toBe(1);
  });

  test("nothing today is said", async () => {
    const server = await serve([]);
    expect((await server.call("top_events")).text).toContain("No events today so far");
  });

  test("a missing amount is reported", async () => {
    const server = await serve([{ event: "A" }]);
    const { error } = await server.call("top_events");
    expect([error?.code, error?.message]).toEqual(["UPSTREAM_ERROR", expect.stringContaining("events.0.amount")]);
  });
});
