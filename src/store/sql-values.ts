/** A SQLite value as JSON can carry it, and the type of a column as a reader should know it. */

export type Cell = string | number | boolean | null;
export type SqlValue = string | number | bigint | null | Uint8Array;
export type Column = { name: string; type: string };

/**
 * Integers beyond 2^53 become decimal strings, infinities "Infinity" and "-Infinity" (NaN does not exist in SQLite), blobs
 * "base64:...". Text that is not valid Unicode has U+FFFD where it is not. `most` is the length at which text is clipped.
 */
export function toCell(value: SqlValue, most = Number.POSITIVE_INFINITY): Cell {
  if (value === null) return null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return clip(value, most, "characters").toWellFormed();
  const bytes = most === Number.POSITIVE_INFINITY ? value : value.subarray(0, Math.floor(most * 0.75));
  const text = `base64:${Buffer.from(bytes).toString("base64")}`;
  return bytes.length < value.length ? `${text}${clipMark(value.length, "bytes")}` : text;
}

/** How a clipped cell ends. */
function clipMark(length: number, unit: string): string {
  return `... [clipped: ${length.toLocaleString("en-US")} ${unit}]`;
}

export function isClipped(cell: Cell): boolean {
  return typeof cell === "string" && /\.\.\. \[clipped: [\d,]+ (characters|bytes)\]$/.test(cell);
}

export function clip(text: string, most: number, unit: string): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most))}${clipMark(text.length, unit)}`;
}

/** Characters the cell takes in a reply, quotes left out. */
export function cellChars(cell: Cell): number {
  return typeof cell === "string" ? cell.length : cell === null ? 4 : String(cell).length;
}

/** Characters the whole value takes as a cell, without making it one. */
export function valueChars(value: SqlValue): number {
  if (typeof value === "string") return value.length;
  return value instanceof Uint8Array ? Math.ceil(value.length / 3) * 4 + 7 : cellChars(toCell(value));
}

function typeOf(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return "INTEGER";
  if (typeof value === "number") return "REAL";
  return typeof value === "string" ? "TEXT" : "BLOB";
}

/** Watches the values of one column: INTEGER, REAL, TEXT, BLOB, NULL when nothing else was seen, ANY for a mixture. */
export function observeType(seen: string | undefined, value: SqlValue, numbers: "REAL" | "ANY" = "REAL"): string {
  const type = typeOf(value);
  if (seen === undefined || seen === "NULL" || seen === type) return type;
  if (type === "NULL") return seen;
  const numeric = (name: string) => name === "INTEGER" || name === "REAL";
  return numeric(seen) && numeric(type) ? numbers : "ANY";
}
