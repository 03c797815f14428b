/** One event of a user's feed, with what a reader wants of it. */
import type { Activity } from "../mixpanel/activity.ts";

const MAX_VALUE_CHARS = 200;

/** Set by SDKs and servers on every event: where it was sent from and how, not what happened. */
const BORING = new Set([
  "time",
  "distinct_id",
  "token",
  "ip",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_content",
  "utm_term",
]);
/** Of the `$` properties these say what happened. */
const TELLING = new Set([
  "$current_url",
  "$duration",
  "$duration_s",
  "$experiment_name",
  "$variant_name",
  "$el_text",
  "$screen_name",
]);

export type FeedEvent = {
  event: string;
  time: string | null;
  distinct_id?: string;
  properties: Record<string, unknown>;
};

/** Time as ISO 8601 in UTC; null where the event has none. */
function isoTime(seconds: number | undefined): string | null {
  if (seconds === undefined || Math.abs(seconds) > 8.64e12) return null;
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}

function isBoring(name: string): boolean {
  return BORING.has(name) || (name.startsWith("$") && !TELLING.has(name)) || name.startsWith("mp_");
}

function clipped(value: unknown): unknown {
  if (typeof value === "string")
    return value.length > MAX_VALUE_CHARS
      ? `${value.slice(0, MAX_VALUE_CHARS)}... (${value.length} characters)`
      : value;
  if (typeof value !== "object" || value === null) return value;
  const json = JSON.stringify(value);
  return json.length > MAX_VALUE_CHARS ? `${json.slice(0, MAX_VALUE_CHARS)}... (${json.length} characters)` : value;
}

export function feedEvent(item: Activity, how: { all: boolean; severalUsers: boolean }): FeedEvent {
  const shown = [...item.properties].filter(([name]) => how.all || !isBoring(name));
  return {
    event: item.event,
    time: isoTime(item.time),
    ...(how.severalUsers && item.distinctId !== undefined ? { distinct_id: item.distinctId } : {}),
    properties: Object.fromEntries(shown.map(([name, value]) => [name, how.all ? value : clipped(value)])),
  };
}
