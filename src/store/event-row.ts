/** From the spans of a scanned line to the columns of its row, still as bytes. */
import { hashBytes, hashUser } from "./dedupe.ts";
import { LINE_INSERT_ID, LINE_PROPERTIES, LINE_TIME, LINE_USER } from "./event-lines.ts";
import { createZoneShift, millisecondsOf, parseTimeText, TimeFormatter, type TimezoneRule } from "./event-time.ts";
import { decodeText, VALUE_ESCAPED, VALUE_INTEGER, VALUE_MASK, VALUE_NULL, VALUE_REAL, VALUE_STRING } from "./scan.ts";

/** A text as bytes: a part of the line, or of a copy with the escapes resolved. */
export class Bytes {
  source: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** False: there is no such value (SQL NULL). */
  present = false;

  set(source: Uint8Array, start: number, end: number): void {
    this.source = source;
    this.start = start;
    this.end = end;
    this.present = true;
  }

  setText(text: string): void {
    const bytes = Buffer.from(text);
    this.set(bytes, 0, bytes.length);
  }

  length(): number {
    return this.present ? this.end - this.start : 0;
  }

  /** Whether it is absent or a part of `whole`. */
  liesIn(whole: Bytes): boolean {
    return !this.present || (this.source === whole.source && this.start >= whole.start && this.end <= whole.end);
  }

  /** As SQL's substr counts, from 1; null when absent, which makes substr NULL. */
  positionIn(whole: Bytes): number | null {
    return this.present ? this.start - whole.start + 1 : null;
  }

  /** Valid until the line's buffer is used again. */
  view(): Uint8Array {
    return this.source.subarray(this.start, this.end);
  }

  /** For binding. */
  bind(): Uint8Array | null {
    return this.present ? this.view() : null;
  }
}

const NOTHING = Buffer.from("{}");

export class EventRow {
  readonly distinctId = new Bytes();
  readonly insertId = new Bytes();
  readonly properties = new Bytes();
  timeMs = Number.NaN;
  /** The text of event_time, or null. Valid until the next row. */
  time: Uint8Array | null = null;

  private readonly formatter = new TimeFormatter();
  private readonly time19 = this.formatter.bytes.subarray(0, 19);
  private readonly shift: (ms: number) => number;

  constructor(zone: TimezoneRule) {
    this.shift = createZoneShift(zone);
  }

  /** `numbers` from `at` on: a record of event-lines.ts. */
  read(bytes: Uint8Array, numbers: Int32Array, at: number): void {
    const start = numbers[at + LINE_PROPERTIES] as number;
    if (start < 0) this.properties.set(NOTHING, 0, 2);
    else this.properties.set(bytes, start, numbers[at + LINE_PROPERTIES + 1] as number);
    readText(this.distinctId, bytes, numbers, at + LINE_USER);
    readText(this.insertId, bytes, numbers, at + LINE_INSERT_ID);
    this.timeMs = this.shift(readTime(bytes, numbers, at + LINE_TIME));
    const length = this.formatter.format(this.timeMs);
    this.time = length === 0 ? null : length === 19 ? this.time19 : this.formatter.bytes;
  }

  /** Identity as a 32-bit hash, never 0; 0 when the row has no insert_id and is like no other. */
  hash(eventHash: number): number {
    const { insertId, distinctId, timeMs } = this;
    if (!insertId.present || insertId.start === insertId.end) return 0;
    let hash = hashBytes(insertId.source, insertId.start, insertId.end, eventHash ^ (timeMs / 1000));
    if (distinctId.present) hash = hashBytes(distinctId.source, distinctId.start, distinctId.end, hash);
    return hash === 0 ? 1 : hash;
  }

  /** Bytes of all columns but name and time. */
  length(): number {
    const { distinctId, insertId, properties } = this;
    return distinctId.length() + insertId.length() + properties.length();
  }

  /** distinct_id as a number below 2^53 for counting users; -1 when there is none. */
  user(): number {
    const { source, start, end, present } = this.distinctId;
    return present ? hashUser(source, start, end) : -1;
  }
}

function readText(target: Bytes, bytes: Uint8Array, numbers: Int32Array, at: number): void {
  setValue(target, bytes, numbers[at] as number, numbers[at + 1] as number, numbers[at + 2] as number);
}

/** A value as the text of a column: strings unescaped, null as NULL, everything else exactly as written. */
export function setValue(target: Bytes, bytes: Uint8Array, start: number, end: number, type: number): void {
  target.present = false;
  if (start < 0 || (type & VALUE_MASK) === VALUE_NULL) return;
  if (type & VALUE_ESCAPED && (type & VALUE_MASK) === VALUE_STRING) target.setText(decodeText(bytes, start, end));
  else target.set(bytes, start, end);
}

function readTime(bytes: Uint8Array, numbers: Int32Array, at: number): number {
  const start = numbers[at] as number;
  if (start < 0) return Number.NaN;
  const end = numbers[at + 1] as number;
  const type = (numbers[at + 2] as number) & VALUE_MASK;
  if (type === VALUE_INTEGER && end - start <= 15 && bytes[start] !== 0x2d) {
    let value = 0;
    for (let i = start; i < end; i++) value = value * 10 + (bytes[i] as number) - 0x30;
    return millisecondsOf(value);
  }
  if (type === VALUE_INTEGER || type === VALUE_REAL) return millisecondsOf(Number(decodeText(bytes, start, end)));
  return type === VALUE_STRING ? parseTimeText(decodeText(bytes, start, end)) : Number.NaN;
}
