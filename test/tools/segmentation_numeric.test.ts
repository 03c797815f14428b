import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(values: Record<string, Record<string, number>>, names: string[] = []): Promise<Scripted> {
  const server = await scripted(
    { "segmentation/numeric": { body: { data: { series: ["2026-03-02", "2026-03-01"], values }, legend_size: 9 } } },
    { names },
  );
  open.push(server);
  return server;
}

const ask = { event: "Order", on: "amount", from_date: "2026-03-01", to_date: "2026-03-02" };

describe("segmentation_numeric", () => {
  test("columns run from low to high, whatever order and separators they come in", async () => {
    const server = await serve({
      "2,000 - 2,100": { "2026-03-02": 1 },
      undefined: { "2026-03-01": 9 },
      "100 - 200": { "2026-03-01": 7 },
      "-100 - 0": { "2026-03-01": 2 },
      "0 - 100": { "2026-03-01": 50, "2026-03-02": 65 },
    });
    const { structured } = await server.call("segmentation_numeric", ask);
    expect(structured["buckets"]).toEqual({
      columns: ["date", "-100 - 0", "0 - 100", "100 - 200", "2,000 - 2,100", "undefined"],
      rows: [
        ["2026-03-01", 2, 50, 7, 0, 9],
        ["2026-03-02", 0, 65, 0, 1, 0],
      ],
    });
    expect(Object.entries(structured["totals"] as object)).toEqual([
      ["-100 - 0", 2],
      ["0 - 100", 115],
      ["100 - 200", 7],
      ["2,000 - 2,100", 1],
      ["undefined", 9],
    ]);
    expect(structured).toMatchObject({ total: 134, truncated: false, segment_count: 5 });
    expect(server.queries[0]?.params.get("on")).toBe('properties["amount"]');
  });
  test("a limit keeps the largest ranges, still in order", async () => {
    const server = await serve({
      "0 - 1": { "2026-03-01": 5 },
      "1 - 2": { "2026-03-01": 1 },
      "2 - 3": { "2026-03-01": 9 },
    });
    const { structured, text } = await server.call("segmentation_numeric", { ...ask, limit: 2 });
    expect((structured["buckets"] as { columns: string[] }).columns).toEqual(["date", "0 - 1", "2 - 3"]);
    expect(structured).toMatchObject({ truncated: true, total: 15 });
    expect(text).toContain("1 more range");
  });
  test("weeks of events are added up from days; weeks of users are refused", async () => {
    const server = await serve({ "0 - 1": { "2026-03-01": 5, "2026-03-02": 1 } });
    const { structured } = await server.call("segmentation_numeric", { ...ask, unit: "week" });
    expect((structured["buckets"] as { rows: unknown[] }).rows).toEqual([
      ["2026-02-23", 5],
      ["2026-03-02", 1],
    ]);
    expect(server.queries[0]?.params.get("unit")).toBe("day");
    const { error } = await server.call("segmentation_numeric", { ...ask, unit: "week", type: "unique" });
    expect(error?.code).toBe("INVALID_ARGUMENT");
    expect(server.queries).toHaveLength(1);
  });
  test("nothing: numbers stored as text are a likely reason", async () => {
    const server = await serve({}, ["Order"]);
    const { text, structured } = await server.call("segmentation_numeric", ask);
    expect(text).toContain("number(properties[");
    expect(structured["buckets"]).toMatchObject({ columns: ["date"] });
  });
});
