/**
 * Projects made before 2023 store event times as the project's wall clock written as if it were UTC, and no field of any
 * reply says which kind a project is. The data does: `mp_processing_time_ms` is always true UTC, and events tracked live
 * are processed within minutes. A steady distance between the two that equals the project zone's offset means an old project.
 */
import { open } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import type { TimezoneRule } from "../store/event-time.ts";

/** The head of a download is enough; it is read without being stored. */
const HEAD_BYTES = 96 * 1024;
const MAX_INFLATED = 16 * 1024 * 1024;
const FEWEST_EVENTS = 20;
/** Live events arrive within this, and offsets of zones are multiples of it. */
const STEADY_SECONDS = 15 * 60;
const STEADY_SHARE = 0.6;

/** `time` and the seconds until it was processed, for events that were tracked live. */
export type Lag = { time: number; seconds: number };

/** undefined: too few events to tell. */
export async function guessTimezone(
  spool: { path: string; encoding: "gzip" | "identity" },
  projectZone: () => Promise<string | undefined>,
): Promise<TimezoneRule | undefined> {
  const lags = readLags(await readHead(spool));
  if (lags.length < FEWEST_EVENTS) return undefined;
  if (steady(lags, () => 0)) return { kind: "utc" };
  // Nothing near zero: only now is it worth asking for the project's zone.
  const zone = await projectZone();
  if (zone === undefined) return { kind: "utc" };
  return steady(lags, (time) => -zoneOffset(zone, time)) ? { kind: "local", zone } : { kind: "utc" };
}

function steady(lags: readonly Lag[], expected: (time: number) => number): boolean {
  const near = lags.filter((lag) => Math.abs(lag.seconds - expected(lag.time)) < STEADY_SECONDS);
  return near.length >= lags.length * STEADY_SHARE;
}

/** Seconds that the zone's wall clock is ahead of UTC when it shows `wallSeconds`. */
export function zoneOffset(zone: string, wallSeconds: number): number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const name =
    format.formatToParts(new Date(wallSeconds * 1000)).find((part) => part.type === "timeZoneName")?.value ?? "";
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name);
  if (match === null) return 0;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}

async function readHead(spool: { path: string; encoding: "gzip" | "identity" }): Promise<string> {
  const file = await open(spool.path, "r");
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(buffer, 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (spool.encoding === "identity") return head.toString("utf8");
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED }).toString("utf8");
  } catch {
    return "";
  } finally {
    await file.close();
  }
}

/** Imported events say nothing: they are processed long after they happened. */
export function readLags(text: string): Lag[] {
  const lags: Lag[] = [];
  for (const line of text.split("\n").slice(0, 2_000)) {
    const properties = readProperties(line);
    if (properties === undefined || properties["$import"] === true) continue;
    const { time, mp_processing_time_ms: processed } = properties;
    if (typeof time !== "number" || typeof processed !== "number") continue;
    const seconds = time > 1e11 ? time / 1000 : time;
    lags.push({ time: seconds, seconds: processed / 1000 - seconds });
  }
  return lags;
}

function readProperties(line: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(line);
    if (typeof json !== "object" || json === null || !("properties" in json)) return undefined;
    const { properties } = json;
    return typeof properties === "object" && properties !== null ? (properties as Record<string, unknown>) : undefined;
  } catch {
    // The last line of the head is usually cut.
    return undefined;
  }
}
