import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown, names: string[] = []): Promise<Scripted> {
  const server = await scripted({ retention: { body } }, { names });
  open.push(server);
  return server;
}

const ask = { born_event: "Sign Up", from_date: "2026-03-01", to_date: "2026-03-02" };
const leaf = (first: number, ...counts: number[]) => ({ first, counts });

describe("retention", () => {
  test("shares per cohort, an average weighted by size, blanks where not reached", async () => {
    const server = await serve({ "2026-03-02": leaf(300, 150, 60), "2026-03-01": leaf(100, 90, 40, 20) });
    const { structured } = await server.call("retention", ask);
    expect(structured).toMatchObject({
      cohorts: {
        columns: ["date", "size", "0", "1", "2"],
        rows: [
          ["2026-03-01", 100, 0.9, 0.4, 0.2],
          ["2026-03-02", 300, 0.5, 0.2, null],
        ],
      },
      average: [0.6, 0.25, 0.2],
      cohort_count: 2,
    });
    const asked = server.queries[0]?.params;
    expect(asked?.get("unit")).toBe("day");
    expect(["interval", "event", "on", "limit"].filter((name) => asked?.has(name))).toEqual([]);
    expect(asked?.get("interval_count")).toBe("7");
  });
  test("unit or interval, never both", async () => {
    const server = await serve({});
    await server.call("retention", { ...ask, interval: 2, unit: "week", return_event: "Visit" });
    const asked = server.queries[0]?.params;
    expect([asked?.get("interval"), asked?.has("unit"), asked?.get("event")]).toEqual(["14", false, "Visit"]);
  });
  test("compounded: the born event is the returning one unless another is named", async () => {
    const server = await serve({ "2026-03-01": leaf(1, 1) });
    await server.call("retention", { ...ask, retention_type: "compounded" });
    expect(server.queries[0]?.params.get("event")).toBe("Sign Up");
    const { text } = await server.call("retention", { ...ask, retention_type: "compounded", return_event: "Visit" });
    expect(text).toContain("ignores born_event");
  });
  test.each<[string, unknown]>([
    [
      "dates over segments",
      { "2026-03-01": { $overall: leaf(10, 5), iOS: leaf(6, 3), Web: leaf(7, 7) }, $average: { iOS: leaf(6, 3) } },
    ],
    [
      "segments over dates",
      {
        $overall: { "2026-03-01": leaf(10, 5), $average: leaf(10, 5) },
        iOS: { "2026-03-01": leaf(6, 3) },
        Web: { "2026-03-01": leaf(7, 7) },
      },
    ],
  ])("broken down: %s", async (_, body) => {
    const server = await serve(body);
    const { structured } = await server.call("retention", { ...ask, on: "platform" });
    expect(structured).toMatchObject({ average: [0.5], segment_count: 2, cohort_count: 1 });
    expect(structured["segments"]).toMatchObject([
      { segment: "Web", average: [1], cohorts: { rows: [["2026-03-01", 7, 1]] } },
      { segment: "iOS", average: [0.5] },
    ]);
  });
  test("empty: the names are checked", async () => {
    const server = await serve({}, ["Sign up"]);
    const { structured, text } = await server.call("retention", ask);
    expect(structured).toMatchObject({ cohorts: { rows: [] }, average: [] });
    expect(text).toContain('Nearest known: "Sign up"');
  });
  test("an interval of more than 90 days, a broken filter", async () => {
    const server = await serve({});
    expect((await server.call("retention", { ...ask, interval: 91 })).error?.code).toBe("INVALID_ARGUMENT");
    const { error } = await server.call("retention", { ...ask, born_where: "plan = 1" });
    expect(error?.code).toBe("QUERY_INVALID");
    expect(error?.message).toContain("born_where");
    expect(server.queries).toEqual([]);
  });
});
