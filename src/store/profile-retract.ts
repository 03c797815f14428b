/** Takes a row out of a profile again, because another version of it replaces it. */
import { countDay } from "./profile-days.ts";
import { PAIR, PAIR_COUNTS, PAIR_KEY, PAIR_ROW } from "./profile-keys.ts";
import { parseNumber } from "./profile-number.ts";
import { removeNumber } from "./profile-numbers.ts";
import { look, ownSpelling, pairAt, type State } from "./profile-observe.ts";
import { removeText } from "./profile-texts.ts";
import { uncountUser } from "./profile-users.ts";
import type { Values } from "./profile-values.ts";
import {
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

/** A row is replaced only by one of the same event, time and user: first, last and distinct users stay as they are. */
export function retractRow(state: State, event: number, timeMs: number, user: number, rowid: number): void {
  state.rows--;
  state.eventRows[event] = (state.eventRows[event] ?? 0) - 1;
  if (!Number.isNaN(timeMs)) {
    removeNumber(state.times, timeMs, rowid);
    countDay(state.days, event, timeMs, -1);
  }
  if (user < 0) return;
  state.rowsWithUser--;
  uncountUser(state.users, user);
}

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
    const pair = pairAt(state, bytes, spans, at, event, previous);
    if (pair < 0) continue;
    previous = pair;
    const { pairs } = state.keys;
    const own = pair * PAIR;
    if (pairs[own + PAIR_ROW] === stamp) continue;
    pairs[own + PAIR_ROW] = stamp;
    const kind = (spans[at + VALUE_TYPE] ?? 0) & VALUE_MASK;
    const counter = own + PAIR_COUNTS + kind;
    pairs[counter] = (pairs[counter] ?? 0) - 1;
    const values = state.values[pairs[own + PAIR_KEY] ?? 0];
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
