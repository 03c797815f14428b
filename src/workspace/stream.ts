/** A few events or profiles straight from Mixpanel: read as they arrive, nothing stored, the download stopped at once. */
import { Fault } from "../fault.ts";
import { MAX_REPLY_BYTES, QUOTED_ERROR_CHARS } from "../limits.ts";
import type { Api, Download } from "../mixpanel/api.ts";
import type { DateRange } from "../mixpanel/dates.ts";
import { downloadProfiles, type ProfileQuery, readPage, readProfile } from "../mixpanel/engage.ts";
import { exportEvents } from "../mixpanel/export.ts";
import { readLines, readText } from "../mixpanel/lines.ts";
import { unreadable } from "../mixpanel/reply.ts";
import { CLIPPED_CHARS, clipValue, parseExact } from "./exact-json.ts";

const ATTEMPTS = 3;

export type StreamedEvent = { event: string | null; time: string | null; properties: Record<string, unknown> };
export type StreamedProfile = {
  distinct_id: string | null;
  last_seen: string | null;
  properties: Record<string, unknown>;
};

export type Streamed<Item> = {
  items: Item[] /** The limit was reached: there may be more. */;
  truncated: boolean;
  notes: string[];
};

type EventQuery = DateRange & { events?: string[]; where?: string; limit: number };

/** Costs one export request. A broken stream is asked for again; UPSTREAM_TRUNCATED when it stays broken. */
export async function streamEvents(api: Api, query: EventQuery, signal: AbortSignal): Promise<Streamed<StreamedEvent>> {
  return retryBroken(async () => {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const download = await exportEvents(api, query, both);
    try {
      return await takeEvents(download, query.limit);
    } finally {
      // Closes the connection also where the reader stopped in the middle of the body.
      stop.abort(new Fault("CANCELLED", "Enough was read."));
    }
  }, signal);
}

async function takeEvents(download: Download, limit: number): Promise<Streamed<StreamedEvent>> {
  const items: StreamedEvent[] = [];
  let clipped = 0;
  let unreadable = 0;
  let halfLine = false;
  for await (const line of readLines(download)) {
    const event = readEvent(line);
    halfLine = event === undefined && tryParse(line) === undefined;
    if (event === undefined) {
      if (items.length + unreadable === 0) refuseError(line);
      if (isBroken(line)) throw cutOff();
      unreadable++;
      continue;
    }
    const short = clipValue(event.properties);
    clipped += short.clipped;
    items.push({ ...event, properties: short.value as Record<string, unknown> });
    if (items.length >= limit) break;
  }
  if (halfLine) throw cutOff();
  const notes = clipNotes(clipped);
  if (unreadable > 0) notes.push(`${unreadable} lines were not events and were left out.`);
  return { items, truncated: items.length >= limit, notes };
}

/** A line that says that the whole answer is worth nothing: Mixpanel gave up, a web page, an error among the events. */
function isBroken(line: string): boolean {
  if (/terminated early$/i.test(line) || line.startsWith("<")) return true;
  const json = tryParse(line);
  return errorOf(json) !== undefined;
}

function errorOf(json: unknown): unknown {
  const isError = typeof json === "object" && json !== null && "error" in json && !("event" in json);
  return isError ? (json as { error: unknown }).error : undefined;
}

/** An error in the place of the first event is Mixpanel's answer to the query, not a cut. */
function refuseError(line: string): void {
  const error = errorOf(tryParse(line));
  if (error === undefined || /terminated early/i.test(line)) return;
  const words = JSON.stringify(
    String(typeof error === "string" ? error : JSON.stringify(error)).slice(0, QUOTED_ERROR_CHARS),
  );
  throw new Fault("QUERY_INVALID", `Mixpanel refused the export: ${words}`, {
    suggestions: ["Check the event names, the dates and the `where` expression."],
  });
}

function cutOff(): Fault {
  return new Fault("UPSTREAM_TRUNCATED", "Mixpanel ended the export early.", {
    suggestions: ["Try again, or ask for fewer days."],
  });
}

function readEvent(line: string): StreamedEvent | undefined {
  const json = tryParse(line.replace(/^\uFEFF/, ""));
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const { event, properties } = json as { event?: unknown; properties?: unknown };
  if (typeof properties !== "object" || properties === null) return undefined;
  const found = properties as Record<string, unknown>;
  return { event: typeof event === "string" ? event : null, time: isoTime(found["time"]), properties: found };
}

function tryParse(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

/** Seconds or milliseconds, as Mixpanel sent it; null when it is no time. */
function isoTime(time: unknown): string | null {
  const number = typeof time === "string" ? Number(time) : time;
  if (typeof number !== "number" || !Number.isFinite(number)) return null;
  const date = new Date(Math.abs(number) > 1e11 ? number : number * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(".000Z", "Z");
}

/** Costs one query for the first page, more pages are free. */
export async function streamProfiles(
  api: Api,
  query: ProfileQuery,
  limit: number,
  signal: AbortSignal,
): Promise<Streamed<StreamedProfile> & { total: number | undefined }> {
  const items: StreamedProfile[] = [];
  let clipped = 0;
  let sessionId: string | undefined;
  let total: number | undefined;
  for (let number = 0; items.length < limit; number++) {
    const page = await retryBroken(async () => {
      const download = await downloadProfiles(api, query, { page: number, sessionId }, signal);
      return readPage(wholeJson(await readText(download, MAX_REPLY_BYTES)));
    }, signal);
    if (number === 0) ({ total, sessionId } = page);
    for (const raw of page.profiles.slice(0, limit - items.length)) {
      const profile = readProfile(raw);
      const short = clipValue(profile.properties);
      clipped += short.clipped;
      items.push({
        distinct_id: profile.distinctId,
        last_seen: profile.lastSeen,
        properties: short.value as Record<string, unknown>,
      });
    }
    if (page.results < page.pageSize || page.results === 0 || sessionId === undefined) break;
  }
  const truncated = total === undefined ? items.length >= limit : items.length < total;
  return { items, total, truncated, notes: clipNotes(clipped) };
}

function wholeJson(text: string): unknown {
  if (text.trimStart().startsWith("<")) throw unreadable("engage", "it is an HTML page, not JSON");
  const json = tryParse(text.replace(/^\ufeff/, ""));
  if (json === undefined)
    throw new Fault("UPSTREAM_TRUNCATED", "Mixpanel's profile page is not whole JSON.", {
      suggestions: ["Try again in a minute; if it stays, check for a proxy between this machine and Mixpanel."],
    });
  return json;
}

function clipNotes(clipped: number): string[] {
  return clipped === 0
    ? []
    : [`${clipped} long values are clipped to ${CLIPPED_CHARS} characters or 20 items; fetch to see them whole.`];
}

async function retryBroken<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const broken = error instanceof Fault && error.code === "UPSTREAM_TRUNCATED";
      if (!broken || attempt === ATTEMPTS || signal.aborted) throw error;
    }
  }
}
