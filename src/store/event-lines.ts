/**
 * Lines of an export -> one record of numbers per line: where its columns lie, what the values are. Reading needs nothing
 * but the bytes, so it may happen in another thread than storing.
 */
import { isUtf8 } from "node:buffer";
import type { PropertyKeys } from "./property-keys.ts";
import {
  EVENT_LINE,
  largerList,
  Scanner,
  SPAN,
  VALUE_END,
  VALUE_MASK,
  VALUE_NULL,
  VALUE_START,
  VALUE_TYPE,
} from "./scan.ts";

/** Numbers per line. Positions are those of the block; a value is its start, its end and its type, start -1 for none. */
export const LINE = 20;
export const LINE_START = 0;
/** Of the newline. */
export const LINE_END = 1;
/** 1: an event. 0: anything else, which has to be looked at closely. */
export const LINE_IS_EVENT = 2;
export const LINE_EVENT = 3;
/** From brace to behind the brace; start -1 when there is no object. */
export const LINE_PROPERTIES = 6;
export const LINE_TIME = 8;
/** `distinct_id`, or `$distinct_id` where that is missing or null. */
export const LINE_USER = 11;
export const LINE_INSERT_ID = 14;
/** Where the line's spans begin, and how many properties they tell of. */
export const LINE_SPANS = 17;
export const LINE_COUNT = 18;
/** Its number in the block, from 1: empty lines have no record. */
export const LINE_NUMBER = 19;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** `count` records; `lines` with the empty ones. Grows: `numbers` is then another array. */
export type LineList = { numbers: Int32Array; count: number; lines: number };

export class EventLines {
  readonly scanner: Scanner;

  constructor(keys: PropertyKeys) {
    this.scanner = new Scanner(EVENT_LINE, keys);
  }

  /**
   * Reads the lines in bytes[0, end), which ends with a newline. With `spans` the properties of all of them are noted there;
   * without, those of the last one overwrite the others.
   */
  read(bytes: Buffer, end: number, list: LineList, spans?: { list: Int32Array }): void {
    const { scanner } = this;
    if (spans !== undefined) scanner.spans = spans.list;
    scanner.from = 0;
    list.count = 0;
    list.lines = 0;
    const utf8 = isUtf8(bytes.subarray(0, end));
    for (let start = 0, newline = 0; start < end; start = newline + 1) {
      newline = bytes.indexOf(NEWLINE, start);
      list.lines++;
      if (newline === start || (newline === start + 1 && bytes[start] === RETURN)) continue;
      if ((list.count + 1) * LINE > list.numbers.length)
        list.numbers = largerList(list.numbers, list.numbers.length * 2);
      const at = list.count++ * LINE;
      list.numbers[at + LINE_START] = start;
      list.numbers[at + LINE_END] = newline;
      list.numbers[at + LINE_NUMBER] = list.lines;
      const isEvent = (utf8 || isUtf8(bytes.subarray(start, newline))) && this.isEvent(bytes, start, newline);
      list.numbers[at + LINE_IS_EVENT] = isEvent ? 1 : 0;
      if (isEvent) {
        note(scanner, list.numbers, at);
        if (spans !== undefined) scanner.from += scanner.count * SPAN;
      }
    }
    if (spans !== undefined) spans.list = scanner.spans;
  }

  /** Whether one event fills the line. */
  private isEvent(bytes: Uint8Array, start: number, newline: number): boolean {
    const { scanner } = this;
    return scanner.scan(bytes, start) === newline && scanner.eventStart >= 0 && !scanner.oddProperties;
  }

  /** One object of a line that holds something else too; what comes behind it, or ODD. Look at `scanner`, or `take` it. */
  object(bytes: Uint8Array, start: number): number {
    this.scanner.from = 0;
    return this.scanner.scan(bytes, start);
  }

  /** The record of the object read last. */
  take(numbers: Int32Array): void {
    note(this.scanner, numbers, 0);
  }
}

function note(scanner: Scanner, numbers: Int32Array, at: number): void {
  numbers[at + LINE_EVENT] = scanner.eventStart;
  numbers[at + LINE_EVENT + 1] = scanner.eventEnd;
  numbers[at + LINE_EVENT + 2] = scanner.eventType;
  numbers[at + LINE_PROPERTIES] = scanner.propertiesStart;
  numbers[at + LINE_PROPERTIES + 1] = scanner.propertiesEnd;
  const { spans, distinctId } = scanner;
  const isMissing = distinctId < 0 || ((spans[distinctId + VALUE_TYPE] as number) & VALUE_MASK) === VALUE_NULL;
  noteValue(spans, scanner.time, numbers, at + LINE_TIME);
  noteValue(spans, isMissing ? scanner.otherDistinctId : distinctId, numbers, at + LINE_USER);
  noteValue(spans, scanner.insertId, numbers, at + LINE_INSERT_ID);
  numbers[at + LINE_SPANS] = scanner.from;
  numbers[at + LINE_COUNT] = scanner.count;
}

function noteValue(spans: Int32Array, span: number, numbers: Int32Array, at: number): void {
  if (span < 0) {
    numbers[at] = -1;
    return;
  }
  numbers[at] = spans[span + VALUE_START] as number;
  numbers[at + 1] = spans[span + VALUE_END] as number;
  numbers[at + 2] = spans[span + VALUE_TYPE] as number;
}
