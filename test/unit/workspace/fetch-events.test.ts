import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { findTable, listTables } from "../../../src/store/tables.ts";
import { type FetchWorkspace, openFetchWorkspace } from "../../fetch-workspace.ts";
import { dayLines, type Fault, type RawExport, startRawExport } from "../../raw-export.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function setup(
  fault: (days: string, nth: number) => Fault = () => ({ kind: "none" }),
  more: { delayMs?: number; eventsPerDay?: number } = {},
): Promise<FetchWorkspace & { raw: RawExport }> {
  const raw = await startRawExport({ eventsPerDay: 200, ...more, fault });
  open.push(raw);
  const fetching = await openFetchWorkspace({ url: raw.url });
  open.push(fetching);
  return { ...fetching, raw };
}

/** What a store must hold after the days came whole. */
function expected(...days: string[]): number {
  return days.reduce((sum, day) => sum + new Set(dayLines(day, 200)).size, 0);
}

const THREE = { from_date: "2026-01-01", to_date: "2026-01-03" };
const DAYS = ["2026-01-01", "2026-01-02", "2026-01-03"];

describe("fetch_events, create", () => {
  test("stores every day once, drops duplicates, counts them, leaves no spool file", async () => {
    const t = await setup();
    const job = await t.fetch(THREE);
    expect(job).toMatchObject({
      status: "completed",
      table: "events",
      rows: expected(...DAYS),
      duplicates: 600 - expected(...DAYS),
      rejected: 0,
      days: { done: 3, total: 3 },
      missing_ranges: [],
    });
    expect(t.raw.asked.toSorted()).toEqual(DAYS);
    expect(t.value("SELECT count(*) FROM events")).toBe(expected(...DAYS));
    expect(findTable(t.workspace.store, "events")).toMatchObject({
      status: "complete",
      from_date: "2026-01-01",
      to_date: "2026-01-03",
      timezone: "UTC",
    });
    expect(readdirSync(t.workspace.store.spoolDir)).toEqual([]);
  });

  test("a table that is there is refused with what is in it and the ways on", async () => {
    const t = await setup();
    await t.fetch(THREE);
    const fault = await t.fault(THREE);
    expect(fault.code).toBe("TABLE_EXISTS");
    expect(fault.message).toContain("588 events, 2026-01-01 to 2026-01-03, status complete");
    expect(fault.suggestions.join(" ")).toMatch(/append.*resume.*drop_table.*another table name/s);
    expect(t.raw.asked).toHaveLength(3);
  });

  test("remembers filters and sends them", async () => {
    const t = await setup();
    await t.fetch({ ...THREE, events: ["B", "A"], where: 'properties["plan"] == "pro"' });
    expect(findTable(t.workspace.store, "events")?.filters).toEqual({
      events: ["A", "B"],
      where: 'properties["plan"] == "pro"',
    });
  });

  test("refuses what cannot be fetched before anything is sent", async () => {
    const t = await setup();
    const codes = async (args: object) => (await t.fault({ ...THREE, ...args })).code;
    expect(await codes({ to_date: "2025-01-01" })).toBe("DATE_RANGE");
    expect(await codes({ from_date: "2999-01-01", to_date: "2999-01-02" })).toBe("DATE_RANGE");
    expect(await codes({ from_date: undefined })).toBe("INVALID_ARGUMENT");
    expect(await codes({ events: [] })).toBe("INVALID_ARGUMENT");
    expect(await codes({ where: "properties[plan] ==" })).toBe("QUERY_INVALID");
    expect(await codes({ mode: "resume" })).toBe("TABLE_NOT_FOUND");
    for (const table of ["_mp_x", "sqlite_x", "a b", "t; drop table t", "", "x".repeat(65)]) {
      expect(await codes({ table })).toBe("INVALID_ARGUMENT");
    }
    expect(t.raw.asked).toEqual([]);
    expect(listTables(t.workspace.store)).toEqual([]);
  });
});

