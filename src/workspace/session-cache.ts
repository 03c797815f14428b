/** Answers kept for a while within one session; concurrent identical questions share one request. */
import { Fault } from "../fault.ts";

export type Look = {
  /** Ask again although a fresh answer is kept. */
  refresh?: boolean;
  signal?: AbortSignal;
};

export type SessionCache = {
  /** `ask` gets a signal of its own: it is aborted only when nobody waits any more. Failures are not kept. */
  get<T>(key: string, look: Look, ask: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The last answer, however old, without asking. */
  peek<T>(key: string): T | undefined;
};

type Kept = { value: unknown; until: number };
type Running = { answer: Promise<unknown>; waiting: number; abort: AbortController };

const MOST_KEPT = 500;

export function createSessionCache(keepMs: number, now: () => number = Date.now): SessionCache {
  const kept = new Map<string, Kept>();
  const running = new Map<string, Running>();

  const begin = (key: string, ask: (signal: AbortSignal) => Promise<unknown>): Running => {
    const abort = new AbortController();
    const answer = ask(abort.signal)
      .then((value) => {
        kept.delete(key);
        kept.set(key, { value, until: now() + keepMs });
        const oldest = kept.keys().next().value;
        if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
        return value;
      })
      .finally(() => {
        if (running.get(key)?.abort === abort) running.delete(key);
      });
    const started: Running = { answer, waiting: 0, abort };
    running.set(key, started);
    return started;
  };

  return {
    async get<T>(key: string, look: Look, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
      const known = kept.get(key);
      if (known !== undefined && known.until > now() && !look.refresh) return known.value as T;
      return (await join(running.get(key) ?? begin(key, ask), look.signal, () => running.delete(key))) as T;
    },
    peek: <T>(key: string) => kept.get(key)?.value as T | undefined,
  };
}

/** Waits for a shared answer; who is cancelled leaves alone, and the last one to leave ends the request. */
function join(shared: Running, signal: AbortSignal | undefined, forget: () => void): Promise<unknown> {
  shared.waiting++;
  return new Promise((resolve, reject) => {
    const leave = () => {
      shared.waiting--;
      if (shared.waiting === 0) {
        forget();
        shared.abort.abort();
      }
      reject(signal?.reason instanceof Fault ? signal.reason : new Fault("CANCELLED", "The call was cancelled."));
    };
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    const done = () => signal?.removeEventListener("abort", leave);
    shared.answer.then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}
