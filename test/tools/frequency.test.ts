import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown): Promise<Scripted> {
  const server = await scripted({ "retention/addiction": { body } });
  open.push(server);
  return server;
}

const ask = { from_date: "2026-03-01", to_date: "2026-03-02" };

describe("frequency", () => {
  test.each<[string, unknown]>([
    ["with the envelope", { data: { "2026-03-02": [230, 101], "2026-03-01": [212, 96, 38] } }],
    ["without it", { "2026-03-02": [230, 101], "2026-03-01": [212, 96, 38] }],
  ])("one row per period %s, read as at least N", async (_, body) => {
    const server = await serve(body);
    const { structured, text } = await server.call("frequency", { ...ask, event: "Visit" });
    expect(structured["distribution"]).toEqual({
      columns: ["date", "1", "2", "3"],
      rows: [
        ["2026-03-01", 212, 96, 38],
        ["2026-03-02", 230, 101, null],
      ],
    });
    expect(text).toContain("at least N");
    const asked = server.queries[0]?.params;
    expect([asked?.get("unit"), asked?.get("addiction_unit"), asked?.get("event")]).toEqual(["day", "hour", "Visit"]);
  });
  test("a month of hours is cut by columns and says so", async () => {
    const counts = Array.from({ length: 720 }, (_, index) => 9000 - index);
    const server = await serve({ data: { "2026-01-01": counts, "2026-02-01": counts } });
    const { structured, text } = await server.call("frequency", { ...ask, from_date: "2026-01-01", unit: "month" });
    const { columns } = structured["distribution"] as { columns: string[] };
    expect(structured).toMatchObject({ truncated: true, column_count: 720 });
    expect(columns.length).toBeGreaterThan(50);
    expect(text).toContain(`the ${720 - columns.length + 1} highest columns`);
  });
  test("a day of days makes no sense", async () => {
    const server = await serve({});
    const { error } = await server.call("frequency", { ...ask, addiction_unit: "day" });
    expect(error?.code).toBe("INVALID_ARGUMENT");
    expect(server.queries).toEqual([]);
  });
  test("empty", async () => {
    const server = await serve({ data: {} });
    expect((await server.call("frequency", ask)).structured["distribution"]).toEqual({ columns: ["date"], rows: [] });
  });
});
