/**
 * Names of properties, and how often each occurs in each event, straight from the bytes of the keys. A key with a
 * backslash among its bytes is spelled as in JSON.
 *
 * A "pair" is one property in one event. Events of one name carry their properties in nearly always the same order, so
 * each pair remembers which one followed it last: most keys are recognised by comparing them with that guess.
 */

import { type Hasher, hashBytes } from "./profile-hash.ts";
import { VALUE_MASK } from "./scan.ts";

/** Counters per pair: one per kind of value (scan.ts, VALUE_*). */
export const KINDS = VALUE_MASK + 1;

/** Numbers per pair. */
export const PAIR = 16;
export const PAIR_KEY = 0;
export const PAIR_EVENT = 1;
/** The pair that followed this one last time, -1 when none has. */
export const PAIR_NEXT = 2;
/** Number of the row that counted this pair last: the second of duplicate keys is not counted. */
export const PAIR_ROW = 3;
/** Where the key's bytes are in `text`. */
const PAIR_TEXT = 4;
const PAIR_LENGTH = 5;
/** KINDS counters. */
export const PAIR_COUNTS = 8;

/** More than this many pairs are not counted apart: 2,000 events with 250 properties each. */
const MAX_PAIRS = 500_000;
const NO_PAIR = -1;

export type Keys = {
  hasher: Hasher;
  /** The keys' bytes, one after the other. */
  text: Uint8Array;
  view: DataView;
  textUsed: number;
  keyStart: Int32Array;
  keyLength: Int32Array;
  keyCount: number;
  /** Hash table: hash halves and key code + 1, three numbers per slot. */
  keyTable: Int32Array;
  /** PAIR numbers per pair, as PAIR_* say: one line of the processor's cache each. */
  pairs: Int32Array;
  pairCount: number;
  /** Hash table of pair code + 1 by (event, key). */
  pairTable: Int32Array;
  /** Pairs beyond MAX_PAIRS were met. */
  overflowed: boolean;
};

export function createKeys(hasher: Hasher): Keys {
  const text = new Uint8Array(4096);
  return {
    hasher,
    text,
    view: new DataView(text.buffer),
    textUsed: 0,
    keyStart: new Int32Array(64),
    keyLength: new Int32Array(64),
    keyCount: 0,
    keyTable: new Int32Array(256 * 3),
    pairs: new Int32Array(256 * PAIR),
    pairCount: 0,
    pairTable: new Int32Array(1024),
    overflowed: false,
  };
}

/** Is the key of `pair` the text at [start, end)? */
export function isPair(keys: Keys, pair: number, view: DataView, start: number, end: number): boolean {
  const { pairs } = keys;
  const at = pair * PAIR;
  if (pairs[at + PAIR_LENGTH] !== end - start) return false;
  return isText(keys.view, pairs[at + PAIR_TEXT] ?? 0, view, start, end);
}

function isKey(keys: Keys, key: number, view: DataView, start: number, end: number): boolean {
  if (keys.keyLength[key] !== end - start) return false;
  return isText(keys.view, keys.keyStart[key] ?? 0, view, start, end);
}

function isText(own: DataView, from: number, view: DataView, start: number, end: number): boolean {
  let left = from;
  let right = start;
  for (; right + 4 <= end; right += 4, left += 4) {
    if (own.getInt32(left, true) !== view.getInt32(right, true)) return false;
  }
  for (; right < end; right++, left++) if (own.getUint8(left) !== view.getUint8(right)) return false;
  return true;
}

/** Code of the pair (event, key text), made on first sight; -1 once there are too many. */
export function findPair(keys: Keys, event: number, view: DataView, start: number, end: number): number {
  const key = findKey(keys, view, start, end);
  return pairOf(keys, event, key);
}

function pairOf(keys: Keys, event: number, key: number): number {
  const mask = keys.pairTable.length - 1;
  let slot = pairHash(event, key) & mask;
  for (;;) {
    const pair = (keys.pairTable[slot] ?? 0) - 1;
    if (pair < 0) break;
    const at = pair * PAIR;
    if (keys.pairs[at + PAIR_KEY] === key && keys.pairs[at + PAIR_EVENT] === event) return pair;
    slot = (slot + 1) & mask;
  }
  if (keys.pairCount >= MAX_PAIRS) {
    keys.overflowed = true;
    return NO_PAIR;
  }
  return addPair(keys, event, key);
}

