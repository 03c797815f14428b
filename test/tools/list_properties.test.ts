import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));
async function serve(body: unknown, status = 200): Promise<Scripted> {
  const server = await scripted({ "events/properties/top": { body, status } }, { names: ["Order Placed", "Sign Up"] });
  open.push(server);
  return server;
}

describe("list_properties", () => {
  test("of the sample, alphabetical, with counts", async () => {
    const { structured } = await t.call("list_properties", { event: "Order Placed" });
    const list = structured["properties"] as { name: string; count?: number }[];
    expect(list.map(({ name }) => name)).toEqual(list.map(({ name }) => name).sort());
    expect(list.find(({ name }) => name === "plan")?.count).toBeGreaterThan(0);
    expect(structured["total"]).toBe(list.length);
  });

  test("entries without a count, and names of JavaScript's own", async () => {
    const server = await serve(
      '{"b": {}, "__proto__": {"count": 2}, "error": {"count": 3}, "a": {"count": 1, "new": 9}}',
    );
    const { structured } = await server.call("list_properties", { event: "Sign Up" });
    expect(structured["properties"]).toEqual([
      { name: "__proto__", count: 2 },
      { name: "a", count: 1 },
      { name: "b" },
      { name: "error", count: 3 },
    ]);
  });

  test("asks for all of them, searches and cuts here", async () => {
    const server = await serve(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, { count: i }])));
    const { structured } = await server.call("list_properties", { event: "A", search: "P1", limit: 2 });
    expect(structured).toMatchObject({ total: 111, truncated: true });
    expect(structured["properties"]).toEqual([
      { name: "p1", count: 1 },
      { name: "p10", count: 10 },
    ]);
    expect(server.queries[0]?.params.get("limit")).toBe("500");
    expect((await server.call("list_properties", { event: "A" })).structured["truncated"]).toBe(true);
    expect(server.queries.length).toBe(1);
  });

  test("an unknown event is told so, with the nearest names", async () => {
    const server = await serve({});
    await server.call("list_events");
    const { text, structured } = await server.call("list_properties", { event: "order placed" });
    expect([structured["properties"], structured["total"]]).toEqual([[], 0]);
    expect(text).toContain('Nearest names: "Order Placed"');
  });

  test("an unknown event that Mixpanel refuses", async () => {
    const server = await serve({ error: "unknown event" }, 400);
    expect((await server.call("list_properties", { event: "x" })).error?.code).toBe("QUERY_INVALID");
  });
});
