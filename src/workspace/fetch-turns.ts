/** When the next chunk of a fetch is taken from its queue: as late as it can be asked for, because what is waiting may yet be merged. */
import { EXPORT_PER_SECOND } from "../limits.ts";
import { EXPORT_SECOND_MS } from "../mixpanel/quota.ts";
import { pause } from "./pause.ts";

/** A first chunk that has not come by then is not waited for: Mixpanel's export may take seconds before its first byte. */
const MEASURE_MS = 600;

export type FetchTurns = {
  /** Resolves when the next chunk may be asked for, or the signal is aborted. */
  next(): Promise<void>;
  /** A chunk has come: it is known how much a day holds. */
  measured(): void;
};

/** `measure`: nobody knows how much a day holds. Then the first chunk goes alone, and the others have the right size sooner. */
export function createTurns(measure: boolean, signal: AbortSignal): FetchTurns {
  const taken: number[] = [];
  let measured = () => {};
  const isMeasured = measure ? new Promise<void>((resolve) => (measured = resolve)) : Promise.resolve();
  const wait = (ms: number) => pause(ms, signal).catch(() => undefined);
  return {
    measured: () => measured(),
    async next() {
      if (taken.length > 0) await Promise.race([isMeasured, wait(MEASURE_MS)]);
      for (;;) {
        const now = Date.now();
        const third = taken.at(-EXPORT_PER_SECOND);
        const ms = third === undefined ? 0 : third + EXPORT_SECOND_MS - now;
        if (ms <= 0 || signal.aborted) {
          taken.push(now);
          return;
        }
        await wait(ms);
      }
    },
  };
}
