/** When to try again, as pure functions of what went wrong and of the time left. All calls are reads, so all may be repeated. */
import { MAX_ATTEMPTS, QUOTA_WAIT_MS } from "../limits.ts";

export type NetworkReason = "refused" | "dns" | "tls" | "reset" | "timeout";
export type Trouble =
  | { kind: "status"; status: number; retryAfterMs?: number; hourly?: boolean }
  | { kind: "network"; reason: NetworkReason };

/** `attempt` counts the failed tries so far, from 1; `waitedMs` is what this call has slept already. */
export type Progress = { attempt: number; waitedMs: number; remainingMs: number };

/** A try that starts with less time than this would only fail again. */
const SHORTEST_TRY_MS = 1_000;
/** All waits for a server in trouble together: whoever waits for an answer is told soon that there is none. */
const TROUBLE_WAIT_MS = 13_000;
const LONGEST_RETRY_AFTER_MS = 86_400_000;

/**
 * Milliseconds to wait before the next try, or undefined to give up. `jitter` is a random number from 0 to 1: up to 10%
 * is added, so that several copies do not return at the same moment.
 */
export function retryWait(trouble: Trouble, progress: Progress, jitter: number): number | undefined {
  if (progress.attempt >= attemptsFor(trouble)) return undefined;
  const asked = askedWait(trouble, progress);
  if (asked === undefined) return undefined;
  const wait = Math.round(asked * (1 + jitter / 10));
  return wait + SHORTEST_TRY_MS > progress.remainingMs ? undefined : wait;
}

function attemptsFor(trouble: Trouble): number {
  if (trouble.kind === "network") {
    // A refused connection or an unknown host answers at once and rarely heals within a call; a bad certificate never does.
    if (trouble.reason === "tls") return 1;
    return trouble.reason === "refused" || trouble.reason === "dns" ? 3 : MAX_ATTEMPTS;
  }
  if (trouble.status === 500) return 2;
  return isTemporary(trouble.status) ? MAX_ATTEMPTS : 1;
}

/** 429, 408 and what gateways answer in the place of a server that is away (520 to 524 and 530 are Cloudflare's). */
function isTemporary(status: number): boolean {
  return [408, 429, 502, 503, 504, 520, 521, 522, 523, 524, 530].includes(status);
}

function askedWait(trouble: Trouble, { attempt, waitedMs }: Progress): number | undefined {
  const backoff = 1_000 * 2 ** (attempt - 1);
  if (trouble.kind === "network") {
    return trouble.reason === "refused" || trouble.reason === "dns" ? 300 * attempt : backoff;
  }
  if (trouble.status !== 429) return Math.max(backoff, within(TROUBLE_WAIT_MS, trouble.retryAfterMs, waitedMs) ?? 0);
  // An hour that is used up without a time to return: no short wait helps.
  if (trouble.retryAfterMs === undefined) return trouble.hourly ? undefined : within(QUOTA_WAIT_MS, backoff, waitedMs);
  return within(QUOTA_WAIT_MS, trouble.retryAfterMs, waitedMs);
}

/** The wait, unless all waits of the call would then add up to more than `most`. */
function within(most: number, wait: number | undefined, waitedMs: number): number | undefined {
  return wait !== undefined && waitedMs + wait <= most ? wait : undefined;
}

/**
 * A `Retry-After` header in milliseconds from `now`: seconds or an HTTP date. Undefined for what is absent, unreadable,
 * zero or in the past; never more than a day.
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const seconds = /^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) * 1_000 : undefined;
  const wait = seconds ?? (/[a-z]{3}/i.test(text) ? Date.parse(text) - now : Number.NaN);
  return wait > 0 ? Math.min(Math.ceil(wait), LONGEST_RETRY_AFTER_MS) : undefined;
}
