/**
 * One pass over the bytes of an export line: checks that it is strict JSON, finds the fields that become columns, and
 * notes where each top-level property lies (spans.ts), so that statistics need no second pass. It is strict, because one
 * malformed document in a table makes every `->>` on it fail: what it refuses is not stored. It does not check UTF-8: the
 * caller does, for whole buffers at once.
 */
import { BACKSLASH, CLOSE_BRACE, COMMA, decodeText, JsonScanner, ODD, OPEN_BRACE, QUOTE, STOPS } from "./json-scan.ts";
import {
  KEY_DISTINCT_ID,
  KEY_INSERT_ID,
  KEY_OTHER_DISTINCT_ID,
  KEY_TIME,
  OPENING,
  PropertyKeys,
} from "./property-keys.ts";
import {
  KEY,
  largerList,
  SPAN,
  VALUE_END,
  VALUE_ESCAPED,
  VALUE_MASK,
  VALUE_NULL,
  VALUE_START,
  VALUE_STRING,
  VALUE_TYPE,
} from "./spans.ts";

export { decodeText, MAX_DEPTH, ODD } from "./json-scan.ts";
export * from "./spans.ts";

const FIRST_SPANS = 512;

/** Which object is scanned: an export line, or a profile inside a page of them. */
export type Shape = {
  /** The key whose value names the thing: `event`. */
  name: string;
  /** The key of the object that holds the properties. */
  properties: string;
  /** Newlines are whitespace too; then the buffer must end in a NUL byte instead. */
  multiline: boolean;
};

export const EVENT_LINE: Shape = { name: "event", properties: "properties", multiline: false };

/** What makes a line of stored properties, so that the one scanner reads them too. */
export const BEFORE_PROPERTIES = Buffer.from('{"event":"","properties":');
export const BEHIND_PROPERTIES = Buffer.from("}\n");

export function lineOf(properties: Uint8Array): Buffer {
  return Buffer.concat([BEFORE_PROPERTIES, properties, BEHIND_PROPERTIES]);
}

export class Scanner extends JsonScanner {
  /** SPAN numbers per property, `count` properties from `from` on; overwritten by the next line unless `from` is moved. */
  spans: Int32Array = new Int32Array(FIRST_SPANS * SPAN);
  from = 0;
  count = 0;
  /** The value of `event`, as a span without quotes, and its VALUE_TYPE; -1 when the line has none. */
  eventStart = -1;
  eventEnd = -1;
  eventType = 0;
  /** The value of `properties` with its braces when it is an object; -1 when there is none or it is null. */
  propertiesStart = -1;
  propertiesEnd = -1;
  /** `properties` is something else than an object. */
  oddProperties = false;
  /** Where in `spans` the first property of that name begins, or -1. */
  time = -1;
  distinctId = -1;
  insertId = -1;
  /** `$distinct_id`, which stands in for a missing `distinct_id`. */
  otherDistinctId = -1;

  private view: DataView = new DataView(new ArrayBuffer(0));

  constructor(
    private readonly shape: Shape = EVENT_LINE,
    private readonly keys = new PropertyKeys(),
  ) {
    super(shape.multiline);
  }

  /**
   * Scans the object that starts at `start` (whitespace before it is allowed). Returns the position after it and after
   * the whitespace that follows, or ODD. A position before the line's end means that something else follows in the line.
   * That it is an object says nothing yet of its being an event: look at `eventStart`.
   */
  scan(bytes: Uint8Array, start: number): number {
    if (this.bytes !== bytes) this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytes = bytes;
    this.count = 0;
    this.eventStart = this.propertiesStart = this.time = this.distinctId = this.insertId = this.otherDistinctId = -1;
    this.oddProperties = this.tooDeep = false;
    let at = this.space(start);
    if (bytes[at] !== OPEN_BRACE) return ODD;
    at = this.space(at + 1);
    if (bytes[at] === CLOSE_BRACE) return this.space(at + 1);
    for (;;) {
      if (bytes[at] !== QUOTE) return ODD;
      const keyStart = at + 1;
      const keyEnd = this.string(keyStart);
      if (keyEnd === ODD) return ODD;
      const name = this.memberName(keyStart, keyEnd);
      at = this.colon(keyEnd + 1);
      if (at === ODD) return ODD;
      at = this.space(this.member(name, at));
      const byte = bytes[at];
      if (byte === CLOSE_BRACE) return this.space(at + 1);
      if (byte !== COMMA) return ODD;
      at = this.space(at + 1);
    }
  }

