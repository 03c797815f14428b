/** One answer of Mixpanel's -> a value, or the Fault to throw with what the retry rules need to know. */
import { Fault } from "../fault.ts";
import { MAX_REPLY_BYTES } from "../limits.ts";
import type { Secret } from "../secret.ts";
import type { Call, Region } from "./api.ts";
import { readErrorText, readText } from "./body.ts";
import { errorText } from "./error-text.ts";
import { type Asked, insideFault, isRateLimit, statusFault } from "./errors.ts";
import { abortFault, networkFault } from "./network.ts";
import type { Ticket } from "./pacer.ts";
import type { Ledger, Pool } from "./quota.ts";
import type { Quote } from "./quote.ts";
import { limitNamed, type Refusal, rateLimited, refusal } from "./rate-limit.ts";
import { errorInside, fitted, parseJson, unreadable } from "./reply.ts";
import type { AnyCall } from "./request.ts";
import { retryAfterMs, type Trouble } from "./retry.ts";

export type Connection = {
  username: string;
  secret: Secret;
  projectId: string;
  region: Region;
  workspaceId?: number;
};

/** What the reading of an answer needs to know of the client. */
export type Site = { connection: Connection; ledger: Ledger; quote: Quote; now: () => number };

/** A try that failed: what to throw if it is the last, and what the retry rules need to know (nothing: never retried). */
export type Failure = { fault: Fault; trouble?: Trouble };
export type Outcome<T> = { value: T } | Failure;

/** The connection of one try. */
export type Connected = {
  /** Closes the socket. */
  abort(): void;
  /** Tells our own abort from the caller's. */
  timedOut(): boolean;
  /** Keeps the place among the requests in flight beyond the headers; the result gives it back. */
  hold(): () => void;
  host: string;
  endpoint: string;
  signal?: AbortSignal;
};

export function poolOf(call: AnyCall): Pool | undefined {
  return call.family === "app" ? undefined : call.family;
}

/** "segmentation", "events/names", "bookmarks": the path without the project. */
export function endpointOf(call: AnyCall): string {
  return call.path.name.replace(/^\/(?:projects|workspaces)\/[^/]+/, "").replace(/^\/|\/?\{\}|\/$/g, "");
}

function askedOf(site: Site, call: AnyCall, host: string): Asked {
  const { region, projectId } = site.connection;
  const hasWhere = call.query?.["where"] !== undefined || call.form?.["where"] !== undefined;
  return { endpoint: endpointOf(call), family: call.family, origin: host, region, projectId, hasWhere };
}

/** An answer that is no success. 401, 402 and 429 give their place in the hour back: Mixpanel does not count them. */
export async function refused(
  site: Site,
  call: AnyCall,
  response: Response,
  connected: Connected,
  ticket: Ticket,
): Promise<Failure> {
  const { status, headers } = response;
  const body = await readErrorText(response, call.raw === true);
  if (connected.signal?.aborted) throw abortFault(connected.signal);
  const now = site.now();
  if (status === 401 || status === 402 || status === 429) ticket.refund();
  const asked = askedOf(site, call, connected.host);
  if (status === 429) return throttled(site, asked, headers, body);
  // A rate limit in a 412 is one, but a 412 is never asked for again.
  if (status === 412 && isRateLimit(errorText(body))) return { fault: throttled(site, asked, headers, body).fault };
  const fault = statusFault(asked, { status, body, now, location: headers.get("Location") }, site.quote);
  return { fault, trouble: { kind: "status", status, retryAfterMs: retryAfterMs(headers.get("Retry-After"), now) } };
}

/** Without a time of Mixpanel's own, our oldest request leaving the hour is the best estimate, then a minute. */
const UNKNOWN_WAIT_MS = 60_000;

function throttled(site: Site, asked: Asked, headers: Headers, body: string): Failure {
  const now = site.now();
  const text = errorText(body);
  const { limit, retryAfterMs: stated } = refusal(headers, text, now);
  const estimated = asked.family === "app" ? undefined : remember(site, asked.family, { headers, text, limit, stated });
  const waitMs = stated ?? estimated ?? UNKNOWN_WAIT_MS;
  return {
    fault: rateLimited(asked, limit, site.quote(text), waitMs, now),
    trouble: { kind: "status", status: 429, retryAfterMs: stated, hourly: limit === "hour" },
  };
}

type Refused = { headers: Headers; text: string; limit: Refusal["limit"]; stated?: number };

/** Teaches the ledger what a refusal says; answers how long the ledger itself would wait, where the hour is used up. */
function remember(site: Site, pool: Pool, { headers, text, limit, stated }: Refused): number | undefined {
  const now = site.now();
  const named = limitNamed(text);
  if (named !== undefined && !headers.has("RateLimit-Policy")) site.ledger.learn(pool, { quota: named });
  if (limit !== "hour") return undefined;
  // The hour rolls: at the latest when our own oldest request leaves it, one slot is free, whatever the header says.
  const ownMs = site.ledger.nextSlotMs(pool, now);
  const waitMs = Math.min(stated ?? ownMs ?? UNKNOWN_WAIT_MS, ownMs ?? Number.POSITIVE_INFINITY);
  site.ledger.exhaust(pool, now + waitMs);
  return ownMs;
}

/** A 200 as the value its schema promises, or why it is none. */
export async function readReply<T>(
  site: Site,
  call: Call<T>,
  response: Response,
  connected: Connected,
): Promise<Outcome<T>> {
  const endpoint = endpointOf(call);
  const body = await bodyOf(response, connected);
  if ("fault" in body) return body;
  const value = parseJson(body.value, endpoint, call.exactIntegers);
  const error = errorInside(value, call.keyedByData);
  if (error !== undefined) {
    const asked = askedOf(site, call, connected.host);
    if (isRateLimit(error)) return throttled(site, asked, response.headers, JSON.stringify({ error }));
    return { fault: insideFault(asked, error, body.value, site.now(), site.quote) };
  }
  return { value: fitted(value, call.reply, endpoint, site.quote) };
}

async function bodyOf(response: Response, connected: Connected): Promise<Outcome<string>> {
  const { endpoint, host, signal } = connected;
  let body: Awaited<ReturnType<typeof readText>>;
  try {
    body = await readText(response.body, MAX_REPLY_BYTES);
  } catch (error) {
    if (signal?.aborted) throw abortFault(signal);
    if (connected.timedOut()) {
      return { fault: networkFault("timeout", host, error), trouble: { kind: "network", reason: "timeout" } };
    }
    const fault = unreadable(endpoint, "the connection broke off in the middle of it", error);
    // Data that cannot be decompressed arrived whole: asking again would bring the same.
    const corrupt = error instanceof Error && "code" in error && error.code === "ZlibError";
    return corrupt ? { fault } : { fault, trouble: { kind: "network", reason: "reset" } };
  }
  if ("text" in body) return { value: body.text };
  const fault = new Fault(
    "LIMIT_EXCEEDED",
    `Mixpanel's ${endpoint} reply is larger than ${MAX_REPLY_BYTES / 1024 / 1024} MB.`,
    {
      suggestions: ["Ask for a shorter date range, fewer segments or fewer properties."],
      details: { endpoint },
    },
  );
  return { fault };
}
