import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown): Promise<Scripted> {
  const server = await scripted({ "segmentation/average": { body } }, { names: ["Order"] });
  open.push(server);
  return server;
}

const ask = { event: "Order", on: "amount", from_date: "2026-03-01", to_date: "2026-03-03" };

describe("segmentation_average", () => {
  test("a day without events has no mean, and there is no overall figure", async () => {
    const server = await serve({ status: "ok", results: { "2026-03-03": 12.25, "2026-03-01": 10 } });
    const { structured, text } = await server.call("segmentation_average", ask);
    expect(structured).not.toHaveProperty("total");
    expect(structured["series"]).toEqual({
      columns: ["date", "average"],
      rows: [
        ["2026-03-01", 10],
        ["2026-03-02", null],
        ["2026-03-03", 12.25],
      ],
    });
    expect(text).toContain("no overall figure");
  });
  test("empty", async () => {
    const server = await serve({ results: {} });
    const { structured, text } = await server.call("segmentation_average", ask);
    expect((structured["series"] as { rows: unknown[] }).rows).toEqual([]);
    expect(text).toContain("No data for");
  });
});
