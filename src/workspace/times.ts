/** Times of replies in one form: ISO 8601 with zone, to the second. */

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
