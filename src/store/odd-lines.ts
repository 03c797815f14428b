/** Lines that hold no event: counted, a few kept as examples, and read for what they say of the stream as a whole. */
import { brokenReason, isClosed, jsonProblem, quote } from "./broken-stream.ts";

/** Rejected lines shown as examples, and how much of each. */
const EXAMPLES = 5;
const EXAMPLE_CHARS = 120;
/** A line is looked at as text up to here. */
const DIAGNOSED_BYTES = 64 * 1024;
/** "terminated early" can be glued to the end of a long half line. */
const TAIL_BYTES = 200;

export class OddLines {
  /** Number of the line that is being looked at, from 1. */
  line = 0;
  rejected = 0;
  readonly examples: string[] = [];
  /** Why the stream as a whole cannot be trusted. */
  broken: string | undefined;
  /** The last line that was not blank, when it was no JSON and broke off. */
  private lastBad: string | undefined;

  /** A line that was whole went by. */
  whole(): void {
    this.lastBad = undefined;
  }

  /** Not JSON, or nested too deep to be read as such; blank lines are nothing. */
  notJson(bytes: Uint8Array, start: number, end: number, tooDeep: boolean): void {
    const text = shown(bytes, start, end);
    if (text.trim() === "") return;
    const isLong = end - start > DIAGNOSED_BYTES;
    this.broken ??= brokenReason(text) ?? (isLong ? brokenTail(bytes, end) : undefined);
    const reason = tooDeep ? "nested deeper than SQLite can read" : isLong ? "not JSON" : jsonProblem(text);
    this.lastBad = tooDeep || reason === "not an event" || isClosed(bytes, start, end) ? undefined : text;
    this.reject(reason, text);
  }

  /** A JSON object, but no event: an error that Mixpanel sent, or something else. */
  notAnEvent(bytes: Uint8Array, start: number, end: number, reason: string): void {
    const text = shown(bytes, start, end);
    this.broken ??= brokenReason(text);
    this.reject(reason, text);
  }

  /** An event that cannot be stored. */
  notStored(bytes: Uint8Array, start: number, end: number, reason: string): void {
    this.reject(reason, shown(bytes, start, end));
  }

  /** A line that was too long to be kept. */
  skipped(reason: string): void {
    this.whole();
    this.reject(reason, "");
  }

  private reject(reason: string, text: string): void {
    this.rejected++;
    if (this.examples.length >= EXAMPLES) return;
    this.examples.push(`line ${this.line}: ${reason}: ${quote(text, EXAMPLE_CHARS)}`);
  }

  /** After the end of the stream: half a line, or a text that is no event. */
  lastLineBroken(): string | undefined {
    return this.lastBad === undefined ? undefined : `the last line is not whole: ${quote(this.lastBad, EXAMPLE_CHARS)}`;
  }
}

/** The beginning of a line, enough to say what is wrong with it. */
function shown(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, DIAGNOSED_BYTES)).toString("utf8");
}

function brokenTail(bytes: Uint8Array, end: number): string | undefined {
  return brokenReason(Buffer.from(bytes.subarray(end - TAIL_BYTES, end)).toString("latin1"));
}
