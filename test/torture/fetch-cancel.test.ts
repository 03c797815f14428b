/** Calls cancelled at random moments: the connection is closed within a second, and the next call is as good as the first. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, type Harness } from "../harness.ts";
import { dayLines, type RawExport, startRawExport } from "../raw-export.ts";

const ROUNDS = 60;
const EVENTS = 3_000;

let raw: RawExport;
let t: Harness;
let whole = false;
beforeAll(async () => {
  raw = await startRawExport({
    eventsPerDay: EVENTS,
    fault: (days) => (whole || days.endsWith("01") ? { kind: "none" } : { kind: "stall", at: Math.random() }),
  });
  t = await connect({ apiUrl: raw.url });
});
afterAll(async () => {
  await t.close();
  await raw.close();
});

test("cancelled at a random moment, again and again", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const controller = new AbortController();
    const range = { from_date: "2026-01-01", to_date: "2026-01-03" };
    const exists = t.workspace.store.db().query("SELECT count(*) AS n FROM _mp_table").get() as { n: number };
    const args = exists.n > 0 ? { mode: "resume" } : range;
    const call = t.call("fetch_events", args, { signal: controller.signal }).then(
      (reply) => reply.error?.code ?? "done",
      () => "cancelled",
    );
    const early = await Promise.race([call, Bun.sleep(Math.random() * 700)]);
    expect(early).toBeUndefined();
    controller.abort();
    expect(await call).toBe("cancelled");
    for (let waited = 0; raw.open() > 0 && waited < 1_000; waited += 20) await Bun.sleep(20);
    expect(raw.open()).toBe(0);
  }
  whole = true;
  const last = await t.call("fetch_events", { mode: "resume" });
  expect(last.structured).toMatchObject({ status: "completed", missing_ranges: [] });
  const count = t.workspace.store.db().query("SELECT count(*) AS n FROM events").get();
  expect(count).toEqual({ n: 3 * new Set(dayLines("2026-01-01", EVENTS)).size });
  expect(readdirSync(t.workspace.store.spoolDir)).toEqual([]);
  const statuses = new Set(t.workspace.jobs.list().map((job) => job.status));
  expect([...statuses].toSorted()).toEqual(["cancelled", "completed"]);
}, 120_000);