describe("fetch_events, when streams break", () => {
  const kinds: Fault[] = [
    { kind: "fin", at: 0.5 },
    { kind: "rst", at: 0.5 },
    { kind: "shortLength", at: 0.5 },
    { kind: "noLastChunk", at: 1 },
    { kind: "gzipCut", at: 0.5 },
    { kind: "noTrailer" },
    { kind: "crcFlip" },
    { kind: "terminatedEarly" },
    { kind: "gluedTermination" },
    { kind: "html" },
    { kind: "halfLine" },
    { kind: "errorLine" },
    { kind: "empty" },
    { kind: "closeDelimited", at: 1 },
  ];

  test("in any way: the day is asked for again and comes whole", async () => {
    const kindOf = (day: string) => kinds[Number(day.slice(-2)) - 1] ?? { kind: "none" };
    const t = await setup((day, nth) => (nth === 0 ? kindOf(day) : { kind: "none" }));
    // More than ten quiet days would share requests.
    const first = { from_date: "2026-01-01", to_date: "2026-01-10", workers: 8 };
    const rest = { from_date: "2026-01-11", to_date: `2026-01-${kinds.length}`, mode: "append" as const, workers: 8 };
    for (const range of [first, rest]) {
      expect(await t.fetch(range)).toMatchObject({ status: "completed", missing_ranges: [] });
    }
    const days = kinds.map((_, index) => `2026-01-${String(index + 1).padStart(2, "0")}`);
    expect(t.raw.asked.toSorted()).toEqual(days.flatMap((day) => [day, day]));
    const lines = days.flatMap((day) => [...new Set(dayLines(day, 200))]);
    expect(t.value("SELECT count(*) FROM events")).toBe(lines.length);
  }, 30_000);

  test("days of which nobody knows how much they hold: the first goes alone, the others are merged by what it held", async () => {
    const t = await setup(() => ({ kind: "none" }));
    const range = { from_date: "2026-01-01", to_date: "2026-01-20", workers: 8 };
    expect(await t.fetch(range)).toMatchObject({ status: "completed", missing_ranges: [] });
    expect(t.raw.asked).toEqual(["2026-01-01", "2026-01-02..2026-01-15", "2026-01-16..2026-01-20"]);
  });

  test("a day that stays broken is missing with its reason; resume asks only for it", async () => {
    let broken = true;
    const t = await setup((days) => (broken && days === "2026-01-02" ? { kind: "terminatedEarly" } : { kind: "none" }));
    const job = await t.fetch(THREE);
    expect(job).toMatchObject({ status: "partial", days: { done: 2, total: 3 } });
    expect(job.missing_ranges).toEqual([
      { from_date: "2026-01-02", to_date: "2026-01-02", reason: expect.stringContaining("UPSTREAM_TRUNCATED") },
    ]);
    expect(job.next).toContain("resume");
    expect(t.raw.asked.filter((day) => day === "2026-01-02")).toHaveLength(3);
    expect(t.value("SELECT count(*) FROM events WHERE event_time LIKE '2026-01-02%'")).toBe(0);
    expect(findTable(t.workspace.store, "events")?.status).toBe("partial");

    broken = false;
    t.raw.asked.length = 0;
    const resumed = await t.fetch({ mode: "resume", from_date: undefined, to_date: undefined });
    expect(resumed).toMatchObject({ status: "completed", rows: expected("2026-01-02"), days: { done: 1, total: 1 } });
    expect(t.raw.asked).toEqual(["2026-01-02"]);
    expect(findTable(t.workspace.store, "events")).toMatchObject({ status: "complete", missing_ranges: [] });
  });

  test("when nothing could be stored the cause is the error and no table is left", async () => {
    const t = await setup(() => ({ kind: "halfLine" }));
    expect((await t.fault({ from_date: "2026-01-01", to_date: "2026-01-01" })).code).toBe("UPSTREAM_TRUNCATED");
    expect(listTables(t.workspace.store)).toEqual([]);
    expect(t.workspace.jobs.list()).toMatchObject([
      { status: "failed", error: expect.stringContaining("UPSTREAM_TRUNCATED") },
    ]);
  });

  test("errors that doom every day end the job at once", async () => {
    const cases: [Fault, string][] = [
      [{ kind: "status", status: 401, body: '{"error":"nope"}' }, "AUTH_FAILED"],
      [{ kind: "status", status: 403, body: '{"error":"Permission denied"}' }, "PERMISSION_DENIED"],
      [{ kind: "status", status: 402, body: '{"error":"Your plan does not allow API calls."}' }, "PLAN_LIMIT"],
      [{ kind: "status", status: 429, headers: { "Retry-After": "3600" }, body: "{}" }, "RATE_LIMITED"],
    ];
    for (const [fault, code] of cases) {
      const t = await setup(() => fault);
      expect((await t.fault({ from_date: "2026-01-01", to_date: "2026-01-05" })).code).toBe(code as never);
      expect(t.raw.asked.length).toBeLessThanOrEqual(3);
      expect(listTables(t.workspace.store)).toEqual([]);
    }
  });

  test("a refused filter says so", async () => {
    const t = await setup(() => ({ kind: "status", status: 400 }));
    const fault = await t.fault({ ...THREE, where: 'properties["a"] == 1' });
    expect(fault.code).toBe("QUERY_INVALID");
    expect(`${fault.message} ${fault.suggestions.join(" ")}`).toContain("check the where expression");
  });
});

