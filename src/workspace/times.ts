/** Times of replies in one form: ISO 8601 with zone, to the second. */
import { localTime } from "../mixpanel/dates.ts";

/**
 * A time that Mixpanel writes in UTC (`2025-11-03 09:12:44`, `2026-03-03T07:45:10.310075+00:00`) as `2025-11-03T09:12:44Z`;
 * what is no time stays as it is.
 */
export function utcTime<Text extends string | null>(text: Text): Text | string {
  if (text === null || !/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(text)) return text;
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`;
  const time = Date.parse(zoned.replace(" ", "T"));
  return Number.isNaN(time) ? text : `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/**
 * A wall-clock time of the project (`2026-02-15 12:00:00`) with the zone's offset: `2026-02-15T12:00:00-08:00`, `Z` in UTC. Without a
 * known zone only the notation changes; a time that says its own offset, a mere date and what is no time stay as they are.
 */
export function zonedTime(text: string, timezone: string | undefined): string {
  const wall = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?$/.exec(text.trim());
  if (wall === null) return text.replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, "$1T");
  const written = `${wall[1]}T${wall[2]}${wall[3] ?? ":00"}`;
  const asUtc = Date.parse(`${written}Z`);
  if (timezone === undefined || Number.isNaN(asUtc)) return written;
  const offsetAt = (time: number) =>
    Math.round((Date.parse(`${localTime(new Date(time), timezone).replace(" ", "T")}Z`) - time) / 60_000);
  const minutes = offsetAt(asUtc - offsetAt(asUtc) * 60_000);
  if (minutes === 0) return `${written}Z`;
  const two = (number: number) => String(Math.trunc(number)).padStart(2, "0");
  return `${written}${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}
