import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(
  values: Record<string, Record<string, number>>,
  series = ["2026-03-01", "2026-03-02"],
): Promise<Scripted> {
  const server = await scripted(
    { "events/properties": { body: { data: { series, values }, legend_size: 2 } } },
    { names: ["Visit"] },
  );
  open.push(server);
  return server;
}

const ask = { event: "Visit", property: "$browser", from_date: "2026-03-01", to_date: "2026-03-02" };

describe("property_counts", () => {
  test("counts, shares of everything returned, and the series", async () => {
    const server = await serve({
      Safari: { "2026-03-01": 20 },
      Chrome: { "2026-03-01": 40, "2026-03-02": 30 },
      undefined: { "2026-03-01": 10 },
    });
    const { structured } = await server.call("property_counts", ask);
    expect(structured["distribution"]).toEqual([
      { value: "Chrome", count: 70, share: 0.7 },
      { value: "Safari", count: 20, share: 0.2 },
      { value: "undefined", count: 10, share: 0.1 },
    ]);
    expect(structured["series"]).toMatchObject({ columns: ["date", "Chrome", "Safari", "undefined"] });
    expect(structured).toMatchObject({ total: 100, truncated: false, property: "$browser" });
    const asked = server.queries[0]?.params;
    expect([asked?.get("event"), asked?.get("name")]).toEqual(["Visit", "$browser"]);
  });
  test("the rest still counts in the shares", async () => {
    const server = await serve(
      Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`v${index}`, { "2026-03-01": 4 }])),
    );
    const { structured, text } = await server.call("property_counts", { ...ask, limit: 10 });
    expect(structured["distribution"]).toHaveLength(10);
    expect(structured).toMatchObject({ truncated: true, segment_count: 25, total: 100 });
    expect((structured["distribution"] as { share: number }[])[0]?.share).toBe(0.04);
    expect(text).toContain("15 more values with 60% of the total");
  });
  test("users: neither counts over the range nor shares", async () => {
    const server = await serve({ Chrome: { "2026-03-01": 40, "2026-03-02": 30 } });
    const { structured } = await server.call("property_counts", { ...ask, type: "unique" });
    expect(structured["distribution"]).toEqual([{ value: "Chrome", count: null, share: null }]);
    expect(structured["total"]).toBeNull();
  });
  test("users of a single bucket are known", async () => {
    const server = await serve({ Chrome: { "2026-03-01": 40 } }, ["2026-03-01"]);
    const { structured } = await server.call("property_counts", { ...ask, type: "unique", unit: "month" });
    expect(structured["distribution"]).toEqual([{ value: "Chrome", count: 40, share: null }]);
  });
  test("chosen values go out as a JSON list, and the shares say of what", async () => {
    const server = await serve({ Chrome: { "2026-03-01": 40 } });
    const { text } = await server.call("property_counts", { ...ask, values: ["Chrome", "Opera"] });
    expect(server.queries[0]?.params.get("values")).toBe('["Chrome","Opera"]');
    expect(text).toContain("of the values asked for");
  });
  test("an accessor is the name inside it; other expressions are not for this tool", async () => {
    const server = await serve({});
    await server.call("property_counts", { ...ask, property: 'properties["we\\"ird"]' });
    expect(server.queries[0]?.params.get("name")).toBe('we"ird');
    const { error } = await server.call("property_counts", { ...ask, property: 'floor(properties["a"])' });
    expect(error?.code).toBe("QUERY_INVALID");
  });
});
