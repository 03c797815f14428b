/**
 * One pass over the bytes of an export line: checks that it is strict JSON, finds the fields that become columns, and
 * notes where each top-level property lies, so that statistics need no second pass.
 *
 * It is strict, because one malformed document in a table makes every `->>` on it fail: what it refuses is not stored. It
 * does not check UTF-8: the caller does, for whole buffers at once. A line must be followed by a newline in the buffer:
 * no loop here looks for its end.
 *
 * The contract of `spans` (an Int32Array owned by the scanner and overwritten by the next line): property `i` of the
 * line is five numbers from `i * SPAN`:
 *
 *   KEY_START    first byte of the key, after its quote
 *   KEY_END      byte of the key's closing quote (so the key is bytes[KEY_START, KEY_END), without quotes)
 *   VALUE_START  first byte of the value: of the text after its quote for strings, of the token for all others
 *   VALUE_END    one past the last byte of that (a string's closing quote is at VALUE_END)
 *   VALUE_TYPE   one of VALUE_* below, plus the flags KEY_ESCAPED and VALUE_ESCAPED
 *
 * All are absolute positions in `bytes`. The order is the line's own; a key may occur twice (SQLite's ->> reads the
 * first). `time`, `distinct_id` and `$insert_id` are among them, exactly as sent; who lists properties leaves them out.
 */

export const SPAN = 5;
export const KEY_START = 0;
export const KEY_END = 1;
export const VALUE_START = 2;
export const VALUE_END = 3;
export const VALUE_TYPE = 4;

/** `spans[i * SPAN + VALUE_TYPE] & VALUE_MASK` is one of these. */
export const VALUE_MASK = 7;
export const VALUE_NULL = 0;
export const VALUE_FALSE = 1;
export const VALUE_TRUE = 2;
/** A number without fraction and exponent. */
export const VALUE_INTEGER = 3;
/** A number with a fraction or an exponent. */
export const VALUE_REAL = 4;
export const VALUE_STRING = 5;
export const VALUE_ARRAY = 6;
export const VALUE_OBJECT = 7;
/** The key holds a backslash: its name is JSON.parse of `"` + bytes + `"`. */
export const KEY_ESCAPED = 8;
/** A string value holds a backslash. */
export const VALUE_ESCAPED = 16;

/*
 * What ingest calls for each stored row, in rowid order (profile.ts):
 *
 *   profile.observe(bytes, spans, count, event, timeMs, user, rowid)
 *     bytes         Uint8Array the positions refer to (a reused buffer: copy what must outlive the call)
 *     spans, count  as above; count = number of properties
 *     event         small integer, dense from 0, the same for the same event name within one writer process and table;
 *                   profile.eventName(event, name) is called once before its first use; profiles tables: always 0
 *     timeMs        event time in UTC milliseconds, NaN when the row has no time
 *     user          hash of distinct_id as an integer (0..2^53), -1 when NULL: for distinct users
 *
 * Rows that turn out to be duplicates are not observed. A row that replaces an earlier one calls profile.dirty().
 * A rolled back chunk calls profile.rollback() (profile.begin() was called at its start), a committed one profile.commit().
 */

