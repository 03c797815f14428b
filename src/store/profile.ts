/**
 * Statistics of one table, gathered row by row while it is stored, from byte ranges (scan.ts, "spans") and without
 * making strings. Counts, nulls, minima, maxima, users per event: exact. Value counts: exact up to MAX_VALUES different
 * values per property, beyond that sketched (profile-values.ts). profile-summary.ts turns it into what is kept.
 *
 * The writer's loop calls, for each stored row:
 *   eventName(code, name)   once before the first row of that event; codes dense from 0; profiles tables use 0 and ""
 *   observe(...)            the row as stored, in rowid order
 *   retract(...)            the earlier version of a row that is being replaced, before observe of the new one; or
 *   dirty()                 when that is not at hand: then the statistics are gathered anew by a pass over the rows
 * After a rollback the profile is of no use any more.
 */
import { createDays, type Days } from "./profile-days.ts";
import { createHasher, type Hasher } from "./profile-hash.ts";
import { COLUMNS, observeProperties, observeRow, type State } from "./profile-observe.ts";
import { createPairs, type Pairs } from "./profile-pairs.ts";
import { retractProperties, retractRow } from "./profile-retract.ts";
import { createUsers, type Users } from "./profile-users.ts";
import { type Budget, createValues, type Values } from "./profile-values.ts";

export type Profile = {
  rows: number;
  isDirty: boolean;
  readonly hasher: Hasher;
  /** Names of properties by code; may become longer while rows are observed. */
  readonly names: readonly string[];
  readonly pairs: Pairs;
  readonly users: Users;
  readonly budget: Budget;
  /** By key code; undefined for the columns among the properties. */
  readonly values: (Values | undefined)[];
  /** Names whose values are not looked at: of what is a column already. */
  readonly columns: ReadonlySet<string>;
  readonly times: Values;
  readonly days: Days;
  rowsWithUser: number;
  readonly eventNames: string[];
  eventRows: Float64Array;
  /** Earliest and latest time of each event, epoch milliseconds. */
  firstSeen: Float64Array;
  lastSeen: Float64Array;
  eventName(event: number, name: string): void;
  /**
   * `timeMs`: NaN without a time. `user`: hash of the distinct_id, an integer from 0 to 2^53, -1 for NULL.
   * `count` properties lie in `spans` from `from` on. `rowid`: the row as stored, from which sample values are read later. Of duplicate keys the first counts, as in SQLite.
   */
  observe(
    bytes: Uint8Array,
    spans: Int32Array,
    from: number,
    count: number,
    event: number,
    timeMs: number,
    user: number,
    rowid: number,
  ): void;
  /** Takes the same arguments as observe took for the row that goes. */
  retract: Profile["observe"];
  dirty(): void;
};

export function createProfile(
  names: readonly string[],
  columns = COLUMNS,
  seed = (Math.random() * 2 ** 32) | 0,
): Profile {
  const hasher = createHasher(seed);
  const source = new Uint8Array(0);
  const state: State = {
    rows: 0,
    isDirty: false,
    hasher,
    names,
    pairs: createPairs(),
    users: createUsers(),
    budget: { slots: 0, sketches: 0 },
    values: [],
    columns,
    times: createValues(),
    days: createDays(),
    rowsWithUser: 0,
    eventNames: [],
    eventRows: new Float64Array(64),
    firstSeen: new Float64Array(64).fill(Number.POSITIVE_INFINITY),
    lastSeen: new Float64Array(64).fill(Number.NEGATIVE_INFINITY),
    source,
    view: new DataView(source.buffer),
    stamp: 0,
    eventName: (event, name) => setEventName(state, event, name),
    observe: (bytes, spans, from, count, event, timeMs, user, rowid) => {
      observeRow(state, event, timeMs, user, rowid);
      observeProperties(state, bytes, spans, from, count, event, rowid);
    },
    retract: (bytes, spans, from, count, event, timeMs, user, rowid) => {
      retractRow(state, event, timeMs, user, rowid);
      retractProperties(state, bytes, spans, from, count, event, rowid);
    },
    dirty: () => {
      state.isDirty = true;
    },
  };
  return state;
}

function setEventName(state: State, event: number, name: string): void {
  state.eventNames[event] = name;
  if (event < state.eventRows.length) return;
  const length = Math.max(event + 1, state.eventRows.length * 2);
  state.eventRows = widened(state.eventRows, length, 0);
  state.firstSeen = widened(state.firstSeen, length, Number.POSITIVE_INFINITY);
  state.lastSeen = widened(state.lastSeen, length, Number.NEGATIVE_INFINITY);
}

function widened(list: Float64Array, length: number, filler: number): Float64Array {
  const longer = new Float64Array(length).fill(filler);
  longer.set(list);
  return longer;
}
