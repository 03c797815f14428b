/** What a line says that is not an event: a stream Mixpanel gave up, an error page, or just a bad line. */
import { QUOTED_ERROR_CHARS } from "../limits.ts";
import { visible } from "../visible.ts";

/** An export that fails under way ends with HTTP 200 and this line, sometimes glued to half an event. */
const GIVEN_UP = /(export )?terminated early/i;
const HTML = /^\s*<(!doctype|html|head|body|\?xml)/i;

/**
 * Why the whole stream cannot be trusted, as the middle of a sentence; undefined for a line that is merely bad.
 * `text` is a line that is no event.
 */
export function brokenReason(text: string): string | undefined {
  if (GIVEN_UP.test(text)) return "Mixpanel ended the export early";
  if (HTML.test(text)) return "an HTML page came instead of events";
  const error = errorOf(text);
  return error === undefined
    ? undefined
    : `Mixpanel sent an error among the events: ${quote(error, QUOTED_ERROR_CHARS)}`;
}

/** `{"error": "..."}` without an event: the shape of Mixpanel's errors. */
function errorOf(text: string): string | undefined {
  if (!/^\s*\{/.test(text) || !text.includes('"error"')) return undefined;
  try {
    const line = JSON.parse(text) as Record<string, unknown>;
    if (line["event"] !== undefined || line["error"] === undefined || line["error"] === null) return undefined;
    return typeof line["error"] === "string" ? line["error"] : JSON.stringify(line["error"]);
  } catch {
    return undefined;
  }
}

/** Text out of a stream as it may be shown: one line, nothing hidden, cut. */
export function quote(text: string, most: number): string {
  const shown = visible(text.slice(0, most));
  return JSON.stringify(shown.length > most || text.length > most ? `${shown.slice(0, most)}...` : shown);
}

/** Why JSON.parse refuses it, in a few words. */
export function jsonProblem(text: string): string {
  try {
    JSON.parse(text);
    return "not an event";
  } catch (error) {
    if (/\b(NaN|-?Infinity)\b/.test(text)) return "not JSON (NaN or Infinity)";
    return error instanceof RangeError ? "nested too deep" : "not JSON";
  }
}
