/** The texts of one property (and arrays and objects, as their JSON), counted by hash. */
import { addHash } from "./profile-distinct.ts";
import { type Hasher, hashBytes, mix } from "./profile-hash.ts";
import {
  countDown,
  createSlots,
  entries,
  isFull,
  rebuild,
  SLOT,
  SLOT_COUNT,
  SLOT_SAMPLE,
  type Slots,
  slotOf,
} from "./profile-slots.ts";
import {
  type Budget,
  grow,
  LOST_MAX_TEXT,
  LOST_MIN_TEXT,
  MAX_VALUES,
  mayGrow,
  newSketch,
  type Values,
} from "./profile-values.ts";
import { VALUE_STRING } from "./spans.ts";

/** Slots for the frequent texts of a property that has too many values: 64 KB, which stay in the processor's cache. */
const FREQUENT_SLOTS = 4_096;
/** Longer texts are compared for min and max by their first bytes only. */
const EXTREME_BYTES = 1024;

/**
 * A text value, or the JSON of an object or array (`ordered` false: these have no min and max). True when the value is a
 * new one, or was forgotten.
 */
export function addText(
  values: Values,
  budget: Budget,
  hasher: Hasher,
  view: DataView,
  start: number,
  end: number,
  kind: number,
  sample: number,
  ordered: boolean,
): boolean {
  hashBytes(hasher, view, start, end, kind);
  const low = hasher.out[0] ?? 0;
  const high = hasher.out[1] ?? 1;
  if (values.texts === undefined) {
    values.texts = createSlots();
    budget.slots += 16;
  }
  values.textCount++;
  const texts = values.texts;
  const weight = weightOf(values, sample);
  if (weight === 0) {
    if (values.textSketch !== undefined) addHash(values.textSketch, low, high);
    if (ordered) widenTexts(values, view, start, end);
    return true;
  }
  const at = slotOf(texts, low, high);
  const { cells } = texts;
  const count = cells[at + SLOT_COUNT] ?? 0;
  cells[at + SLOT_COUNT] = count + weight;
  if (count > 0) {
    if (cells[at + SLOT_SAMPLE] === 0) cells[at + SLOT_SAMPLE] = sample;
    return false;
  }
  texts.live++;
  cells[at + SLOT_SAMPLE] = sample;
  if (values.textSketch !== undefined) addHash(values.textSketch, low, high);
  if (ordered) widenTexts(values, view, start, end);
  if (isFull(texts) || (values.textSketch === undefined && texts.live > MAX_VALUES)) growTexts(values, budget);
  return true;
}

/** Rows that are looked at for the frequent ones among too many texts, one in so many; each stands for all of them. */
const SAMPLED = 8;

/** What a row's text counts: 1, or once there are too many different ones SAMPLED for some rows and 0 for the rest. */
function weightOf(values: Values, rowid: number): number {
  if (values.textSketch === undefined) return 1;
  return mix(rowid) % SAMPLED === 0 ? SAMPLED : 0;
}

/** Undoes addText. */
export function removeText(
  values: Values,
  hasher: Hasher,
  view: DataView,
  start: number,
  end: number,
  kind: number,
  sample: number,
): void {
  if (values.texts === undefined) return;
  values.textCount--;
  hashBytes(hasher, view, start, end, kind);
  const high = hasher.out[1] ?? 1;
  const weight = weightOf(values, sample);
  const gone = weight > 0 && countDown(values.texts, hasher.out[0] ?? 0, high, sample, weight);
  if (!gone && values.textSketch === undefined) return;
  const { minText, maxText } = values;
  // The extremes are kept without escapes: whether one with escapes was among them is not worth finding out.
  const isUnsure = kind !== VALUE_STRING && minText !== undefined;
  if (isUnsure || (minText !== undefined && compareBytes(minText, view, start, end) === 0))
    values.lost |= LOST_MIN_TEXT;
  if (isUnsure || (maxText !== undefined && compareBytes(maxText, view, start, end) === 0))
    values.lost |= LOST_MAX_TEXT;
}

function growTexts(values: Values, budget: Budget): void {
  const { texts } = values;
  if (texts === undefined) return;
  const capacity = texts.mask + 1;
  if (values.textSketch === undefined) {
    if (mayGrow(texts.live, values.textCount, capacity, budget)) {
      grow(texts, budget);
      return;
    }
    values.textSketch = newSketch(budget);
    for (const entry of entries(texts)) addHash(values.textSketch, entry.low, entry.high);
    budget.slots -= Math.max(0, capacity - FREQUENT_SLOTS);
  }
  forgetRare(values, texts, Math.min(capacity, FREQUENT_SLOTS));
}

/** Keeps the texts seen most often, a quarter of the slots (the frequent-items scheme of Misra and Gries). */
function forgetRare(values: Values, texts: Slots, capacity: number): void {
  const byCount = new Int32Array(4096);
  const { cells } = texts;
  for (let at = SLOT_COUNT; at < cells.length; at += SLOT) {
    const bucket = Math.min(cells[at] ?? 0, 4095);
    byCount[bucket] = (byCount[bucket] ?? 0) + 1;
  }
  let kept = texts.live;
  let threshold = 0;
  while (kept > capacity / 4 && threshold < 4095) kept -= byCount[++threshold] ?? 0;
  values.forgotten += threshold;
  rebuild(texts, kept > capacity / 2 ? (texts.mask + 1) * 2 : capacity, threshold);
}

export function compareBytes(own: Uint8Array, view: DataView, start: number, end: number): number {
  const length = Math.min(own.length, end - start);
  for (let offset = 0; offset < length; offset++) {
    const difference = (own[offset] ?? 0) - view.getUint8(start + offset);
    if (difference !== 0) return difference;
  }
  return own.length === EXTREME_BYTES ? 0 : own.length - (end - start);
}

export function widenTexts(values: Values, view: DataView, start: number, end: number): void {
  const fromMin = values.minText === undefined ? 1 : compareBytes(values.minText, view, start, end);
  if (fromMin > 0) values.minText = copyOf(view, start, end);
  if (fromMin >= 0) values.lost &= ~LOST_MIN_TEXT;
  const fromMax = values.maxText === undefined ? -1 : compareBytes(values.maxText, view, start, end);
  if (fromMax < 0) values.maxText = copyOf(view, start, end);
  if (fromMax <= 0) values.lost &= ~LOST_MAX_TEXT;
}

function copyOf(view: DataView, start: number, end: number): Uint8Array {
  const length = Math.min(end - start, EXTREME_BYTES);
  return new Uint8Array(view.buffer, view.byteOffset + start, length).slice();
}
