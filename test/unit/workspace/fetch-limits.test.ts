import { afterEach, describe, expect, test } from "bun:test";
import { addDays } from "../../../src/mixpanel/dates.ts";
import { findTable } from "../../../src/store/tables.ts";
import { readFetchRequest } from "../../../src/workspace/fetch-request.ts";
import { openFetchWorkspace } from "../../fetch-workspace.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

type Asked = Record<string, string>;

/** An export of one event a day, so that ranges may be long; `status` may refuse a request. */
async function setup(status: (nth: number) => ResponseInit | undefined = () => undefined, perDay = 1) {
  const asked: Asked[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const url = new URL(request.url);
      if (!url.pathname.endsWith("/export")) return Response.json({ error: "no" }, { status: 404 });
      const query = Object.fromEntries(url.searchParams);
      asked.push(query);
      const refused = status(asked.length - 1);
      if (refused !== undefined) return new Response("{}", refused);
      const lines: string[] = [];
      for (let day = query["from_date"] ?? ""; day <= (query["to_date"] ?? ""); day = addDays(day, 1)) {
        for (let i = 0; i < perDay; i++) {
          const time = Date.parse(day) / 1000 + i;
          lines.push(JSON.stringify({ event: "e", properties: { time, distinct_id: "u", $insert_id: `${day}${i}` } }));
        }
      }
      return new Response(
        lines
          .slice(0, Number(query["limit"] ?? lines.length))
          .map((line) => `${line}\n`)
          .join(""),
      );
    },
  });
  open.push({ close: () => server.stop(true) });
  const fetching = await openFetchWorkspace({ url: server.url.origin });
  open.push(fetching);
  return { ...fetching, asked };
}

const today = () => new Date().toISOString().slice(0, 10);

describe("requests and the export quota", () => {
  test("with nothing left nothing is sent, and the error says when", async () => {
    const t = await setup((nth) => (nth === 0 ? { status: 429, headers: { "Retry-After": "1800" } } : undefined));
    const range = { from_date: "2026-01-01", to_date: "2026-01-01" };
    const fault = await t.fault(range);
    expect(fault.code).toBe("RATE_LIMITED");
    expect(fault.retryAfterSeconds).toBeGreaterThan(60);
    expect(findTable(t.workspace.store, "events")).toBeUndefined();
  });

  test("an estimate without the counts still says how many requests, and why it does not say more", async () => {
    const t = await setup();
    const view = await t.fetch({ from_date: "2026-01-01", to_date: "2026-03-31", estimate_only: true });
    expect(view).toMatchObject({ status: "estimated", estimate: { days: 90, rows: null, quota_left: 60 } });
    expect(view.warnings.join(" ")).toContain("The events could not be counted: NOT_FOUND");
    expect(t.asked).toEqual([]);
  });

  test("refused half-way: the job waits, says until when, and what is stored can be used", async () => {
    const t = await setup((nth) => (nth < 2 ? undefined : { status: 429, headers: { "Retry-After": "1800" } }));
    const job = await t.fetch({ from_date: "2026-01-01", to_date: "2026-01-05", wait_seconds: 45 });
    // Half an hour is longer than any call: it does not sit there until its own time is up.
    expect(job).toMatchObject({ status: "running", days: { done: 2, total: 5 } });
    expect(job.seconds).toBeLessThan(20);
    expect(job.warnings.at(-1)).toContain("Waiting for Mixpanel's hourly quota until");
    expect(t.value("SELECT count(*) FROM events")).toBe(2);
    const cancelled = await t.workspace.jobs.cancel(job.job_id);
    expect(cancelled).toMatchObject({ status: "cancelled", rows: 2 });
    expect(cancelled.missing_ranges).toMatchObject([{ from_date: "2026-01-03", to_date: "2026-01-05" }]);
  });
});

describe("limit", () => {
  test("goes to Mixpanel in one request for the whole range, and the reply says what it means", async () => {
    const t = await setup(undefined, 10);
    const job = await t.fetch({ from_date: "2026-01-01", to_date: "2026-01-20", limit: 25 });
    expect(t.asked).toMatchObject([{ from_date: "2026-01-01", to_date: "2026-01-20", limit: "25" }]);
    expect(job).toMatchObject({ status: "completed", rows: 25 });
    expect(job.warnings.join(" ")).toContain("The limit of 25 events was reached");
    expect(findTable(t.workspace.store, "events")?.filters).toEqual({ limit: 25 });
  });

  test("is counted down over several requests, and what was not asked for is missing", async () => {
    const t = await setup();
    const job = await t.fetch({ from_date: "2025-01-01", to_date: "2025-12-31", limit: 150 });
    expect(t.asked.map((query) => query["limit"])).toEqual(["150", "50"]);
    expect(job).toMatchObject({ status: "partial", rows: 150 });
    expect(job.missing_ranges[0]?.reason).toContain("limit of 150 events");
  });

  test("without reaching it nothing is said", async () => {
    const t = await setup();
    const job = await t.fetch({ from_date: "2026-01-01", to_date: "2026-01-03", limit: 100 });
    expect(job).toMatchObject({ status: "completed", rows: 3, warnings: [] });
  });
});

describe("today", () => {
  test("a range into the future ends today, warned; today is a request of its own", async () => {
    const t = await setup();
    const job = await t.fetch({ from_date: addDays(today(), -2), to_date: addDays(today(), 3) });
    expect(job).toMatchObject({ status: "completed", days: { done: 3, total: 3 } });
    expect(job.warnings.join(" ")).toContain("in the future");
    expect(job.warnings.join(" ")).toContain("is not over");
    expect(t.asked.at(-1)).toMatchObject({ from_date: today(), to_date: today() });
  });

  test("words are resolved and echoed", async () => {
    const t = await setup();
    const job = await t.fetch({ from_date: "3 days ago", to_date: "2 days ago" });
    expect(job.warnings).toContain(`Days: ${addDays(today(), -3)} to ${addDays(today(), -2)}.`);
  });

  test("a resume right after does not ask for today again", async () => {
    const t = await setup();
    await t.fetch({ from_date: addDays(today(), -1), to_date: today() });
    t.asked.length = 0;
    expect(await t.fetch({ mode: "resume" })).toMatchObject({ status: "completed" });
    expect(t.asked).toEqual([]);
  });

  test("a resume an hour later, or when the day is over, does, and replaces it", async () => {
    const t = await setup();
    await t.fetch({ from_date: addDays(today(), -1), to_date: today() });
    const args = { table: "events", mode: "resume", workers: 4, estimate_only: false, wait_seconds: 0 } as const;
    const replaced = (now: number, day: string) => readFetchRequest(t.workspace.store, args, day, now).replaced;
    const hour = 3_600_000;
    expect(replaced(Date.now() + hour / 2, today())).toEqual([]);
    expect(replaced(Date.now() + 2 * hour, today())).toEqual([{ fromDate: today(), toDate: today() }]);
    expect(replaced(Date.now() + hour / 2, addDays(today(), 1))).toEqual([{ fromDate: today(), toDate: today() }]);
  });
});

test("an empty answer is an empty table with a hint", async () => {
  const t = await setup(undefined, 0);
  const job = await t.fetch({ from_date: "2026-01-01", to_date: "2026-01-02", events: ["Nope"] });
  expect(job).toMatchObject({ status: "completed", rows: 0 });
  expect(job.warnings.join(" ")).toContain("case-sensitive");
});
