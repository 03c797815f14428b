/** What a job waits for: Mixpanel's hourly quota when there is something to lose, and its turn at the store. */
import { Fault } from "../fault.ts";
import type { JobControl } from "./jobs.ts";
import { pause } from "./pause.ts";

/** The quota's window is an hour: whoever waited longer is not waiting for the quota. */
const LONGEST_WAIT_MS = 65 * 60_000;
const LOOK_AGAIN_MS = 1_000;
/** Refused again after a wait: the next waits are at least this and twice as long each time, whatever Mixpanel says. */
const REFUSED_AGAIN_MS = 30_000;
const LONGEST_PAUSE_MS = 15 * 60_000;

export type QuotaWait = {
  job: JobControl;
  /** Whether something of this job is stored already: then a long wait is better than an error. */
  stored(): boolean;
  /** Whether other requests of the job are under way that may store something yet. */
  others(): boolean;
};

/**
 * Calls `start` until it is not refused for the quota. The client has slept short waits itself and refuses long ones with
 * the time of the next slot. Throws RATE_LIMITED when nothing is stored yet, or the hour is over and it is still refused.
 */
export async function patiently<T>(start: () => Promise<T>, wait: QuotaWait): Promise<T> {
  const { job } = wait;
  const since = Date.now();
  for (let refused = 0; ; refused++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "RATE_LIMITED") throw error;
      while (!wait.stored() && wait.others()) await pause(LOOK_AGAIN_MS, job.signal);
      const waitMs = Math.max(Math.max(1, error.retryAfterSeconds ?? 60) * 1000, atLeast(refused));
      if (!wait.stored() || Date.now() - since + waitMs > LONGEST_WAIT_MS) throw error;
      await waitWithNote(waitMs, job);
    }
  }
}

function atLeast(refused: number): number {
  return refused === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, REFUSED_AGAIN_MS * 2 ** (refused - 1));
}

async function waitWithNote(waitMs: number, job: JobControl): Promise<void> {
  const until = `${new Date(Date.now() + waitMs).toISOString().slice(0, 19)}Z`;
  const note = `Waiting for Mixpanel's hourly quota until ${until}; what is stored can be queried meanwhile.`;
  job.progress.note = note;
  const pausedUntil = Date.now() + waitMs;
  job.progress.pausedUntil = pausedUntil;
  try {
    await pause(waitMs, job.signal);
  } finally {
    if (job.progress.note === note) job.progress.note = undefined;
    if (job.progress.pausedUntil === pausedUntil) job.progress.pausedUntil = undefined;
  }
}

/** Another process may be storing a very large day; what is downloaded is not given up for that. */
const LONGEST_TURN_MS = 10 * 60_000;

/** Repeats `store` while another process holds the store. A writer that died under it is no reason to wait. */
export async function whenFree<T>(store: () => Promise<T>, job: JobControl): Promise<T> {
  const until = Date.now() + LONGEST_TURN_MS;
  for (;;) {
    try {
      return await store();
    } catch (error) {
      const busy = error instanceof Fault && error.code === "STORE_BUSY" && error.details?.["writer"] === undefined;
      if (!busy || Date.now() > until) throw error;
      await pause(LOOK_AGAIN_MS, job.signal);
    }
  }
}
