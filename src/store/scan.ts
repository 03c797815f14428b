/**
 * One pass over the bytes of an export line: checks that it is strict JSON, finds the fields that become columns, and
 * notes where each top-level property lies, so that statistics need no second pass.
 *
 * The contract of `spans` (an Int32Array owned by the scanner and overwritten by the next line): property `i` of the
 * line is five numbers from `i * SPAN`:
 *
 *   KEY_START    first byte of the key, after its quote
 *   KEY_END      byte of the key's closing quote (so the key is bytes[KEY_START, KEY_END), without quotes)
 *   VALUE_START  first byte of the value: of the text after its quote for strings, of the token for all others
 *   VALUE_END    one past the last byte of that (a string's closing quote is at VALUE_END)
 *   VALUE_TYPE   one of VALUE_* below, plus the flags KEY_ESCAPED and VALUE_ESCAPED
 *
 * All are absolute positions in `bytes`. The order is the line's own; a key may occur twice (SQLite's ->> reads the
 * first). `time`, `distinct_id` and `$insert_id` are among them, exactly as sent; who lists properties leaves them out.
 */

export const SPAN = 5;
export const KEY_START = 0;
export const KEY_END = 1;
export const VALUE_START = 2;
export const VALUE_END = 3;
export const VALUE_TYPE = 4;

/** `spans[i * SPAN + VALUE_TYPE] & VALUE_MASK` is one of these. */
export const VALUE_MASK = 7;
export const VALUE_NULL = 0;
export const VALUE_FALSE = 1;
export const VALUE_TRUE = 2;
/** A number without fraction and exponent. */
export const VALUE_INTEGER = 3;
/** A number with a fraction or an exponent. */
export const VALUE_REAL = 4;
export const VALUE_STRING = 5;
export const VALUE_ARRAY = 6;
export const VALUE_OBJECT = 7;
/** The key holds a backslash: its name is JSON.parse of `"` + bytes + `"`. */
export const KEY_ESCAPED = 8;
/** A string value holds a backslash. */
export const VALUE_ESCAPED = 16;

/*
 * What ingest calls for each stored row, in rowid order (profile.ts):
 *
 *   profile.observe(bytes, spans, count, event, timeMs, distinctHash)
 *     bytes         Uint8Array the positions refer to (a reused buffer: copy what must outlive the call)
 *     spans, count  as above; count = number of properties
 *     event         small integer, dense from 0, the same for the same event name within one writer process and table;
 *                   profile.eventName(event, name) is called once before its first use; profiles tables: always 0
 *     timeMs        event time in UTC milliseconds, NaN when the row has no time
 *     distinct      64-bit-ish hash of distinct_id as a double integer (0..2^53), -1 when NULL: for distinct users
 *
 * Rows that turn out to be duplicates are not observed. A row that replaces an earlier one calls profile.dirty().
 * A rolled back chunk calls profile.rollback() (profile.begin() was called at its start), a committed one profile.commit().
 */
