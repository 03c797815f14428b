import { afterAll, describe, expect, test } from "bun:test";
import { type Answer, type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown, project = {}): Promise<Scripted> {
  const answer: Answer = { body };
  const server = await scripted({ segmentation: answer }, project);
  open.push(server);
  return server;
}

const range = { from_date: "2026-03-01", to_date: "2026-03-03" };
const by = (value: Record<string, Record<string, number>>, series = ["2026-03-03", "2026-03-01", "2026-03-02"]) => ({
  data: { series, values: value },
  legend_size: Object.keys(value).length,
});

describe("segmentation", () => {
  test("sparse and unsorted counts become a table, largest segment first", async () => {
    const server = await serve(
      by({ free: { "2026-03-01": 1 }, pro: { "2026-03-03": 5, "2026-03-01": 2 }, undefined: { "2026-03-02": 3 } }),
    );
    const { structured } = await server.call("segmentation", { event: "Sign Up", ...range, on: "plan" });
    expect(structured["series"]).toEqual({
      columns: ["date", "pro", "undefined", "free"],
      rows: [
        ["2026-03-01", 2, 0, 1],
        ["2026-03-02", 0, 3, 0],
        ["2026-03-03", 5, 0, 0],
      ],
    });
    expect(structured).toMatchObject({
      event: "Sign Up",
      total: 11,
      totals: { pro: 7, undefined: 3, free: 1 },
      truncated: false,
    });
    expect(structured["meta"]).toMatchObject({
      source: "live",
      from_date: "2026-03-01",
      to_date: "2026-03-03",
      timezone: "UTC",
      in_progress: [],
      quota: { used: 1, limit: 60 },
    });
    const asked = server.queries[0]?.params;
    expect(asked?.get("on")).toBe('properties["plan"]');
    expect(asked?.get("event")).toBe("Sign Up");
    expect(asked?.get("project_id")).toBe("3000001");
    expect(asked?.has("interval")).toBe(false);
  });

  test("unique users are never added up", async () => {
    const server = await serve(by({ a: { "2026-03-01": 4, "2026-03-02": 4 }, b: { "2026-03-01": 9 } }));
    const { structured, text } = await server.call("segmentation", {
      event: "X",
      ...range,
      type: "unique",
      on: "plan",
    });
    expect(structured).toMatchObject({ total: null, totals: null });
    expect(text).toContain("must not be added up");
    expect(JSON.stringify({ ...structured, meta: undefined })).not.toContain("17");
  });

  test("averages: nothing is added up", async () => {
    const server = await serve(by({ X: { "2026-03-01": 1.5, "2026-03-02": 2.25 } }));
    const { structured } = await server.call("segmentation", { event: "X", ...range, type: "average" });
    expect(structured).toMatchObject({ total: null, totals: null });
    expect((structured["series"] as { rows: unknown[] }).rows).toEqual([
      ["2026-03-01", 1.5],
      ["2026-03-02", 2.25],
      ["2026-03-03", 0],
    ]);
  });

  test("the rest of the segments is counted and announced", async () => {
    const values = Object.fromEntries(
      Array.from({ length: 31 }, (_, index) => [`s${index}`, { "2026-03-01": 100 - index }]),
    );
    const server = await serve(by(values));
    const { structured, text } = await server.call("segmentation", { event: "X", ...range, on: "plan", limit: 5 });
    const shown = (structured["series"] as { columns: string[] }).columns;
    expect(shown).toEqual(["date", "s0", "s1", "s2", "s3", "s4"]);
    expect(structured).toMatchObject({ truncated: true, segment_count: 31, total: 2635 });
    expect(Object.keys(structured["totals"] as object)).toHaveLength(5);
    expect(text.split("\n")[0]).toContain("5 of 31 segments");
    expect(text).toContain("26 more segments with 81.4% of the total");
    expect(Number(server.queries[0]?.params.get("limit"))).toBeGreaterThan(31);
  });

  test("as many segments as were asked for may not be all", async () => {
    const values = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`s${index}`, { "2026-03-01": 1 }]));
    const server = await serve(by(values));
    const { text } = await server.call("segmentation", { event: "X", ...range, on: "plan" });
    expect(text).toContain("there may be more");
  });

  test("a wide answer is cut by segments, never by dates, and stays in the budget", async () => {
    const dates = Array.from({ length: 90 }, (_, index) =>
      new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10),
    );
    const values = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `segment ${index}`,
        Object.fromEntries(dates.map((date) => [date, 1000 - index])),
      ]),
    );
    const server = await serve(by(values, dates));
    const { structured, text } = await server.call("segmentation", {
      event: "X",
      from_date: "2026-01-01",
      to_date: "2026-03-31",
      on: "plan",
    });
    const { rows, columns } = structured["series"] as { rows: unknown[]; columns: string[] };
    expect(rows).toHaveLength(90);
    expect(columns.length).toBeGreaterThan(2);
    expect(columns.length).toBeLessThan(21);
    expect(structured).toMatchObject({ truncated: true, segment_count: 20 });
    expect(text.length).toBeLessThan(9000);
    expect(Object.keys(structured["totals"] as object)).toHaveLength(20);
    expect(text).toContain(`series has the ${columns.length - 1} largest of 20 segments`);
  });

  test.each<[string, unknown]>([
    ["an empty object", by({})],
    ["zeros", by({ "Sing Up": { "2026-03-01": 0 } })],
  ])("nothing found (%s): the nearest name is suggested", async (_, body) => {
    const server = await serve(body, { names: ["Order Placed", "Sign Up"] });
    const { structured, text } = await server.call("segmentation", { event: "Sing Up", ...range });
    expect(structured).toMatchObject({ total: 0, totals: { "Sing Up": 0 } });
    expect((structured["series"] as { rows: unknown[] }).rows).toHaveLength(3);
    expect(text).toContain('Nearest known: "Sign Up"');
    expect(server.queries.map((query) => query.path)).toEqual(["segmentation", "events/names"]);
  });

  test("an existing name without data is told apart", async () => {
    const server = await serve(by({}), { names: ["Sign Up"] });
    const { text } = await server.call("segmentation", { event: "Sign Up", ...range });
    expect(text).toContain("though the event exists");
  });

  test("when the quota is nearly used, no query is spent on an explanation", async () => {
    const full = { body: by({ X: { "2026-03-01": 1 } }) };
    const server = await scripted(
      { segmentation: (params) => (params.get("event") === "X" ? full : { body: by({}) }) },
      { names: ["Y"] },
    );
    open.push(server);
    for (let used = 0; used < 51; used++) await server.call("segmentation", { event: "X", ...range });
    const { text } = await server.call("segmentation", { event: "Z", ...range });
    expect(text).toContain("names are case-sensitive, list_events shows them");
    expect(server.queries.every((query) => query.path === "segmentation")).toBe(true);
  });

  test("every event without the property", async () => {
    const server = await serve(by({ undefined: { "2026-03-01": 5 } }));
    const { text } = await server.call("segmentation", { event: "X", ...range, on: "Plan" });
    expect(text).toContain('none has the property "Plan"');
  });

  test("segments named like parts of an object, emoji, 255 characters", async () => {
    const long = "x".repeat(255);
    const body = `{"data":{"series":["2026-03-01"],"values":{"__proto__":{"2026-03-01":3},"😀":{"2026-03-01":2},"${long}":{"2026-03-01":1}}}}`;
    const server = await serve(body);
    const { structured } = await server.call("segmentation", { event: "X", ...range, on: 'we"ird\\ 😀' });
    expect((structured["series"] as { columns: string[] }).columns).toEqual(["date", "__proto__", "😀", long]);
    expect(JSON.stringify(structured["totals"])).toBe(`{"__proto__":3,"😀":2,"${long}":1}`);
    expect(server.queries[0]?.params.get("on")).toBe('properties["we\\"ird\\\\ 😀"]');
  });

  test("today is named as unfinished, in the project's time zone", async () => {
    const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Pacific/Kiritimati" }).format(new Date());
    const server = await serve(by({ X: { [today]: 1 } }, [today]), { timezone: "Pacific/Kiritimati" });
    const { structured, text } = await server.call("segmentation", {
      event: "X",
      from_date: "7 days ago",
      to_date: "today",
    });
    expect(structured["meta"]).toMatchObject({ to_date: today, in_progress: [today], timezone: "Pacific/Kiritimati" });
    expect(text.split("\n")[0]).toContain("not finished");
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ["reversed dates", { from_date: "2026-03-03", to_date: "2026-03-01" }, "DATE_RANGE", /is after to_date/],
    ["the future", { from_date: "2026-03-03", to_date: "2999-03-01" }, "DATE_RANGE", /in the future/],
    ["before 2000", { from_date: "1999-12-31" }, "DATE_RANGE", /before 2000-01-01/],
    ["no date", { from_date: "soon" }, "INVALID_ARGUMENT", /from_date "soon" is not a date/],
    ["unique users by the hour", { type: "unique", unit: "hour" }, "INVALID_ARGUMENT", /per hour/],
    ["more hours than fit", { unit: "hour", from_date: "2025-03-01" }, "DATE_RANGE", /buckets/],
    ["a broken filter", { where: 'properties["a"] = 1' }, "QUERY_INVALID", /position/],
    ["a bare name in a filter", { where: 'plan == "pro"' }, "QUERY_INVALID", /plan/],
    ["a broken expression", { on: 'properties["a"' }, "QUERY_INVALID", /on/],
    ["an unknown argument", { evnt: "X" }, "INVALID_ARGUMENT", /evnt/],
    ["a wrong unit", { unit: "minute" }, "INVALID_ARGUMENT", /unit/],
  ])("refused before a query is spent: %s", async (_, args, code, message) => {
    const server = await serve(by({}));
    const { error } = await server.call("segmentation", { event: "X", ...range, ...args });
    expect(error?.code).toBe(code);
    expect(`${error?.message}`).toMatch(message);
    expect(error?.suggestions.length).toBeGreaterThan(0);
    expect(server.queries).toEqual([]);
  });
});
