import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ sample: { quota: "unlimited" } });
});
afterAll(() => t.close());

test("stops a running job, keeps finished days, and resume goes on from there", async () => {
  const started = await t.call("fetch_events", { from_date: "20 days ago", to_date: "3 days ago", wait_seconds: 0 });
  const { job_id } = started.structured;
  const daysDone = async () => {
    const { jobs } = (await t.call("fetch_status", { job_id })).structured as { jobs: { days: { done: number } }[] };
    return jobs[0]?.days.done ?? 0;
  };
  while ((await daysDone()) === 0) await Bun.sleep(20);
  const cancelled = (await t.call("fetch_cancel", { job_id })).structured;
  expect(cancelled).toMatchObject({ job_id, status: "cancelled", table: "events" });
  const { done, total } = cancelled["days"] as { done: number; total: number };
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(total);
  expect(cancelled["missing_ranges"]).not.toEqual([]);
  expect(cancelled["next"]).toContain("resume");
  const { tables } = (await t.call("list_tables")).structured as { tables: { status: string }[] };
  expect(tables[0]?.status).toBe("partial");
  const resumed = (await t.call("fetch_events", { mode: "resume" })).structured;
  expect(resumed).toMatchObject({ status: "completed", days: { done: total - done, total: total - done } });
}, 30_000);

test("cancelling what has ended changes nothing", async () => {
  const { jobs } = (await t.call("fetch_status")).structured as { jobs: { job_id: string; status: string }[] };
  const ended = jobs.find((job) => job.status === "completed");
  const again = await t.call("fetch_cancel", { job_id: ended?.job_id });
  expect(again.structured["status"]).toBe("completed");
});

test("an unknown job is JOB_NOT_FOUND", async () => {
  expect((await t.call("fetch_cancel", { job_id: "job_0" })).error?.code).toBe("JOB_NOT_FOUND");
});
