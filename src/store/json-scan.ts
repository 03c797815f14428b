/**
 * Strict JSON over bytes: where a value ends, or that it is none. It makes no strings. The buffer must hold a byte below
 * 0x20 behind the text (a newline, or NUL where newlines are whitespace): no loop here looks for its end.
 */
import {
  VALUE_ARRAY,
  VALUE_ESCAPED,
  VALUE_FALSE,
  VALUE_INTEGER,
  VALUE_NULL,
  VALUE_OBJECT,
  VALUE_REAL,
  VALUE_STRING,
  VALUE_TRUE,
} from "./spans.ts";

/** SQLite reads no JSON that is nested deeper; the properties object itself is level 1. */
export const MAX_DEPTH = 1000;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

const bytesWhere = (test: (byte: number) => boolean) =>
  Uint8Array.from({ length: 256 }, (_, byte) => (test(byte) ? 1 : 0));

/** Bytes that end the plain run of a string: quote, backslash, control characters. */
export const STOPS = bytesWhere((byte) => byte < 0x20 || byte === QUOTE || byte === BACKSLASH);
/** Bytes that may follow a backslash, other than u. */
const ESCAPES = bytesWhere((byte) => '"\\/bfnrt'.includes(String.fromCharCode(byte)));
const HEX = bytesWhere((byte) => /[0-9a-fA-F]/.test(String.fromCharCode(byte)));

/** "Not JSON": returned instead of a position. */
export const ODD = -1;

export class JsonScanner {
  /** Set when something was refused for its nesting only. */
  tooDeep = false;

  protected bytes: Uint8Array = new Uint8Array(0);
  /** VALUE_* of what was scanned last, VALUE_ESCAPED included. */
  protected kind = VALUE_NULL;

  constructor(private readonly multiline: boolean) {}

  /** Any JSON value that starts exactly at `at`; returns the position after it, or ODD. */
  skipValue(bytes: Uint8Array, at: number): number {
    this.bytes = bytes;
    return this.value(at, 1);
  }

  protected value(at: number, depth: number): number {
    if (this.bytes[at] !== QUOTE) return this.other(at, depth);
    const end = this.string(at + 1);
    return end === ODD ? ODD : end + 1;
  }

  /** From after the opening quote to the closing one. */
  protected string(from: number): number {
    const { bytes } = this;
    let at = from;
    while (STOPS[bytes[at] as number] === 0) at++;
    this.kind = VALUE_STRING;
    return bytes[at] === QUOTE ? at : this.escapedString(at);
  }

  /** The same from the first backslash on. */
  protected escapedString(from: number): number {
    const { bytes } = this;
    this.kind = VALUE_STRING | VALUE_ESCAPED;
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

  protected space(from: number): number {
    const { bytes } = this;
    let at = from;
    if (at < 0) return ODD;
    while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++;
    // A newline ends a line, where text comes in lines.
    return bytes[at] === 0x0a && this.multiline ? this.space(at + 1) : at;
  }

  protected colon(from: number): number {
    const at = this.space(from);
    return this.bytes[at] === COLON ? this.space(at + 1) : ODD;
  }

  /** Any value but a string; sets `kind`. */
  protected other(at: number, depth: number): number {
    const byte = this.bytes[at] as number;
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.number(at);
    if (byte === 0x74) return this.literal(at, "true", VALUE_TRUE);
    if (byte === 0x66) return this.literal(at, "false", VALUE_FALSE);
    if (byte === 0x6e) return this.literal(at, "null", VALUE_NULL);
    if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return ODD;
    if (depth > MAX_DEPTH) {
      this.tooDeep = true;
      return ODD;
    }
    return byte === OPEN_BRACE ? this.object(at, depth) : this.array(at, depth);
  }

  private literal(at: number, word: string, kind: number): number {
    this.kind = kind;
    return this.matches(at, word) ? at + word.length : ODD;
  }

  protected matches(start: number, text: string): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  private number(from: number): number {
    const { bytes } = this;
    let at = bytes[from] === MINUS ? from + 1 : from;
    let kind = VALUE_INTEGER;
    const end = bytes[at] === ZERO ? at + 1 : this.digits(at);
    if (end === at) return ODD;
    at = end;
    if (bytes[at] === 0x2e) {
      kind = VALUE_REAL;
      at = this.digits(at + 1);
      if (bytes[at - 1] === 0x2e) return ODD;
    }
    if (((bytes[at] as number) | 0x20) === 0x65) {
      kind = VALUE_REAL;
      at++;
      if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
      const last = this.digits(at);
      if (last === at) return ODD;
      at = last;
    }
    this.kind = kind;
    return at;
  }

  private digits(from: number): number {
    const { bytes } = this;
    let at = from;
    while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
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
