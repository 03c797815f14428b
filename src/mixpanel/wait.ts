/** Sleeping and queueing that end at once when the call is aborted. */
import { abortFault } from "./network.ts";

/** Throws the abort's Fault when `signal` aborts first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortFault(signal));
    const aborted = () => {
      clearTimeout(timer);
      if (signal !== undefined) reject(abortFault(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

/** First come, first served: `take` answers when it is the caller's turn, with the way to leave. */
export type Queue = { take(signal?: AbortSignal): Promise<() => void> };

/** At most one holder at a time. */
export function createQueue(): Queue {
  const waiting: (() => void)[] = [];
  let held = false;
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) held = false;
    else next();
  };
  const once = () => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };
  return {
    async take(signal) {
      if (signal?.aborted) throw abortFault(signal);
      if (!held) {
        held = true;
        return once();
      }
      await new Promise<void>((resolve, reject) => {
        const turn = () => {
          signal?.removeEventListener("abort", aborted);
          resolve();
        };
        const aborted = () => {
          waiting.splice(waiting.indexOf(turn), 1);
          if (signal !== undefined) reject(abortFault(signal));
        };
        waiting.push(turn);
        signal?.addEventListener("abort", aborted, { once: true });
      });
      return once();
    },
  };
}
