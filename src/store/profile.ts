/**
 * Statistics of one table, gathered row by row while it is stored.
 *
 * A row's properties arrive as byte ranges ("spans", see scan.ts), never as strings: SPAN numbers per property in one
 * Int32Array: keyStart, keyEnd (between the quotes), valueStart, valueEnd (raw JSON, quotes included), kind (VALUE_*).
 */

/** Numbers per property in a spans array. */
export const SPAN = 5;

/** Kinds of values. A string or key with a backslash in it must be marked, because its bytes are not its characters. */
export const VALUE_STRING = 0;
export const VALUE_INTEGER = 1;
export const VALUE_REAL = 2;
export const VALUE_TRUE = 3;
export const VALUE_FALSE = 4;
export const VALUE_NULL = 5;
export const VALUE_OBJECT = 6;
export const VALUE_ARRAY = 7;
/** Added to the kind: the string value contains a backslash. */
export const ESCAPED_VALUE = 16;
/** Added to the kind: the key contains a backslash. */
export const ESCAPED_KEY = 32;

export type Profile = {
  /** Code of an event name (decoded UTF-8 bytes, no quotes); the same name gives the same code. Profiles tables: `event(bytes, 0, 0)` once. */
  event(bytes: Uint8Array, start: number, end: number): number;
  /** Code of a distinct_id (decoded UTF-8 bytes); -1 stands for "none" and may be passed to observe as it is. */
  user(bytes: Uint8Array, start: number, end: number): number;
  /** A stored row. `rowid` as stored; `timeMs` epoch milliseconds UTC, NaN when there is none; only the first of duplicate keys counts. */
  observe(bytes: Uint8Array, spans: Int32Array, count: number, rowid: number, event: number, user: number, timeMs: number): void;
  /** The earlier version of a row that is about to be replaced: undoes its observe (same event, user and time). Then observe the new one. */
  retract(bytes: Uint8Array, spans: Int32Array, count: number, rowid: number, event: number, user: number, timeMs: number): void;
};

export declare function createProfile(seed?: number): Profile;
