import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/fault.ts";
import { newJob } from "../../../src/workspace/job-record.ts";
import type { JobControl } from "../../../src/workspace/jobs.ts";
import { patiently, whenFree } from "../../../src/workspace/quota-wait.ts";

function control(signal = new AbortController().signal): JobControl {
  const { progress, id } = newJob({
    kind: "events",
    table: "t",
    request: {},
    unit: "days",
    total: 3,
    run: async () => {},
  });
  return { id, signal, progress, stopReason: () => undefined };
}

const refused = (retryAfterSeconds: number) => new Fault("RATE_LIMITED", "used up", { retryAfterSeconds });

describe("patiently", () => {
  test("with something stored it waits as long as told, says so meanwhile, and goes on", async () => {
    const job = control();
    const notes: (string | undefined)[] = [];
    let calls = 0;
    const work = patiently(
      async () => {
        if (++calls === 1) throw refused(1);
        return "done";
      },
      { job, stored: () => true, others: () => false },
    );
    await Bun.sleep(50);
    notes.push(job.progress.note);
    expect(await work).toBe("done");
    expect(notes[0]).toContain("Waiting for Mixpanel's hourly quota until");
    expect(job.progress.note).toBeUndefined();
  });

  test("refused again after the wait, it waits longer than it is told and says until when", async () => {
    const stop = new AbortController();
    const job = control(stop.signal);
    let calls = 0;
    const start = () => {
      calls++;
      return Promise.reject(refused(1));
    };
    const work = patiently(start, { job, stored: () => true, others: () => false });
    while (calls < 2) await Bun.sleep(20);
    await Bun.sleep(20);
    expect((job.progress.pausedUntil ?? 0) - Date.now()).toBeGreaterThan(20_000);
    stop.abort(new Fault("CANCELLED", "enough"));
    await expect(work).rejects.toMatchObject({ code: "CANCELLED" });
    expect(job.progress.pausedUntil).toBeUndefined();
  });

  test("with nothing stored it says so at once, unless something may be stored yet", async () => {
    const never = { job: control(), stored: () => false, others: () => false };
    await expect(patiently(() => Promise.reject(refused(1)), never)).rejects.toMatchObject({ code: "RATE_LIMITED" });
    let stored = false;
    let calls = 0;
    const work = patiently(
      async () => {
        if (++calls === 1) throw refused(1);
        return calls;
      },
      { job: control(), stored: () => stored, others: () => !stored },
    );
    await Bun.sleep(20);
    stored = true;
    expect(await work).toBe(2);
  });

  test("a wait beyond the hour is refused, any other fault passes, a cancel ends the wait", async () => {
    const wait = (signal?: AbortSignal) => ({ job: control(signal), stored: () => true, others: () => false });
    await expect(patiently(() => Promise.reject(refused(9_999)), wait())).rejects.toMatchObject({
      code: "RATE_LIMITED",
    });
    await expect(patiently(() => Promise.reject(new Fault("AUTH_FAILED", "no")), wait())).rejects.toMatchObject({
      code: "AUTH_FAILED",
    });
    const controller = new AbortController();
    const work = patiently(() => Promise.reject(refused(600)), wait(controller.signal));
    setTimeout(() => controller.abort(new Fault("CANCELLED", "stop")), 10);
    await expect(work).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("whenFree", () => {
  test("waits for its turn at the store, not for a writer that died", async () => {
    let calls = 0;
    const busy = () => {
      if (++calls < 2) throw new Fault("STORE_BUSY", "another process writes");
      return Promise.resolve("stored");
    };
    expect(await whenFree(async () => busy(), control())).toBe("stored");
    const died = new Fault("STORE_BUSY", "died", { details: { writer: "died" } });
    await expect(whenFree(() => Promise.reject(died), control())).rejects.toBe(died);
  });
});
