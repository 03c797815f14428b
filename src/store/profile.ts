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
import { createHasher, type Hasher } from "./profile-hash.ts";
import { COLUMNS, observeProperties, type State } from "./profile-observe.ts";
import { createPairs, type Pairs } from "./profile-pairs.ts";
import { retractProperties } from "./profile-retract.ts";
import { createRowProfile, nameEvent, observeRow, type RowProfile, retractRow } from "./profile-rows.ts";
import type { Budget, Values } from "./profile-values.ts";

/** What the properties of the rows hold. */
export type PropertyProfile = {
  readonly hasher: Hasher;
  /** Names of properties by code; may become longer while rows are observed. */
  readonly names: readonly string[];
  readonly pairs: Pairs;
  readonly budget: Budget;
  /** By key code; undefined for the columns among the properties. */
  readonly values: (Values | undefined)[];
  /** Names whose values are not looked at: of what is a column already. */
  readonly columns: ReadonlySet<string>;
  /**
   * `count` properties lie in `spans` from `from` on. `rowid`: the row as stored, from which sample values are read later.
   * Of duplicate keys the first counts, as in SQLite.
   */
  observe(bytes: Uint8Array, spans: Int32Array, from: number, count: number, event: number, rowid: number): void;
  /** Takes the same arguments as observe took for the row that goes. */
  retract: PropertyProfile["observe"];
};

/** Both together: for who has whole rows at hand. */
export type Profile = {
  readonly ofRows: RowProfile;
  readonly ofProperties: PropertyProfile;
  isDirty: boolean;
  eventName(event: number, name: string): void;
  /** Arguments as of observeRow and of PropertyProfile. */
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
  retract: Profile["observe"];
  dirty(): void;
};

export function createPropertyProfile(
  names: readonly string[],
  columns = COLUMNS,
  seed = (Math.random() * 2 ** 32) | 0,
): PropertyProfile {
  const hasher = createHasher(seed);
  const source = new Uint8Array(0);
  const state: State = {
    hasher,
    names,
    pairs: createPairs(),
    budget: { slots: 0, sketches: 0 },
    values: [],
    columns,
    source,
    view: new DataView(source.buffer),
    stamp: 0,
    observe: (bytes, spans, from, count, event, rowid) =>
      observeProperties(state, bytes, spans, from, count, event, rowid),
    retract: (bytes, spans, from, count, event, rowid) =>
      retractProperties(state, bytes, spans, from, count, event, rowid),
  };
  return state;
}

export function createProfile(names: readonly string[], columns?: ReadonlySet<string>, seed?: number): Profile {
  const ofRows = createRowProfile();
  const ofProperties = createPropertyProfile(names, columns, seed);
  const profile: Profile = {
    ofRows,
    ofProperties,
    isDirty: false,
    eventName: (event, name) => nameEvent(ofRows, event, name),
    observe: (bytes, spans, from, count, event, timeMs, user, rowid) => {
      observeRow(ofRows, event, timeMs, user, rowid);
      ofProperties.observe(bytes, spans, from, count, event, rowid);
    },
    retract: (bytes, spans, from, count, event, timeMs, user, rowid) => {
      retractRow(ofRows, event, timeMs, user, rowid);
      ofProperties.retract(bytes, spans, from, count, event, rowid);
    },
    dirty: () => {
      profile.isDirty = true;
    },
  };
  return profile;
}