/** SQLite reads no JSON that is nested deeper; the properties object itself is level 1. */
export const MAX_DEPTH = 1000;
const FIRST_SPANS = 512;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Bytes that end the plain run of a string: quote, backslash, control characters. */
const STOPS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);
/** Bytes that may follow a backslash, other than u. */
const ESCAPES = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => (/[0-9a-fA-F]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** "Not JSON": returned instead of a position. */
export const ODD = -1;

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

export class Scanner {
  /** Five numbers per property, `count` properties; overwritten by the next line. */
  spans: Int32Array = new Int32Array(FIRST_SPANS * SPAN);
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
  /** Set when a line was refused for its nesting only. */
  tooDeep = false;
  /** Position in `spans` of the first property of that name, or -1. */
  time = -1;
  distinctId = -1;
  insertId = -1;
  /** `$distinct_id`, which stands in for a missing `distinct_id`. */
  otherDistinctId = -1;

  private bytes: Uint8Array = new Uint8Array(0);
  private escaped = false;
  private kind = VALUE_NULL;

  constructor(private readonly shape: Shape = EVENT_LINE) {}

  /**
   * Scans the object that starts at `start` (whitespace before it is allowed). Returns the position after it and after
   * the whitespace that follows, or ODD. A position before the line's end means that something else follows in the line.
   * That it is an object says nothing yet of its being an event: look at `eventStart`.
   */
  scan(bytes: Uint8Array, start: number): number {
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

  /** Any JSON value that starts exactly at `at`; returns the position after it, or ODD. */
  skipValue(bytes: Uint8Array, at: number): number {
    this.bytes = bytes;
    return this.value(at, 1);
  }

  /** 1 for the name, 2 for the properties, else 0. */
  private memberName(start: number, end: number): 0 | 1 | 2 {
    const { name, properties } = this.shape;
    if (this.escaped) {
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

  /** The properties object from after its opening brace; returns the position after its closing one. */
  private properties(from: number): number {
    const { bytes } = this;
    let { spans } = this;
    let count = 0;
    let at = this.space(from);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return ODD;
      const keyStart = at + 1;
      const keyEnd = this.string(keyStart);
      if (keyEnd === ODD) return ODD;
      let flags = this.escaped ? KEY_ESCAPED : 0;
      at = bytes[keyEnd + 1] === COLON ? keyEnd + 2 : this.colon(keyEnd + 1);
      if (at === ODD) return ODD;
      if ((bytes[at] as number) <= 0x20) at = this.space(at);
      const slot = count * SPAN;
      if (slot === spans.length) spans = this.grow();
      if (bytes[at] === QUOTE) {
        spans[slot + VALUE_START] = at + 1;
        at = this.string(at + 1);
        if (at === ODD) return ODD;
        spans[slot + VALUE_END] = at++;
        flags |= this.escaped ? VALUE_STRING | VALUE_ESCAPED : VALUE_STRING;
      } else {
        spans[slot + VALUE_START] = at;
        at = this.other(at, 2);
        if (at === ODD) return ODD;
        spans[slot + VALUE_END] = at;
        flags |= this.kind;
      }
      spans[slot + KEY_START] = keyStart;
      spans[slot + KEY_END] = keyEnd;
      spans[slot + VALUE_TYPE] = flags;
      this.note(keyStart, keyEnd, count, flags);
      count++;
      let byte = bytes[at];
      if (byte !== COMMA && byte !== CLOSE_BRACE) {
        at = this.space(at);
        byte = bytes[at];
      }
      if (byte === CLOSE_BRACE) break;
      if (byte !== COMMA) return ODD;
      at++;
      if (bytes[at] !== QUOTE) at = this.space(at);
    }
    this.count = count;
    return at + 1;
  }

  private grow(): Int32Array {
    const larger: Int32Array = new Int32Array(this.spans.length * 2);
    larger.set(this.spans);
    this.spans = larger;
    return larger;
  }

  /** Remembers the first `time`, `distinct_id` and `$insert_id`: SQLite's ->> takes the first of equal keys too. */
  private note(keyStart: number, keyEnd: number, index: number, flags: number): void {
    const length = keyEnd - keyStart;
    if (flags & KEY_ESCAPED) {
      // A name may be spelled with \u escapes; quotes and backslashes in it cannot make it one of ours.
      this.noteName(decodeText(this.bytes, keyStart, keyEnd), index);
    } else if (length === 4) {
      if (this.time < 0 && this.matches(keyStart, "time")) this.time = index;
    } else if (length >= 10 && length <= 12) {
      if (length === 11) {
        if (this.distinctId < 0 && this.matches(keyStart, "distinct_id")) this.distinctId = index;
      } else if (length === 10) {
        if (this.insertId < 0 && this.matches(keyStart, "$insert_id")) this.insertId = index;
      } else if (this.otherDistinctId < 0 && this.matches(keyStart, "$distinct_id")) this.otherDistinctId = index;
    }
  }

  private noteName(name: string, index: number): void {
    if (name === "time" && this.time < 0) this.time = index;
    else if (name === "distinct_id" && this.distinctId < 0) this.distinctId = index;
    else if (name === "$insert_id" && this.insertId < 0) this.insertId = index;
    else if (name === "$distinct_id" && this.otherDistinctId < 0) this.otherDistinctId = index;
  }

  private matches(start: number, name: string): boolean {
    const { bytes } = this;
    for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  /** From after the opening quote to the closing one; sets `escaped`. */
  private string(from: number): number {
    const { bytes } = this;
    let at = from;
    while (STOPS[bytes[at] as number] === 0) at++;
    this.escaped = false;
    return bytes[at] === QUOTE ? at : this.escapedString(at);
  }

  private escapedString(from: number): number {
    const { bytes } = this;
    this.escaped = true;
    let at = from;
    for (;;) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) return at;
      if (byte !== BACKSLASH) return ODD;
      const second = bytes[at + 1] as number;
      if (ESCAPES[second] === 1) at += 2;
      else if (second === 0x75 && this.hex(at + 2)) at += 6;
      else return ODD;
      while (STOPS[bytes[at] as number] === 0) at++;
    }
  }

  private hex(at: number): boolean {
    const { bytes } = this;
    for (let i = at; i < at + 4; i++) if (HEX[bytes[i] as number] !== 1) return false;
    return true;
  }

  private space(from: number): number {
    const { bytes } = this;
    let at = from;
    if (at < 0) return ODD;
    while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++;
    // A newline ends the line, as a rule.
    return bytes[at] === 0x0a && this.shape.multiline ? this.space(at + 1) : at;
  }

  private colon(from: number): number {
    const at = this.space(from);
    return this.bytes[at] === COLON ? this.space(at + 1) : ODD;
  }

  private value(at: number, depth: number): number {
    if (this.bytes[at] !== QUOTE) return this.other(at, depth);
    const end = this.string(at + 1);
    this.kind = this.escaped ? VALUE_STRING | VALUE_ESCAPED : VALUE_STRING;
    return end === ODD ? ODD : end + 1;
  }

  /** Any value but a string; sets `kind`. */
  private other(at: number, depth: number): number {
    const byte = this.bytes[at] as number;
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.number(at);
    if (byte === 0x74) return this.literal(at, "true", VALUE_TRUE);
    if (byte === 0x66) return this.literal(at, "false", VALUE_FALSE);
    if (byte === 0x6e) return this.literal(at, "null", VALUE_NULL);
    if (depth > MAX_DEPTH) {
      this.tooDeep = true;
      return ODD;
    }
    if (byte === OPEN_BRACE) return this.object(at, depth);
    return byte === OPEN_BRACKET ? this.array(at, depth) : ODD;
  }

  private literal(at: number, word: string, kind: number): number {
    this.kind = kind;
    return this.matches(at, word) ? at + word.length : ODD;
  }

  private number(from: number): number {
    const { bytes } = this;
    let at = bytes[from] === 0x2d ? from + 1 : from;
    this.kind = VALUE_INTEGER;
    if (bytes[at] === 0x30) at++;
    else {
      const end = this.digits(at);
      if (end === at) return ODD;
      at = end;
    }
    if (bytes[at] === 0x2e) {
      this.kind = VALUE_REAL;
      const end = this.digits(at + 1);
      if (end === at + 1) return ODD;
      at = end;
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      this.kind = VALUE_REAL;
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      const end = this.digits(at);
      if (end === at) return ODD;
      at = end;
    }
    return at;
  }

  private digits(from: number): number {
    const { bytes } = this;
    let at = from;
    while ((bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++;
    return at;
  }

  private object(from: number, depth: number): number {
    const { bytes } = this;
    let at = this.space(from + 1);
    if (bytes[at] !== CLOSE_BRACE) {
      for (;;) {
        if (bytes[at] !== QUOTE) return ODD;
        const keyEnd = this.string(at + 1);
        if (keyEnd === ODD) return ODD;
        at = this.colon(keyEnd + 1);
        if (at === ODD) return ODD;
        at = this.space(this.value(at, depth + 1));
        if (at === ODD) return ODD;
        if (bytes[at] === CLOSE_BRACE) break;
        if (bytes[at] !== COMMA) return ODD;
        at = this.space(at + 1);
      }
    }
    this.kind = VALUE_OBJECT;
    return at + 1;
  }

  private array(from: number, depth: number): number {
    const { bytes } = this;
    let at = this.space(from + 1);
    if (bytes[at] !== CLOSE_BRACKET) {
      for (;;) {
        at = this.space(this.value(at, depth + 1));
        if (at === ODD) return ODD;
        if (bytes[at] === CLOSE_BRACKET) break;
        if (bytes[at] !== COMMA) return ODD;
        at = this.space(at + 1);
      }
    }
    this.kind = VALUE_ARRAY;
    return at + 1;
  }
}

/** The text of the string whose content lies in [start, end), escapes resolved. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(`"${Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8")}"`) as string;
}
