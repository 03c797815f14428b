/** What an error body says, whatever its shape: JSON of several kinds, plain text, a gateway's HTML page. */

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const MAX_TEXT_CHARS = 4_000;

/** The body's own words, raw (see quote.ts before showing them); empty when it says nothing. */
export function errorText(body: string): string {
  const text = body.replace(/^\ufeff/, "").trim();
  const value = parsed(text);
  return (value === undefined ? text : (said(value) ?? "")).slice(0, MAX_TEXT_CHARS);
}

function parsed(text: string): unknown {
  if (!/^[[{"]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a JSON error: `error`, `message`, `details`, in this order, with what `details` adds to the first two. */
export function said(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value.trim();
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (depth > 4 || value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return joined(value.slice(0, 10).map((one) => said(one, depth + 1)));
  if (!isFields(value)) return undefined;
  const main = first(value, ["error", "message", "error_message", "detail", "reason", "msg", "errors"], depth);
  const more = Object.hasOwn(value, "details") ? said(value["details"], depth + 1) : undefined;
  if (main !== undefined) return more === undefined || main.includes(more) ? main : `${main} (${more})`;
  return more ?? (depth > 0 ? fieldList(value, depth) : undefined);
}

function first(value: Fields, names: string[], depth: number): string | undefined {
  for (const name of names) {
    const text = Object.hasOwn(value, name) ? said(value[name], depth + 1) : undefined;
    if (text !== undefined && text !== "true" && text !== "false") return text;
  }
  return undefined;
}

/** Field errors of a validation: `{"name": ["too long"]}` reads "name: too long". */
function fieldList(value: Fields, depth: number): string | undefined {
  return joined(
    Object.entries(value)
      .slice(0, 10)
      .map(([name, inner]) => {
        const text = said(inner, depth + 1);
        return text === undefined ? undefined : `${name}: ${text}`;
      }),
  );
}

function joined(texts: (string | undefined)[]): string | undefined {
  const present = texts.filter((text) => text !== undefined);
  return present.length === 0 ? undefined : present.join("; ");
}
