/** A 429 (or the same in other clothes) as a RATE_LIMITED fault that always says when to come back. */
import { Fault } from "../fault.ts";
import type { Asked } from "./errors.ts";
import { type Tripped, trippedLimit } from "./ratelimit-headers.ts";
import { retryAfterMs } from "./retry.ts";

export type Refusal = { limit: Tripped["limit"] | "unknown"; retryAfterMs?: number };

/** Which limit a 429 is about and how long it asks to wait; headers first, then the counts in the text. */
export function refusal(headers: Headers, text: string, now: number): Refusal {
  const tripped = trippedLimit(headers);
  const seconds = tripped?.seconds === undefined || tripped.seconds === 0 ? undefined : tripped.seconds * 1_000;
  return {
    limit: tripped?.limit ?? limitOfText(text),
    retryAfterMs: retryAfterMs(headers.get("Retry-After"), now) ?? seconds,
  };
}

const HOURLY = /(\d{1,6})\/(\d{1,6}) queries running in the last hour/i;

/** The hourly limit as a 429's text names it, for answers without headers. */
export function limitNamed(text: string): number | undefined {
  const limit = Number(HOURLY.exec(text)?.[2] ?? 0);
  return limit > 0 ? limit : undefined;
}

/** `(61/60 queries running in the last hour)`, `(6/5 queries running concurrently)`, or both in one sentence. */
function limitOfText(text: string): Refusal["limit"] {
  const over = (pattern: RegExp) => {
    const match = pattern.exec(text);
    return match !== null && Number(match[1]) >= Number(match[2]);
  };
  if (over(HOURLY)) return "hour";
  if (over(/(\d{1,6})\/(\d{1,6}) queries running concurrently/i) || /concurrency limit|in progress/i.test(text))
    return "concurrency";
  return /hour/i.test(text) ? "hour" : "unknown";
}

const clock = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`;

function inWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** What still works while one pool is used up. */
function meanwhile(asked: Pick<Asked, "family">): string {
  if (asked.family === "app") return "Meanwhile live queries and `sql` on tables already fetched still work.";
  return asked.family === "export"
    ? "Meanwhile live queries (segmentation, funnel, ...) and `sql` on tables already fetched still work."
    : "Meanwhile `sql` on fetched tables, `fetch_events` (its own quota), list_bookmarks, list_annotations and lexicon_schemas still work.";
}

const BUSY = "it is limiting requests at the moment";
const WHICH: Record<Asked["family"], Record<Refusal["limit"], string>> = {
  query: {
    hour: "the hourly query quota of the project is used up",
    concurrency: "too many queries of the project are running at once",
    unknown: BUSY,
  },
  export: { hour: "the hourly export quota is used up", concurrency: "too many exports are running", unknown: BUSY },
  app: { hour: "its hourly limit is reached", concurrency: "too many requests are running at once", unknown: BUSY },
};

/** Mixpanel itself refused. `waitMs` comes from its headers, else from the ledger, else it is a minute. */
export function rateLimited(asked: Asked, limit: Refusal["limit"], words: string, waitMs: number, now: number): Fault {
  const which = WHICH[asked.family][limit];
  const said = words === "" ? "" : `: "${words}"`;
  return limited(`Mixpanel refused the request (${asked.endpoint}): ${which}${said}`, asked, waitMs, now, {
    limit,
    by: "mixpanel",
  });
}

/** Our own count says that the request would be refused; nothing was sent. */
export function outOfQuota(
  asked: Pick<Asked, "family">,
  used: number,
  limit: number,
  waitMs: number,
  now: number,
): Fault {
  const kind = asked.family === "export" ? "exports" : "queries";
  const message = `${used} of ${limit} ${kind} of the last hour are used (all copies of this server together); the next slot opens at ${clock(now + waitMs)}, in ${inWords(waitMs)}.`;
  return limited(message, asked, waitMs, now, { used, limit, by: "ledger" });
}

/** All places at once are taken and none came free in time. */
export function allBusy(asked: Pick<Asked, "family">, atOnce: number, now: number): Fault {
  return limited(`${atOnce} queries are running already, and none ended in time to start another.`, asked, 5_000, now, {
    concurrent: atOnce,
    by: "ledger",
  });
}

function limited(
  message: string,
  asked: Pick<Asked, "family">,
  waitMs: number,
  now: number,
  details: Record<string, unknown>,
): Fault {
  return new Fault("RATE_LIMITED", message, {
    suggestions: [`Try again at ${clock(now + waitMs)} (in ${inWords(waitMs)}).`, meanwhile(asked)],
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
    details,
  });
}
