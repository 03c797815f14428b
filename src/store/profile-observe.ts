/** Adds the properties of a row to a profile. */

import type { PropertyProfile } from "./profile.ts";
import { parseNumber } from "./profile-number.ts";
import { addNumber } from "./profile-numbers.ts";
import { PAIR, PAIR_COUNTS, PAIR_ROW, pairAfter } from "./profile-pairs.ts";
import { addText, widenTexts } from "./profile-texts.ts";
import { createValues, type Values } from "./profile-values.ts";
import {
  KEY,
  SPAN,
  VALUE_ARRAY,
  VALUE_END,
  VALUE_ESCAPED,
  VALUE_INTEGER,
  VALUE_MASK,
  VALUE_OBJECT,
  VALUE_REAL,
  VALUE_START,
  VALUE_STRING,
  VALUE_TYPE,
} from "./scan.ts";

/** Properties that are columns already: presence is counted, values are not. */
export const COLUMNS: ReadonlySet<string> = new Set(["time", "distinct_id"]);
const MAX_SAFE = 9007199254740992;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const LETTER_U = 0x75;

/** With what only the observing functions need. */
export type State = PropertyProfile & { source: Uint8Array; view: DataView; stamp: number };

/** The content of a JSON string as JSON.stringify would spell it, in UTF-8. */
function respell(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(JSON.parse(`"${textOf(bytes, start, end)}"`)).slice(1, -1));
}

/** UTF-8 of the text a JSON string's content stands for. */
function decodeText(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new TextEncoder().encode(String(JSON.parse(`"${textOf(bytes, start, end)}"`)));
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
}

/**
 * Whether JSON.stringify would spell the text differently: it escapes only what it must, so `\/` and most `\u....` are
 * not its own. Equal texts must have equal bytes, because they are told apart by them.
 */
function isForeignSpelling(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    const next = bytes[++at];
    if (next === SLASH || next === LETTER_U) return true;
  }
  return false;
}

export function observeProperties(
  state: State,
  bytes: Uint8Array,
  spans: Int32Array,
  from: number,
  count: number,
  event: number,
  rowid: number,
): void {
  look(state, bytes);
  const stamp = ++state.stamp;
  const { pairs } = state;
  let previous = -1;
  const stop = from + count * SPAN;
  for (let at = from; at < stop; at += SPAN) {
    const key = spans[at + KEY] as number;
    const pair = pairAfter(pairs, previous, event, key);
    if (pair < 0) continue;
    previous = pair;
    const own = pair * PAIR;
    if (pairs.list[own + PAIR_ROW] === stamp) continue;
    pairs.list[own + PAIR_ROW] = stamp;
    const kind = (spans[at + VALUE_TYPE] ?? 0) & VALUE_MASK;
    const counter = own + PAIR_COUNTS + kind;
    pairs.list[counter] = (pairs.list[counter] as number) + 1;
    if (kind < VALUE_INTEGER) continue;
    const values = key < state.values.length ? state.values[key] : newValues(state, key);
    if (values === undefined) continue;
    const start = spans[at + VALUE_START] ?? 0;
    const end = spans[at + VALUE_END] ?? 0;
    if (kind === VALUE_STRING && ((spans[at + VALUE_TYPE] ?? 0) & VALUE_ESCAPED) === 0) {
      addText(values, state.budget, state.hasher, state.view, start, end, VALUE_STRING, rowid, true);
    } else if (kind <= VALUE_REAL) {
      const value = parseNumber(bytes, start, end, kind);
      addNumber(values, state.budget, value, rowid);
      if (kind === VALUE_INTEGER && (value >= MAX_SAFE || value <= -MAX_SAFE)) widenBig(values, bytes, start, end);
    } else addOther(state, values, bytes, start, end, kind, rowid);
  }
}

/** Nearly all rows of a chunk lie in a few recycled buffers: the view of the last one is kept. */
export function look(state: State, bytes: Uint8Array): void {
  if (state.source === bytes) return;
  state.source = bytes;
  state.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function newValues(state: State, key: number): Values | undefined {
  while (state.values.length <= key) {
    const isColumn = state.columns.has(state.names[state.values.length] ?? "");
    state.values.push(isColumn ? undefined : createValues());
  }
  return state.values[key];
}

/** Texts with escapes, arrays and objects. */
function addOther(
  state: State,
  values: Values,
  bytes: Uint8Array,
  start: number,
  end: number,
  kind: number,
  rowid: number,
): void {
  const { budget, hasher } = state;
  if (kind === VALUE_ARRAY || kind === VALUE_OBJECT) {
    addText(values, budget, hasher, state.view, start, end, kind, rowid, false);
    return;
  }
  const spelled = ownSpelling(state, bytes, start, end);
  const isNew = addText(values, budget, hasher, spelled.view, spelled.start, spelled.end, spelled.kind, rowid, false);
  if (!isNew) return;
  const decoded = decodeText(bytes, start, end);
  widenTexts(values, viewOf(decoded), 0, decoded.length);
}

/** Keeps a text with an escape in it apart from the text that is spelled the same without. */
const ESCAPED = VALUE_STRING | VALUE_ESCAPED;

export type Spelling = { view: DataView; start: number; end: number; kind: number };

/** Where a text with escapes is spelled as JSON.stringify would, and the kind it is counted as. */
export function ownSpelling(state: State, bytes: Uint8Array, start: number, end: number): Spelling {
  if (!isForeignSpelling(bytes, start, end)) return { view: state.view, start, end, kind: ESCAPED };
  const spelled = respell(bytes, start, end);
  return {
    view: viewOf(spelled),
    start: 0,
    end: spelled.length,
    kind: spelled.includes(BACKSLASH) ? ESCAPED : VALUE_STRING,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function widenBig(values: Values, bytes: Uint8Array, start: number, end: number): void {
  const value = BigInt(new TextDecoder().decode(bytes.subarray(start, end)));
  if (values.bigMin === undefined || value < values.bigMin) values.bigMin = value;
  if (values.bigMax === undefined || value > values.bigMax) values.bigMax = value;
}
