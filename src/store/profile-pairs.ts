/**
 * How often each property occurs in each event. A "pair" is one property in one event. Events of one name carry their
 * properties in nearly always the same order, so each pair remembers which one followed it last.
 */
import { VALUE_MASK } from "./spans.ts";

/** Counters per pair: one per kind of value (spans.ts, VALUE_*). */
export const KINDS = VALUE_MASK + 1;

/** Numbers per pair: one line of the processor's cache. */
export const PAIR = 16;
/** The property's code (property-keys.ts). */
export const PAIR_KEY = 0;
export const PAIR_EVENT = 1;
/** The pair that followed this one last time, -1 when none has. */
const PAIR_NEXT = 2;
/** Number of the row that counted this pair last: the second of duplicate keys is not counted. */
export const PAIR_ROW = 3;
/** KINDS counters. */
export const PAIR_COUNTS = 8;

/** More than this many pairs are not counted apart: 2,000 events with 250 properties each. */
const MAX_PAIRS = 500_000;
const NO_PAIR = -1;

export type Pairs = {
  list: Int32Array;
  count: number;
  /** By event: the pair of its first property last time. */
  first: Int32Array;
  /** Hash table of pair + 1 by (event, key). */
  table: Int32Array;
  /** Properties beyond the limits were met. */
  overflowed: boolean;
};

export function createPairs(): Pairs {
  return {
    list: new Int32Array(256 * PAIR),
    count: 0,
    first: new Int32Array(64).fill(NO_PAIR),
    table: new Int32Array(1024),
    overflowed: false,
  };
}

/** The pair of a property that comes after the pair `previous` (-1: the row's first); -1 when it is not counted. */
export function pairAfter(pairs: Pairs, previous: number, event: number, key: number): number {
  const { list } = pairs;
  const guess = (previous < 0 ? pairs.first[event] : list[previous * PAIR + PAIR_NEXT]) ?? NO_PAIR;
  if (guess >= 0) {
    if (list[guess * PAIR + PAIR_KEY] === key) return guess;
    // A property that is absent now and then: the one after it, without forgetting the order.
    const second = list[guess * PAIR + PAIR_NEXT] as number;
    if (second >= 0 && list[second * PAIR + PAIR_KEY] === key) return second;
  }
  const pair = findPair(pairs, event, key);
  if (previous < 0) setFirst(pairs, event, pair);
  else pairs.list[previous * PAIR + PAIR_NEXT] = pair;
  return pair;
}

function setFirst(pairs: Pairs, event: number, pair: number): void {
  if (event >= pairs.first.length) {
    const longer = new Int32Array(Math.max(event + 1, pairs.first.length * 2)).fill(NO_PAIR);
    longer.set(pairs.first);
    pairs.first = longer;
  }
  pairs.first[event] = pair;
}

function findPair(pairs: Pairs, event: number, key: number): number {
  const { list, table } = pairs;
  const mask = table.length - 1;
  let slot = pairHash(event, key) & mask;
  for (;;) {
    const pair = (table[slot] as number) - 1;
    if (pair < 0) break;
    const at = pair * PAIR;
    if (list[at + PAIR_KEY] === key && list[at + PAIR_EVENT] === event) return pair;
    slot = (slot + 1) & mask;
  }
  if (key >= 0 && pairs.count < MAX_PAIRS) return addPair(pairs, event, key);
  pairs.overflowed = true;
  return NO_PAIR;
}

function addPair(pairs: Pairs, event: number, key: number): number {
  const pair = pairs.count++;
  const at = pair * PAIR;
  if (at >= pairs.list.length) pairs.list = doubled(pairs.list);
  pairs.list[at + PAIR_KEY] = key;
  pairs.list[at + PAIR_EVENT] = event;
  pairs.list[at + PAIR_NEXT] = NO_PAIR;
  if (pairs.count * 2 > pairs.table.length) {
    pairs.table = new Int32Array(pairs.table.length * 2);
    for (let each = 0; each < pairs.count; each++) placePair(pairs, each);
  } else placePair(pairs, pair);
  return pair;
}

function placePair({ list, table }: Pairs, pair: number): void {
  const mask = table.length - 1;
  let slot = pairHash(list[pair * PAIR + PAIR_EVENT] as number, list[pair * PAIR + PAIR_KEY] as number) & mask;
  while (table[slot] !== 0) slot = (slot + 1) & mask;
  table[slot] = pair + 1;
}

function pairHash(event: number, key: number): number {
  const mixed = Math.imul(event, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

export function doubled(list: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(list.length * 2);
  longer.set(list);
  return longer;
}
