/** The numbers of one property: sums, extremes, and a count per value whose precision gives way when there are too many. */
import { addHash } from "./profile-distinct.ts";
import { mix } from "./profile-hash.ts";
import {
  countDown,
  createSlots,
  entries,
  isFull,
  SLOT_COUNT,
  SLOT_SAMPLE,
  type Slots,
  slotOf,
} from "./profile-slots.ts";
import {
  type Budget,
  grow,
  LOST_MAX,
  LOST_MIN,
  MAX_VALUES,
  mayGrow,
  newSketch,
  type Values,
} from "./profile-values.ts";

/** The bits of a double, for use as a key; -0 stands for 0, because the key 0 means "free". */
const BITS = new Float64Array(1);
const WORDS = new Int32Array(BITS.buffer);
/** Upper half of -0. */
const ZERO_HIGH = 1 << 31;

export function addNumber(values: Values, budget: Budget, value: number, sample: number): void {
  if (values.numbers === undefined) {
    values.numbers = createSlots();
    budget.slots += 16;
    values.shift = Number.isFinite(value) ? value : 0;
  }
  accumulate(values, value, 1);
  if (value <= values.min) {
    values.min = value;
    values.lost &= ~LOST_MIN;
  }
  if (value >= values.max) {
    values.max = value;
    values.lost &= ~LOST_MAX;
  }
  BITS[0] = value === 0 ? -0 : value;
  const low = WORDS[0] ?? 0;
  const high = WORDS[1] ?? 0;
  if (values.numberSketch !== undefined)
    addHash(values.numberSketch, mix(low ^ Math.imul(high, 0x9e3779b1)), mix(high + low));
  const numbers = values.numbers;
  const at = numberSlot(numbers, low & values.lowMask, high & values.highMask);
  const { cells } = numbers;
  const count = cells[at + SLOT_COUNT] ?? 0;
  cells[at + SLOT_COUNT] = count + 1;
  if (count > 0) return;
  numbers.live++;
  cells[at + SLOT_SAMPLE] = sample;
  if (isFull(numbers) || numbers.live > MAX_VALUES) growNumbers(values, budget);
}

/** Undoes addNumber. While every number is counted the extremes are read from the counts (profile-summary-values.ts). */
export function removeNumber(values: Values, value: number, sample: number): void {
  if (values.numbers === undefined) return;
  accumulate(values, value, -1);
  BITS[0] = value === 0 ? -0 : value;
  countDown(values.numbers, (WORDS[0] ?? 0) & values.lowMask, (WORDS[1] ?? 0) & values.highMask, sample);
  if (values.numberSketch === undefined) return;
  if (value === values.min) values.lost |= LOST_MIN;
  if (value === values.max) values.lost |= LOST_MAX;
}

/** Adds (`sign` 1) or takes away (-1) a number from the sums. */
function accumulate(values: Values, value: number, sign: number): void {
  values.numberCount += sign;
  const plain = sign * value;
  const total = values.sum + plain;
  values.sumRest += Math.abs(values.sum) >= Math.abs(plain) ? values.sum - total + plain : plain - total + values.sum;
  values.sum = total;
  const difference = value - values.shift;
  const signed = sign * difference;
  const shifted = values.shifted + signed;
  values.shiftedRest +=
    Math.abs(values.shifted) >= Math.abs(signed)
      ? values.shifted - shifted + signed
      : signed - shifted + values.shifted;
  values.shifted = shifted;
  const square = signed * difference;
  const squares = values.squares + square;
  values.squaresRest +=
    Math.abs(values.squares) >= Math.abs(square)
      ? values.squares - squares + square
      : square - squares + values.squares;
  values.squares = squares;
}

function growNumbers(values: Values, budget: Budget): void {
  const { numbers } = values;
  if (numbers === undefined) return;
  const capacity = numbers.mask + 1;
  if (values.numberSketch === undefined) {
    if (mayGrow(numbers.live, values.numberCount, capacity, budget)) {
      grow(numbers, budget);
      return;
    }
    values.numberSketch = newSketch(budget);
    for (const { low, high } of entries(numbers)) {
      addHash(values.numberSketch, mix(low ^ Math.imul(high, 0x9e3779b1)), mix(high + low));
    }
  }
  coarsen(values, numbers);
}

/** Merges neighbouring numbers by dropping mantissa bits until at most half the slots are needed: at least 5 bits stay. */
function coarsen(values: Values, numbers: Slots): void {
  const capacity = numbers.mask + 1;
  while (numbers.live > capacity / 3 && values.highMask > -32_768) {
    if (values.lowMask !== 0) values.lowMask <<= values.lowMask === -1 ? 24 : 8;
    else values.highMask <<= 2;
    numbers.dropped = values.lowMask !== 0 ? trailingZeros(values.lowMask) : 32 + trailingZeros(values.highMask);
    const old = entries(numbers);
    numbers.cells.fill(0);
    numbers.used = 0;
    numbers.live = 0;
    for (const entry of old) {
      const at = numberSlot(numbers, entry.low & values.lowMask, entry.high & values.highMask);
      if (numbers.cells[at + SLOT_COUNT] === 0) numbers.live++;
      numbers.cells[at + SLOT_COUNT] = (numbers.cells[at + SLOT_COUNT] ?? 0) + entry.count;
      numbers.cells[at + SLOT_SAMPLE] = entry.sample;
    }
  }
}

function trailingZeros(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** A tiny number may have no bits left: it is counted as zero, whose key is that of -0. */
function numberSlot(numbers: Slots, low: number, high: number): number {
  return slotOf(numbers, low, low === 0 && high === 0 ? ZERO_HIGH : high);
}

/** The number a key of `numbers` stands for. */
export function numberOf(low: number, high: number): number {
  WORDS[0] = low;
  WORDS[1] = high;
  return (BITS[0] ?? 0) + 0;
}
