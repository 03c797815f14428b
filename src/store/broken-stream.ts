/** What a line says that is not an event: a stream Mixpanel gave up, an error page, or just a bad line. */
import { QUOTED_ERROR_CHARS } from "../limits.ts";
import { visible } from "../visible.ts";

/** An export that fails under way ends with HTTP 200 and this line, sometimes glued to half an event. */
const GIVEN_UP = /(export )?terminated early/i;
const SPACE = 0x20;
const LAST_ASCII = 0x7e;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
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

/**
 * Whether a line that is no JSON was at least sent to its end: every bracket closed, every text ended. The start of an event
 * never is, so such a line is a bad line and not a cut stream.
 */
export function isClosed(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  // What may stand before the first bracket: space, a comma after the object before, bytes that are no ASCII.
  while (at < end && isBefore(bytes[at] as number)) at++;
  if (at === end) return true;
  if (bytes[at] !== BRACE && bytes[at] !== BRACKET) return false;
  let depth = 0;
  let inText = false;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (inText && byte === BACKSLASH) at++;
    else if (byte === QUOTE) inText = !inText;
    else if (inText) continue;
    else if (byte === BRACE || byte === BRACKET) depth++;
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) depth--;
  }
  return depth <= 0 && !inText;
}

function isBefore(byte: number): boolean {
  return byte <= SPACE || byte === COMMA || byte > LAST_ASCII;
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