describe("append and resume", () => {
  test("append adds days; stored days are replaced, and the reply says which", async () => {
    const t = await setup();
    await t.fetch(THREE);
    const more = await t.fetch({ mode: "append", from_date: "2026-01-03", to_date: "2026-01-05" });
    expect(more.status).toBe("completed");
    expect(more.warnings.join(" ")).toContain("2026-01-03");
    expect(t.value("SELECT count(*) FROM events")).toBe(5 * expected("2026-01-01"));
    expect(findTable(t.workspace.store, "events")).toMatchObject({ from_date: "2026-01-01", to_date: "2026-01-05" });
  });

  test("append keeps the table's filters and refuses others by name", async () => {
    const t = await setup();
    await t.fetch({ ...THREE, events: ["View"] });
    const fault = await t.fault({ mode: "append", from_date: "2026-01-04", to_date: "2026-01-04", events: ["Buy"] });
    expect(fault.code).toBe("INVALID_ARGUMENT");
    expect(fault.message).toContain('events ["View"]');
    const job = await t.fetch({ mode: "append", from_date: "2026-01-04", to_date: "2026-01-04" });
    expect(job.status).toBe("completed");
  });

  test("a failed append leaves the table as it was", async () => {
    let broken = false;
    const t = await setup(() => (broken ? { kind: "html" } : { kind: "none" }));
    await t.fetch(THREE);
    const before = findTable(t.workspace.store, "events");
    broken = true;
    await t.fault({ mode: "append", from_date: "2026-01-04", to_date: "2026-01-04" });
    expect(findTable(t.workspace.store, "events")).toMatchObject({
      status: "complete",
      to_date: "2026-01-03",
      row_count: before?.row_count,
    });
  });

  test("nothing missing: resume sends nothing", async () => {
    const t = await setup();
    await t.fetch(THREE);
    t.raw.asked.length = 0;
    expect(await t.fetch({ mode: "resume" })).toMatchObject({ status: "completed", days: { done: 0, total: 0 } });
    expect(t.raw.asked).toEqual([]);
  });
});

