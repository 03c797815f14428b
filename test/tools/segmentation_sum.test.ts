import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown): Promise<Scripted> {
  const server = await scripted({ "segmentation/sum": { body } }, { names: ["Order"] });
  open.push(server);
  return server;
}

const ask = { event: "Order", on: "amount", from_date: "2026-03-01", to_date: "2026-03-03" };

describe("segmentation_sum", () => {
  test("missing days are 0, the total has no binary noise", async () => {
    const server = await serve({
      status: "ok",
      computed_at: "2026-03-04T07:45:10.310075+00:00",
      results: { "2026-03-03": 0.2, "2026-03-01": 0.1 },
    });
    const { structured } = await server.call("segmentation_sum", ask);
    expect(structured).toMatchObject({ event: "Order", total: 0.3, meta: { computed_at: "2026-03-04T07:45:10Z" } });
    expect(structured["series"]).toEqual({
      columns: ["date", "sum"],
      rows: [
        ["2026-03-01", 0.1],
        ["2026-03-02", 0],
        ["2026-03-03", 0.2],
      ],
    });
  });
  test("nothing at all is said", async () => {
    const server = await serve({ status: "ok", results: {} });
    const { structured, text } = await server.call("segmentation_sum", ask);
    expect(structured).toMatchObject({ total: 0 });
    expect(text).toContain("No data for");
  });
  test("hours as they come", async () => {
    const server = await serve({ results: { "2026-03-01 13:00:00": 5, "2026-03-01T12:00:00": 1 } });
    const { structured } = await server.call("segmentation_sum", { ...ask, unit: "hour" });
    expect((structured["series"] as { rows: unknown[] }).rows).toEqual([
      ["2026-03-01 12:00:00", 1],
      ["2026-03-01 13:00:00", 5],
    ]);
  });
  test("weeks are not offered", async () => {
    const server = await serve({ results: {} });
    const { error } = await server.call("segmentation_sum", { ...ask, unit: "week" });
    expect(error?.code).toBe("INVALID_ARGUMENT");
    expect(server.queries).toEqual([]);
  });
  test("a reply of another shape is no zero", async () => {
    const server = await serve({ status: "ok", data: {} });
    const { error } = await server.call("segmentation_sum", ask);
    expect(error?.code).toBe("UPSTREAM_ERROR");
  });
});
