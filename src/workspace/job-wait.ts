/** Waiting for a job, with a notice every second; the job does not care who waits. */

import type { Running } from "./job-record.ts";
import type { JobView } from "./job-view.ts";

export type WaitContext = {
  signal: AbortSignal;
  progress(done: number, total: number | undefined, note: string): void;
};

/**
 * Resolves true when the call was given up meanwhile. With `untilPaused` it does not sit out a wait for the quota that is
 * longer than the caller's patience: nothing would happen before its end.
 */
export async function waitFor(
  job: Running,
  waitMs: number,
  context: WaitContext,
  view: () => JobView,
  untilPaused = false,
): Promise<boolean> {
  const until = Date.now() + waitMs;
  let last = -1;
  const report = () => {
    const { done, total, note } = progressOf(job, view());
    // The protocol wants every notice larger than the one before, also while one long day is being stored.
    last = Math.max(done, last + 0.001);
    context.progress(last, total, note);
    if (untilPaused && (job.progress.pausedUntil ?? 0) > until) paused.resolve("paused");
  };
  const paused = Promise.withResolvers<"paused">();
  const ticker = setInterval(report, 1_000);
  const aborted = Promise.withResolvers<"aborted">();
  const onAbort = () => aborted.resolve("aborted");
  if (context.signal.aborted) onAbort();
  else context.signal.addEventListener("abort", onAbort, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<"time">((resolve) => {
    timer = setTimeout(() => resolve("time"), waitMs);
  });
  try {
    const ended = await Promise.race([job.done.then(() => "done" as const), timeUp, paused.promise, aborted.promise]);
    if (ended === "done") report();
    return ended === "aborted";
  } finally {
    clearInterval(ticker);
    clearTimeout(timer);
    context.signal.removeEventListener("abort", onAbort);
  }
}

function progressOf(job: Running, view: JobView): { done: number; total: number | undefined; note: string } {
  const { unit, done, total, rows, note } = job.progress;
  const parts = [`${done}${total > 0 ? ` of ${total}` : ""} ${unit}`, `${rows.toLocaleString("en-US")} rows`];
  if (view.rows_per_second !== null) parts.push(`${view.rows_per_second.toLocaleString("en-US")} rows/s`);
  if (view.seconds_left !== null) parts.push(`about ${view.seconds_left} s left`);
  if (note !== undefined) parts.push(note);
  return { done, total: total > 0 ? total : undefined, note: parts.join(", ") };
}