function addPair(keys: Keys, event: number, key: number): number {
  const pair = keys.pairCount++;
  const at = pair * PAIR;
  if (at >= keys.pairs.length) keys.pairs = doubled(keys.pairs);
  keys.pairs[at + PAIR_KEY] = key;
  keys.pairs[at + PAIR_EVENT] = event;
  keys.pairs[at + PAIR_NEXT] = NO_PAIR;
  keys.pairs[at + PAIR_TEXT] = keys.keyStart[key] ?? 0;
  keys.pairs[at + PAIR_LENGTH] = keys.keyLength[key] ?? 0;
  if (keys.pairCount * 2 > keys.pairTable.length) {
    keys.pairTable = new Int32Array(keys.pairTable.length * 2);
    for (let each = 0; each < keys.pairCount; each++) placePair(keys, each);
  } else placePair(keys, pair);
  return pair;
}

function placePair(keys: Keys, pair: number): void {
  const mask = keys.pairTable.length - 1;
  let slot = pairHash(keys.pairs[pair * PAIR + PAIR_EVENT] ?? 0, keys.pairs[pair * PAIR + PAIR_KEY] ?? 0) & mask;
  while (keys.pairTable[slot] !== 0) slot = (slot + 1) & mask;
  keys.pairTable[slot] = pair + 1;
}

function pairHash(event: number, key: number): number {
  const mixed = Math.imul(event, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** Code of a key, dense from 0, made on first sight. */
export function findKey(keys: Keys, view: DataView, start: number, end: number): number {
  const { hasher } = keys;
  hashBytes(hasher, view, start, end, 0);
  const low = hasher.out[0] ?? 0;
  const high = hasher.out[1] ?? 0;
  const slots = keys.keyTable.length / 3;
  let slot = low & (slots - 1);
  for (;;) {
    const at = slot * 3;
    const code = (keys.keyTable[at + 2] ?? 0) - 1;
    if (code < 0) break;
    if (keys.keyTable[at] === low && keys.keyTable[at + 1] === high && isKey(keys, code, view, start, end)) return code;
    slot = (slot + 1) & (slots - 1);
  }
  return addKey(keys, view, start, end, low, high);
}

function addKey(keys: Keys, view: DataView, start: number, end: number, low: number, high: number): number {
  const key = keys.keyCount++;
  if (key >= keys.keyStart.length) {
    keys.keyStart = doubled(keys.keyStart);
    keys.keyLength = doubled(keys.keyLength);
  }
  const length = end - start;
  if (keys.textUsed + length > keys.text.length) {
    const wider = new Uint8Array((keys.textUsed + length) * 2);
    wider.set(keys.text.subarray(0, keys.textUsed));
    keys.text = wider;
    keys.view = new DataView(wider.buffer);
  }
  for (let offset = 0; offset < length; offset++) keys.text[keys.textUsed + offset] = view.getUint8(start + offset);
  keys.keyStart[key] = keys.textUsed;
  keys.keyLength[key] = length;
  keys.textUsed += length;
  if (keys.keyCount * 6 > keys.keyTable.length) growKeyTable(keys);
  placeKey(keys, key, low, high);
  return key;
}

function growKeyTable(keys: Keys): void {
  const old = keys.keyTable;
  keys.keyTable = new Int32Array(old.length * 2);
  for (let at = 0; at < old.length; at += 3) {
    const code = old[at + 2] ?? 0;
    if (code !== 0) placeKey(keys, code - 1, old[at] ?? 0, old[at + 1] ?? 0);
  }
}

function placeKey(keys: Keys, key: number, low: number, high: number): void {
  const slots = keys.keyTable.length / 3;
  let slot = low & (slots - 1);
  while (keys.keyTable[slot * 3 + 2] !== 0) slot = (slot + 1) & (slots - 1);
  keys.keyTable.set([low, high, key + 1], slot * 3);
}

export function keyName(keys: Keys, key: number): string {
  const start = keys.keyStart[key] ?? 0;
  const bytes = keys.text.subarray(start, start + (keys.keyLength[key] ?? 0));
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return text.includes("\\") ? String(JSON.parse(`"${text}"`)) : text;
}

export function doubled(list: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(list.length * 2);
  longer.set(list);
  return longer;
}
