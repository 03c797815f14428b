import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(values: unknown, names = ["Sign Up", "Order Placed"]): Promise<Scripted> {
  const body = { data: { series: ["2026-03-01", "2026-03-02"], values }, legend_size: 1 };
  const server = await scripted({ events: { body } }, { names });
  open.push(server);
  return server;
}

const range = { from_date: "2026-03-01", to_date: "2026-03-02" };

describe("event_counts", () => {
  test("columns in the order asked, an event without data is a column of zeros", async () => {
    const server = await serve({ "Sign Up": { "2026-03-02": 48, "2026-03-01": 61 } });
    const { structured, text } = await server.call("event_counts", { events: ["Order Placed", "Sign Up"], ...range });
    expect(structured["series"]).toEqual({
      columns: ["date", "Order Placed", "Sign Up"],
      rows: [
        ["2026-03-01", 0, 61],
        ["2026-03-02", 0, 48],
      ],
    });
    expect(structured["totals"]).toEqual({ "Order Placed": 0, "Sign Up": 109 });
    expect(server.queries[0]?.params.get("event")).toBe('["Order Placed","Sign Up"]');
    expect(text).toContain('"Order Placed" in this range, though the event exists');
  });
  test("users have no totals", async () => {
    const server = await serve({ "Sign Up": { "2026-03-01": 61 } });
    const { structured } = await server.call("event_counts", { events: ["Sign Up"], ...range, type: "unique" });
    expect(structured["totals"]).toBeNull();
  });
  test("one event as a text, as models send it", async () => {
    const server = await serve({ "Sign Up": { "2026-03-01": 61 } });
    await server.call("event_counts", { events: "Sign Up", ...range });
    expect(server.queries[0]?.params.get("event")).toBe('["Sign Up"]');
  });
  test.each([
    ["no events", { events: [] }],
    ["too many", { events: Array.from({ length: 26 }, (_, index) => `e${index}`) }],
    ["users by the hour", { events: ["Sign Up"], unit: "hour", type: "unique" }],
  ])("refused: %s", async (_, args) => {
    const server = await serve({});
    expect((await server.call("event_counts", { ...range, ...args })).error?.code).toBe("INVALID_ARGUMENT");
    expect(server.queries).toEqual([]);
  });
});
