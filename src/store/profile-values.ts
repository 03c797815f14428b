/**
 * What is known of one property's values: exact counts per value up to MAX_VALUES different ones; beyond that a sketch
 * of how many there are, the frequent texts, and a histogram of the numbers.
 */
import { createSketch, type Sketch } from "./profile-distinct.ts";
import { rebuild, type Slots } from "./profile-slots.ts";

/** Different values per property that are counted one by one. */
export const MAX_VALUES = 65_536;
/** Slots over all properties (16 bytes each): 24 MB. */
const MAX_SLOTS = 1_572_864;
/** A property with this many different values, and more than one per two rows, is an identifier: counting them is no use. */
const IDENTIFIER_VALUES = 8_192;
/** Properties whose sketch is a fine one; the rest get 10 bits (1 KB, 3 %). */
const FINE_SKETCHES = 200;

/** Shared by all properties of a profile. */
export type Budget = { slots: number; sketches: number };

export type Values = {
  /** Texts, arrays and objects counted. */
  textCount: number;
  texts: Slots | undefined;
  textSketch: Sketch | undefined;
  /** How much the count of a text may be too low, because rare ones were forgotten. */
  forgotten: number;
  numbers: Slots | undefined;
  numberSketch: Sketch | undefined;
  /** Bits of a number's lower and upper half that are kept in `numbers`: all, until there are too many different ones. */
  lowMask: number;
  highMask: number;
  /** Compensated sums (Neumaier, as SQLite's own): plain, and of the differences from `shift` and their squares. */
  numberCount: number;
  sum: number;
  sumRest: number;
  shift: number;
  shifted: number;
  shiftedRest: number;
  squares: number;
  squaresRest: number;
  min: number;
  max: number;
  /** Exact integers beyond 2^53, where doubles are too coarse. */
  bigMin: bigint | undefined;
  bigMax: bigint | undefined;
  minText: Uint8Array | undefined;
  maxText: Uint8Array | undefined;
  /** LOST_* of the extremes whose last row was replaced, until the value is seen again. */
  lost: number;
};

export const LOST_MIN = 1;
export const LOST_MAX = 2;
export const LOST_MIN_TEXT = 4;
export const LOST_MAX_TEXT = 8;

export function createValues(): Values {
  return {
    textCount: 0,
    texts: undefined,
    textSketch: undefined,
    forgotten: 0,
    numbers: undefined,
    numberSketch: undefined,
    lowMask: -1,
    highMask: -1,
    numberCount: 0,
    sum: 0,
    sumRest: 0,
    shift: 0,
    shifted: 0,
    shiftedRest: 0,
    squares: 0,
    squaresRest: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    bigMin: undefined,
    bigMax: undefined,
    minText: undefined,
    maxText: undefined,
    lost: 0,
  };
}

/** Whether a table with `live` different values out of `rows` may become larger. */
export function mayGrow(live: number, rows: number, capacity: number, budget: Budget): boolean {
  if (live > MAX_VALUES || (live >= IDENTIFIER_VALUES && live * 2 > rows)) return false;
  return budget.slots + nextCapacity(capacity) <= MAX_SLOTS || capacity < 256;
}

/** Fourfold steps while a table is small: each step visits every entry. */
function nextCapacity(capacity: number): number {
  return capacity < 65_536 ? capacity * 4 : capacity * 2;
}

export function grow(slots: Slots, budget: Budget): void {
  const capacity = slots.mask + 1;
  budget.slots += nextCapacity(capacity) - capacity;
  rebuild(slots, nextCapacity(capacity));
}

/** A fine sketch while there are few. */
export function newSketch(budget: Budget): Sketch {
  return createSketch(budget.sketches++ < FINE_SKETCHES ? 14 : 10);
}
