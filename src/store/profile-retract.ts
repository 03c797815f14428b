/** Takes a row out of a profile again, because another version of it replaces it. */
import { parseNumber } from "./profile-number.ts";
import { removeNumber } from "./profile-numbers.ts";
import { look, ownSpelling, type State } from "./profile-observe.ts";
import { PAIR, PAIR_COUNTS, PAIR_ROW, pairAfter } from "./profile-pairs.ts";
import { removeText } from "./profile-texts.ts";
import type { Values } from "./profile-values.ts";
import {
  KEY,
  SPAN,
  VALUE_END,
  VALUE_ESCAPED,
  VALUE_INTEGER,
  VALUE_MASK,
  VALUE_REAL,
  VALUE_START,
  VALUE_STRING,
  VALUE_TYPE,
} from "./scan.ts";

export function retractProperties(
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
  let previous = -1;
  for (let at = from; at < from + count * SPAN; at += SPAN) {
    const key = spans[at + KEY] as number;
    const pair = pairAfter(state.pairs, previous, event, key);
    if (pair < 0) continue;
    previous = pair;
    const { list } = state.pairs;
    const own = pair * PAIR;
    if (list[own + PAIR_ROW] === stamp) continue;
    list[own + PAIR_ROW] = stamp;
    const kind = (spans[at + VALUE_TYPE] ?? 0) & VALUE_MASK;
    const counter = own + PAIR_COUNTS + kind;
    list[counter] = (list[counter] as number) - 1;
    const values = state.values[key];
    if (kind >= VALUE_INTEGER && values !== undefined) removeValue(state, values, bytes, spans, at, kind, rowid);
  }
}

function removeValue(
  state: State,
  values: Values,
  bytes: Uint8Array,
  spans: Int32Array,
  at: number,
  kind: number,
  rowid: number,
): void {
  const start = spans[at + VALUE_START] ?? 0;
  const end = spans[at + VALUE_END] ?? 0;
  if (kind <= VALUE_REAL) removeNumber(values, parseNumber(bytes, start, end, kind), rowid);
  else if (kind !== VALUE_STRING || ((spans[at + VALUE_TYPE] ?? 0) & VALUE_ESCAPED) === 0) {
    removeText(values, state.hasher, state.view, start, end, kind, rowid);
  } else {
    const spelled = ownSpelling(state, bytes, start, end);
    removeText(values, state.hasher, spelled.view, spelled.start, spelled.end, spelled.kind, rowid);
  }
}
