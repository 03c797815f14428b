/** JSON as replies want it: what a JavaScript number cannot hold is kept as text. */

type Context = { source?: string };

/**
 * Parses JSON; integers beyond 2^53 become decimal strings, numbers beyond the range of a double `"Infinity"` or
 * `"-Infinity"`. Throws SyntaxError.
 */
export function parseExact(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: Context) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? "";
    if (/^-?\d+$/.test(source)) return source;
    return Number.isFinite(value) ? value : String(value);
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

/** The longest text of a value in a reply of examples. */
export const CLIPPED_CHARS = 200;
const CLIPPED_ITEMS = 20;
const CLIPPED_DEPTH = 4;

export type Clipped = { value: unknown; clipped: number };

/** Shortens long texts and lists, and what is nested deeply; `clipped` counts how often. */
export function clipValue(value: unknown, depth = 0): Clipped {
  if (typeof value === "string") return clipText(value);
  if (typeof value !== "object" || value === null) return { value, clipped: 0 };
  if (depth >= CLIPPED_DEPTH) return { value: clipText(JSON.stringify(value)).value, clipped: 1 };
  if (Array.isArray(value)) {
    const items = value.slice(0, CLIPPED_ITEMS).map((item) => clipValue(item, depth + 1));
    const rest = value.length - items.length;
    const kept = items.map((item) => item.value);
    if (rest > 0) kept.push(`… ${rest} more`);
    return { value: kept, clipped: sum(items) + (rest > 0 ? 1 : 0) };
  }
  const entries = Object.entries(value).map(([key, item]) => [key, clipValue(item, depth + 1)] as const);
  return {
    // Object.fromEntries defines properties: a key called __proto__ stays a key.
    value: Object.fromEntries(entries.map(([key, item]) => [key, item.value])),
    clipped: sum(entries.map(([, item]) => item)),
  };
}

function clipText(text: string): Clipped {
  const characters = text.length > CLIPPED_CHARS ? [...text.slice(0, CLIPPED_CHARS * 2)] : [];
  if (characters.length <= CLIPPED_CHARS && text.length <= CLIPPED_CHARS * 2) return { value: text, clipped: 0 };
  return { value: `${characters.slice(0, CLIPPED_CHARS).join("")}… (${text.length} characters)`, clipped: 1 };
}

function sum(items: readonly Clipped[]): number {
  return items.reduce((total, item) => total + item.clipped, 0);
}
