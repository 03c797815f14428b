import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ sample: { quota: "unlimited" } });
});
afterAll(() => t.close());

test("no jobs yet", async () => {
  const reply = await t.call("fetch_status");
  expect(reply.structured["jobs"]).toEqual([]);
  expect(reply.text).toContain("No fetch jobs yet");
});

test("waits for a running job and shows its outcome; lists all without an id", async () => {
  const started = await t.call("fetch_events", { from_date: "4 days ago", to_date: "3 days ago", wait_seconds: 0 });
  const { job_id } = started.structured;
  const ended = await t.call("fetch_status", { job_id, wait_seconds: 30 });
  const [job] = ended.structured["jobs"] as Record<string, unknown>[];
  expect(job).toMatchObject({ job_id, status: "completed", days: { done: 2, total: 2 }, seconds_left: null });
  expect(job?.["rows_per_second"]).toBeGreaterThan(0);
  await t.call("fetch_profiles", { wait_seconds: 30 });
  const { jobs } = (await t.call("fetch_status")).structured as { jobs: { table: string }[] };
  expect(jobs.map((one) => one.table)).toEqual(["profiles", "events"]);
});

test("an unknown job is JOB_NOT_FOUND, and the next step is named", async () => {
  const { error } = await t.call("fetch_status", { job_id: "job_0" });
  expect(error?.code).toBe("JOB_NOT_FOUND");
  expect(error?.suggestions.join(" ")).toContain("fetch_status");
});

test("giving up the wait does not touch the job", async () => {
  const started = await t.call("fetch_events", {
    from_date: "8 days ago",
    to_date: "3 days ago",
    table: "slow",
    wait_seconds: 0,
  });
  const { job_id } = started.structured;
  const controller = new AbortController();
  const call = t
    .call("fetch_status", { job_id, wait_seconds: 30 }, { signal: controller.signal })
    .catch(() => undefined);
  await Bun.sleep(50);
  controller.abort();
  await call;
  const ended = await t.call("fetch_status", { job_id, wait_seconds: 30 });
  expect(ended.structured["jobs"]).toMatchObject([{ status: "completed" }]);
});