  /** 1 for the name, 2 for the properties, else 0. */
  private memberName(start: number, end: number): 0 | 1 | 2 {
    const { name, properties } = this.shape;
    if (this.kind & VALUE_ESCAPED) {
      const key = decodeText(this.bytes, start, end);
      return key === name ? 1 : key === properties ? 2 : 0;
    }
    if (end - start === name.length && this.matches(start, name)) return 1;
    return end - start === properties.length && this.matches(start, properties) ? 2 : 0;
  }

  /** The value of one top-level key of the line; of a key that occurs twice the first counts. */
  private member(name: 0 | 1 | 2, at: number): number {
    if (name === 1 && this.eventStart < 0) return this.event(at);
    if (name === 2 && this.propertiesStart < 0) {
      if (this.bytes[at] === OPEN_BRACE) {
        this.propertiesStart = at;
        this.propertiesEnd = this.properties(at + 1);
        return this.propertiesEnd;
      }
      const end = this.value(at, 1);
      this.oddProperties = this.kind !== VALUE_NULL;
      return end;
    }
    return this.value(at, 1);
  }

  private event(at: number): number {
    const end = this.value(at, 1);
    this.eventType = this.kind;
    const quoted = (this.kind & VALUE_MASK) === VALUE_STRING;
    this.eventStart = quoted ? at + 1 : at;
    this.eventEnd = quoted ? end - 1 : end;
    return end;
  }

  /**
   * The properties object from after its opening brace; returns the position after its closing one. Ingest spends a quarter
   * of its time here: plain strings and tight JSON are read in this one loop on local variables, and keys that come in
   * their usual order are only compared.
   */
  private properties(start: number): number {
    const { bytes, view, keys, from: first } = this;
    let { spans } = this;
    let slot = first;
    let spelling = OPENING;
    let at = this.space(start);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return ODD;
      const guess = keys.guess(view, at + 1, spelling);
      if (guess >= 0) {
        spelling = guess;
        at += 1 + keys.length(guess);
      } else {
        spelling = this.key(at + 1, spelling);
        at = this.afterKey;
        if (at < 0) return ODD;
      }
      if (slot + SPAN > spans.length) spans = this.grow();
      const code = keys.code(spelling);
      spans[slot + KEY] = code;
      if (code >= 0 && code <= KEY_OTHER_DISTINCT_ID) this.note(code, slot);
      if ((bytes[at] as number) <= 0x20) at = this.space(at);
      let type = VALUE_STRING;
      if (bytes[at] === QUOTE) {
        spans[slot + VALUE_START] = ++at;
        while (STOPS[bytes[at] as number] === 0) at++;
        if (bytes[at] === BACKSLASH) {
          at = this.escapedString(at);
          type |= VALUE_ESCAPED;
        }
        if (at < 0 || bytes[at] !== QUOTE) return ODD;
        spans[slot + VALUE_END] = at++;
      } else {
        spans[slot + VALUE_START] = at;
        at = this.other(at, 2);
        if (at < 0) return ODD;
        spans[slot + VALUE_END] = at;
        type = this.kind;
      }
      spans[slot + VALUE_TYPE] = type;
      slot += SPAN;
      if ((bytes[at] as number) <= 0x20) at = this.space(at);
      if (bytes[at] === CLOSE_BRACE) break;
      if (bytes[at] !== COMMA) return ODD;
      at++;
      if ((bytes[at] as number) <= 0x20) at = this.space(at);
    }
    this.count = (slot - first) / SPAN;
    return at + 1;
  }

  /** Where the value of the key read last begins, or ODD. */
  private afterKey = ODD;

  /** A key that did not come as expected, from behind its opening quote. */
  private key(start: number, previous: number): number {
    const end = this.string(start);
    this.afterKey = end === ODD ? ODD : this.colon(end + 1);
    if (this.afterKey === ODD) return previous;
    return this.keys.find(this.bytes, start, end, previous);
  }

  private grow(): Int32Array {
    const larger = largerList(this.spans, this.spans.length * 2);
    this.spans = larger;
    return larger;
  }

  /** Remembers the first `time`, `distinct_id` and `$insert_id`: SQLite's ->> takes the first of equal keys too. */
  private note(code: number, slot: number): void {
    if (code === KEY_TIME && this.time < 0) this.time = slot;
    else if (code === KEY_DISTINCT_ID && this.distinctId < 0) this.distinctId = slot;
    else if (code === KEY_INSERT_ID && this.insertId < 0) this.insertId = slot;
    else if (code === KEY_OTHER_DISTINCT_ID && this.otherDistinctId < 0) this.otherDistinctId = slot;
  }
}
