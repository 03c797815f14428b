/**
 * Where the top-level properties of one line lie, as numbers in an Int32Array that the scanner overwrites with each line:
 * property `i` is the SPAN numbers from `i * SPAN`.
 *
 *   KEY_START    first byte of the key, after its quote
 *   KEY_END      byte of the key's closing quote (so the key is bytes[KEY_START, KEY_END), without quotes)
 *   VALUE_START  first byte of the value: of the text after its quote for strings, of the token for all others
 *   VALUE_END    one past the last byte of that (a string's closing quote is at VALUE_END)
 *   VALUE_TYPE   one of VALUE_* below, plus the flags KEY_ESCAPED and VALUE_ESCAPED
 *
 * All are absolute positions in the line's buffer. The order is the line's own; a key may occur twice (SQLite's ->> reads
 * the first). `time`, `distinct_id` and `$insert_id` are among them, exactly as sent; who lists properties leaves them out.
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

/** The same numbers with room for more; memory that threads share stays shared. */
export function largerSpans(spans: Int32Array, length: number): Int32Array {
  const isShared = spans.buffer instanceof SharedArrayBuffer;
  const larger = new Int32Array(isShared ? new SharedArrayBuffer(length * 4) : new ArrayBuffer(length * 4));
  larger.set(spans);
  return larger;
}