describe("jobs", () => {
  test("a call returns when its time is up; the job goes on and can be waited for", async () => {
    const t = await setup(() => ({ kind: "none" }), { delayMs: 400 });
    const job = await t.fetch({ ...THREE, wait_seconds: 0 });
    expect(job.status).toBe("running");
    expect(job.job_id).toMatch(/^job_[0-9a-f]{40}$/);
    expect(job.next).toContain(job.job_id);
    const notes: string[] = [];
    const ended = await t.workspace.jobs.wait(job.job_id, 30, {
      signal: new AbortController().signal,
      progress: (_done, _total, note) => notes.push(note),
    });
    expect(ended).toMatchObject({ status: "completed", days: { done: 3, total: 3 } });
    expect(notes.at(-1)).toContain("3 of 3 days");
  });

  test("a second fetch into the same table is told who writes", async () => {
    const t = await setup(() => ({ kind: "none" }), { delayMs: 1_000 });
    const job = await t.fetch({ ...THREE, wait_seconds: 0 });
    const fault = await t.fault({ ...THREE, mode: "append" });
    expect(fault.code).toBe("STORE_BUSY");
    expect(fault.message).toContain(job.job_id);
    expect(fault.message).toContain(String(process.pid));
    await t.workspace.jobs.cancel(job.job_id);
  });

  test("cancel closes the connections, keeps finished days and drops the unfinished one", async () => {
    const t = await setup((days) => (days === "2026-01-01" ? { kind: "none" } : { kind: "stall", at: 0.5 }));
    const job = await t.fetch({ ...THREE, wait_seconds: 0, parallel: true });
    while (t.workspace.jobs.get(job.job_id).days?.done !== 1) await Bun.sleep(20);
    const cancelled = await t.workspace.jobs.cancel(job.job_id);
    expect(cancelled).toMatchObject({ status: "cancelled", days: { done: 1, total: 3 } });
    expect(cancelled.missing_ranges).toMatchObject([{ from_date: "2026-01-02", to_date: "2026-01-03" }]);
    for (let i = 0; i < 50 && t.raw.open() > 0; i++) await Bun.sleep(20);
    expect(t.raw.open()).toBe(0);
    expect(findTable(t.workspace.store, "events")?.status).toBe("partial");
    expect(t.value("SELECT count(*) FROM events")).toBe(expected("2026-01-01"));
    expect(existsSync(join(t.workspace.store.spoolDir)) && readdirSync(t.workspace.store.spoolDir)).toEqual([]);
  });

  test("a call that is cancelled while it waits takes its job with it", async () => {
    const t = await setup(() => ({ kind: "stall", at: 0.5 }));
    const controller = new AbortController();
    const call = t.fetch(THREE, controller.signal).catch((error: unknown) => error);
    while (t.raw.open() === 0) await Bun.sleep(10);
    controller.abort();
    expect(await call).toMatchObject({ code: "CANCELLED" });
    expect(t.workspace.jobs.list()).toMatchObject([{ status: "cancelled" }]);
    expect(listTables(t.workspace.store)).toEqual([]);
    for (let i = 0; i < 50 && t.raw.open() > 0; i++) await Bun.sleep(20);
    expect(t.raw.open()).toBe(0);
  });

  test("closing the workspace interrupts; another one sees it and resumes", async () => {
    const raw = await startRawExport({
      eventsPerDay: 200,
      fault: (days, nth) => (days === "2026-01-02" && nth === 0 ? { kind: "stall", at: 0.5 } : { kind: "none" }),
    });
    open.push(raw);
    const first = await openFetchWorkspace({ url: raw.url });
    const job = await first.fetch({ ...THREE, wait_seconds: 0 });
    while (first.workspace.jobs.get(job.job_id).days?.done !== 1) await Bun.sleep(20);
    await first.workspace.close();
    raw.asked.length = 0;
    const second = await openFetchWorkspace({ url: raw.url, dataDir: first.dataDir });
    open.push(second);
    expect(second.workspace.jobs.list()).toMatchObject([{ job_id: job.job_id, status: "interrupted" }]);
    expect(findTable(second.workspace.store, "events")).toMatchObject({
      status: "partial",
      missing_ranges: [{ from_date: "2026-01-02", to_date: "2026-01-03" }],
    });
    expect(await second.fetch({ mode: "resume" })).toMatchObject({ status: "completed" });
    expect(raw.asked.toSorted()).toEqual(["2026-01-02", "2026-01-03"]);
    expect(second.value("SELECT count(*) FROM events")).toBe(expected(...DAYS));
  });

  test("an unknown job is JOB_NOT_FOUND", async () => {
    const t = await setup();
    expect(() => t.workspace.jobs.get("job_x")).toThrow("There is no job");
  });
});

describe("days that share a request", () => {
  const RANGE = { from_date: "2026-01-01", to_date: "2026-01-30" };
  const all = Array.from({ length: 30 }, (_, i) => `2026-01-${String(i + 1).padStart(2, "0")}`);

  test("quiet days are grouped once a few have come, and every day is there", async () => {
    const t = await setup();
    expect(await t.fetch(RANGE)).toMatchObject({ status: "completed", days: { done: 30, total: 30 } });
    expect(t.raw.asked.length).toBeLessThan(12);
    expect(t.value("SELECT count(DISTINCT date(event_time)) FROM events")).toBe(30);
    expect(t.value("SELECT count(*) FROM events")).toBe(expected(...all));
  });

  test("a broken day is found by halves: only it is missing, the days around it are stored", async () => {
    const t = await setup((days) => {
      const [from = "", to = from] = days.split("..");
      return from <= "2026-01-20" && "2026-01-20" <= to ? { kind: "gzipCut", at: 0.9 } : { kind: "none" };
    });
    const job = await t.fetch({ ...RANGE, workers: 8, wait_seconds: 45 });
    expect(job).toMatchObject({ status: "partial", days: { done: 29, total: 30 } });
    expect(job.missing_ranges).toMatchObject([{ from_date: "2026-01-20", to_date: "2026-01-20" }]);
    expect(t.value("SELECT count(*) FROM events")).toBe(expected(...all.filter((day) => day !== "2026-01-20")));
  }, 60_000);
});
