import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Sample, startSample } from "../../src/sample/service.ts";
import { connect, type Harness } from "../harness.ts";

let sample: Sample;
let t: Harness;
beforeAll(async () => {
  sample = await startSample({ quota: "unlimited" });
  t = await connect({ shared: sample });
});
afterAll(async () => {
  await t.close();
  await sample.close();
});

const range = { from_date: "5 days ago", to_date: "3 days ago" };

describe("fetch_events", () => {
  test("fetches days into a table, with every key of the contract, and sql reads it", async () => {
    const notes: string[] = [];
    const reply = await t.call("fetch_events", range, { onprogress: ({ message }) => notes.push(message ?? "") });
    const job = reply.structured;
    expect(Object.keys(job)).toEqual(
      expect.arrayContaining([
        "job_id",
        "status",
        "table",
        "rows",
        "duplicates",
        "rejected",
        "days",
        "missing_ranges",
        "seconds",
        "bytes",
        "warnings",
        "next",
      ]),
    );
    expect(job).toMatchObject({
      status: "completed",
      table: "events",
      days: { done: 3, total: 3 },
      missing_ranges: [],
    });
    expect(reply.text).toContain('Fetch into "events": completed, 3 of 3 days');
    expect(notes.at(-1)).toContain("3 of 3 days");
    const count = await t.call("sql_scalar", { query: "SELECT count(*) FROM events" });
    expect(count.structured["value"]).toBe(job["rows"]);
    expect(Number(job["rows"])).toBeGreaterThan(100);
  });

  test("what was stored is what the service has", async () => {
    const days = await t.call("sql", {
      query: "SELECT date(event_time) AS day, count(*) AS n FROM events GROUP BY 1 ORDER BY 1",
    });
    expect((days.structured["rows"] as unknown[][]).length).toBe(3);
  });

  test("the same table again is TABLE_EXISTS with the ways on", async () => {
    const { error } = await t.call("fetch_events", range);
    expect(error?.code).toBe("TABLE_EXISTS");
    expect(error?.suggestions.length).toBeGreaterThanOrEqual(3);
    expect(error?.details).toMatchObject({ table: "events", status: "complete" });
  });

  test("append adds a day, resume finds nothing missing", async () => {
    const more = await t.call("fetch_events", { from_date: "2 days ago", to_date: "2 days ago", mode: "append" });
    expect(more.structured).toMatchObject({ status: "completed", days: { done: 1, total: 1 } });
    const before = sample.log.length;
    const resumed = await t.call("fetch_events", { mode: "resume" });
    expect(resumed.structured).toMatchObject({ status: "completed", rows: 0 });
    expect(sample.log.length).toBe(before);
  });

  test("filters reach the service", async () => {
    const { structured } = await t.call("fetch_events", {
      ...range,
      table: "filtered",
      events: ["Page Viewed"],
      where: 'defined(properties["$os"])',
      limit: 5,
    });
    expect(structured["status"]).toBe("completed");
    const exported = sample.log.findLast((entry) => entry.path.endsWith("/export"));
    expect(exported?.params).toMatchObject({
      event: '["Page Viewed"]',
      where: 'defined(properties["$os"])',
      limit: "5",
    });
    expect(Number(structured["rows"])).toBeLessThanOrEqual(5);
  });

  test("an estimate fetches nothing and says rows, requests, minutes and quota", async () => {
    const exports = () => sample.log.filter((entry) => entry.path.endsWith("/export")).length;
    const before = exports();
    const { structured } = await t.call("fetch_events", {
      from_date: "60 days ago",
      to_date: "1 day ago",
      table: "big",
      estimate_only: true,
    });
    expect(structured).toMatchObject({ status: "estimated", job_id: null, days: { total: 60 } });
    expect(structured["estimate"]).toMatchObject({
      rows: expect.any(Number),
      bytes: expect.any(Number),
      requests: expect.any(Number),
      minutes: expect.any(Number),
      minutes_parallel: expect.any(Number),
      quota_left: expect.any(Number),
    });
    expect(Number(structured["rows"])).toBeGreaterThan(10_000);
    expect(exports()).toBe(before);
    expect((await t.call("list_tables")).text).not.toContain("big");
  });

  test("a long range starts all the same and warns; the call returns at once when told to", async () => {
    const { structured } = await t.call("fetch_events", {
      from_date: "60 days ago",
      to_date: "1 day ago",
      table: "long",
      wait_seconds: 0,
    });
    expect(structured["status"]).toBe("running");
    expect((structured["warnings"] as string[]).join(" ")).toContain("Large fetch");
    await t.call("fetch_cancel", { job_id: structured["job_id"] });
  });

  test("wrong arguments are refused with a sentence", async () => {
    const code = async (args: Record<string, unknown>) => (await t.call("fetch_events", args)).error?.code;
    expect(await code({ ...range, workers: 9 })).toBe("INVALID_ARGUMENT");
    expect(await code({ ...range, nonsense: 1 })).toBe("INVALID_ARGUMENT");
    expect(await code({ ...range, where: "properties[" })).toBe("QUERY_INVALID");
    expect(await code({ from_date: "2 days ago", to_date: "5 days ago", table: "x" })).toBe("DATE_RANGE");
    expect(await code({ from_date: "someday", to_date: "today", table: "x" })).toBe("INVALID_ARGUMENT");
    expect(await code({ ...range, table: "sqlite_x" })).toBe("INVALID_ARGUMENT");
  });
});

test("without credentials it says how to set them", async () => {
  const anonymous = await connect({ shared: sample, anonymous: true });
  const { error } = await anonymous.call("fetch_events", range);
  expect(error?.code).toBe("CONFIG_MISSING");
  await anonymous.close();
});

test("an old project's wall-clock times are found out and converted to UTC", async () => {
  const old = await startSample({ quota: "unlimited", createdBefore2023: true, timezone: "America/New_York" });
  const zoned = await connect({ shared: old });
  const { structured } = await zoned.call("fetch_events", { from_date: "4 days ago", to_date: "4 days ago" });
  expect((structured["warnings"] as string[]).join(" ")).toContain("America/New_York");
  const { tables } = (await zoned.call("list_tables")).structured as { tables: { timezone: string }[] };
  expect(tables[0]?.timezone).toBe("America/New_York");
  await zoned.close();
  await old.close();
});
