/**
 * Where the top-level properties of one line lie, as numbers in an Int32Array that the scanner overwrites with each line:
 * property `i` is the SPAN numbers from `i * SPAN`.
 *
 *   KEY          code of the key (property-keys.ts), or KEY_UNCOUNTED
 *   VALUE_START  first byte of the value: of the text after its quote for strings, of the token for all others
 *   VALUE_END    one past the last byte of that (a string's closing quote is at VALUE_END)
 *   VALUE_TYPE   one of VALUE_* below, plus the flag VALUE_ESCAPED
 *
 * Positions are absolute in the line's buffer. The order is the line's own; a key may occur twice (SQLite's ->> reads the
 * first). `time`, `distinct_id` and `$insert_id` are among them, exactly as sent; who lists properties leaves them out.
 */

export const SPAN = 4;
export const KEY = 0;
export const VALUE_START = 1;
export const VALUE_END = 2;
export const VALUE_TYPE = 3;

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
/** A string value holds a backslash. */
export const VALUE_ESCAPED = 16;

/** The same numbers with room for more; memory that threads share stays shared. */
export function largerList(numbers: Int32Array, length: number): Int32Array {
  const isShared = numbers.buffer instanceof SharedArrayBuffer;
  const larger = new Int32Array(isShared ? new SharedArrayBuffer(length * 4) : new ArrayBuffer(length * 4));
  larger.set(numbers);
  return larger;
}
