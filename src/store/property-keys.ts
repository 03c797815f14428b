/**
 * Names of properties as small numbers. Lines of an export carry their keys in nearly always the same order, so each key
 * remembers which ones came after it: most keys are recognised by comparing bytes with those, and never searched for.
 */
import { hashBytes } from "./dedupe.ts";
import { decodeText } from "./json-scan.ts";
import { mix } from "./profile-hash.ts";

/** The names that have a meaning for us have the same codes everywhere. */
export const KEY_TIME = 0;
export const KEY_DISTINCT_ID = 1;
export const KEY_INSERT_ID = 2;
export const KEY_OTHER_DISTINCT_ID = 3;
export const KEY_PROCESSED = 4;
export const KEY_LAST_SEEN = 5;
const KNOWN = ["time", "distinct_id", "$insert_id", "$distinct_id", "mp_processing_time_ms", "$last_seen"];

/** The code of names beyond these limits: such properties are stored like all others, and not counted. */
export const KEY_UNCOUNTED = -1;
/** Each name costs the statistics a few kilobytes; a project of 20,000 is a very large one. */
export const MAX_NAMES = 50_000;
const MAX_SPELLINGS = 100_000;
const MAX_TEXT_BYTES = 32 << 20;

/** Numbers per spelling of a name in `spellings`; a name has several when it is written with different escapes. */
const SPELLING = 8;
/** Where its text is in `text`: the key as written and the `":` behind it. */
const TEXT = 0;
const LENGTH = 1;
const CODE = 2;
/** The spellings that came after it lately, -1 for none. */
const NEXT = 3;
const OTHER = 4;
const HASH = 5;

/** What comes before the first key of an object. */
export const OPENING = 0;
const UNCOUNTED = 1;

const BEHIND = Buffer.from('":');

export class PropertyKeys {
  /** By code, as JSON.parse reads them. */
  readonly names: string[] = [...KNOWN];
  private readonly codes = new Map(KNOWN.map((name, code) => [name, code]));
  private readonly seed = (Math.random() * 2 ** 32) | 0;
  private spellings = new Int32Array(256 * SPELLING).fill(-1);
  private count = 2;
  /** Hash table of spelling + 1. */
  private table = new Int32Array(1024);
  private text = new Uint8Array(8192);
  private view = new DataView(this.text.buffer);
  private used = 0;

  constructor() {
    for (const special of [OPENING, UNCOUNTED]) this.spellings[special * SPELLING + LENGTH] = 0;
  }

  /** The code of a spelling: its place in `names`, or KEY_UNCOUNTED. */
  code(spelling: number): number {
    return this.spellings[spelling * SPELLING + CODE] as number;
  }

  /** Bytes of a spelling's text, up to the colon behind it. */
  length(spelling: number): number {
    return this.spellings[spelling * SPELLING + LENGTH] as number;
  }

  /** The spelling at `at`, behind the opening quote, if it is one of those that came after `previous` before; else -1. */
  guess(view: DataView, at: number, previous: number): number {
    const { spellings } = this;
    const place = (previous * SPELLING) | 0;
    const next = spellings[place + NEXT] as number;
    if (next < 0 || this.isAt(next, view, at)) return next;
    const other = spellings[place + OTHER] as number;
    return other < 0 || this.isAt(other, view, at) ? other : -1;
  }

  /** Four bytes at a time, the last four first: what follows a key differs most at its end. */
  private isAt(spelling: number, view: DataView, at: number): boolean {
    const { spellings, view: own } = this;
    const place = (spelling * SPELLING) | 0;
    const length = spellings[place + LENGTH] as number;
    const last = (at + length - 4) | 0;
    if (length < 4 || ((last + 4) | 0) > view.byteLength) return false;
    const start = spellings[place + TEXT] as number;
    const shift = (start - at) | 0;
    if (own.getInt32((last + shift) | 0, true) !== view.getInt32(last, true)) return false;
    for (let position = at; position < last; position = (position + 4) | 0) {
      if (own.getInt32((position + shift) | 0, true) !== view.getInt32(position, true)) return false;
    }
    return true;
  }

  /** The spelling whose text is [start, end), and that it came after `previous`. */
  find(bytes: Uint8Array, start: number, end: number, previous: number): number {
    const spelling = this.search(bytes, start, end);
    const { spellings } = this;
    const at = previous * SPELLING;
    if (spellings[at + NEXT] !== spelling) {
      spellings[at + OTHER] = spellings[at + NEXT] as number;
      spellings[at + NEXT] = spelling;
    }
    return spelling;
  }

  /** The code of a name. */
  codeOf(name: string): number {
    const known = this.codes.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= MAX_NAMES) return KEY_UNCOUNTED;
    this.codes.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  private search(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end, this.seed);
    const { table, spellings } = this;
    const mask = table.length - 1;
    for (let slot = mix(hash) & mask; ; slot = (slot + 1) & mask) {
      const spelling = (table[slot] as number) - 1;
      if (spelling < 0) return this.add(bytes, start, end, hash);
      if (spellings[spelling * SPELLING + HASH] === hash && this.equals(spelling, bytes, start, end)) return spelling;
    }
  }

  private equals(spelling: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.length(spelling) !== end - start + BEHIND.length) return false;
    const from = (this.spellings[spelling * SPELLING + TEXT] as number) - start;
    for (let at = start; at < end; at++) if (this.text[from + at] !== bytes[at]) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start + BEHIND.length;
    if (this.count >= MAX_SPELLINGS || this.used + length > MAX_TEXT_BYTES) return UNCOUNTED;
    const code = this.codeOf(decodeText(bytes, start, end));
    if (code === KEY_UNCOUNTED) return UNCOUNTED;
    const spelling = this.count++;
    const at = spelling * SPELLING;
    if (at >= this.spellings.length) this.growSpellings();
    this.spellings[at + TEXT] = this.append(bytes.subarray(start, end));
    this.spellings[at + LENGTH] = length;
    this.spellings[at + CODE] = code;
    this.spellings[at + HASH] = hash;
    if (this.count * 2 > this.table.length) this.growTable();
    else this.place(spelling);
    return spelling;
  }

  private append(key: Uint8Array): number {
    const start = this.used;
    this.used += key.length + BEHIND.length;
    if (this.used > this.text.length) {
      const larger = new Uint8Array(this.used * 2);
      larger.set(this.text);
      this.text = larger;
      this.view = new DataView(larger.buffer);
    }
    this.text.set(key, start);
    this.text.set(BEHIND, start + key.length);
    return start;
  }

  private growSpellings(): void {
    const larger = new Int32Array(this.spellings.length * 2).fill(-1);
    larger.set(this.spellings);
    this.spellings = larger;
  }

  private growTable(): void {
    this.table = new Int32Array(this.table.length * 2);
    for (let spelling = UNCOUNTED + 1; spelling < this.count; spelling++) this.place(spelling);
  }

  private place(spelling: number): void {
    const mask = this.table.length - 1;
    let slot = mix(this.spellings[spelling * SPELLING + HASH] as number) & mask;
    while (this.table[slot] !== 0) slot = (slot + 1) & mask;
    this.table[slot] = spelling + 1;
  }
}
