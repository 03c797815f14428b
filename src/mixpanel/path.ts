/**
 * The only way to build an upstream path: path`/api/app/projects/${id}/schemas/event/${name}`. Every interpolated value
 * becomes exactly one segment; a value that could change the shape of the URL is refused before anything is sent.
 */
import { Fault } from "../fault.ts";

/** `text` is ready to send; `name` is the template with `{}` for the values, for messages and logs. */
export type Path = { readonly text: string; readonly name: string };

const MAX_SEGMENT_CHARS = 512;

export function path(template: TemplateStringsArray, ...values: (string | number)[]): Path {
  let text = template[0] ?? "";
  let name = text;
  values.forEach((value, index) => {
    const next = template[index + 1] ?? "";
    text += segment(String(value)) + next;
    name += `{}${next}`;
  });
  return { text, name };
}

function segment(value: string): string {
  if (value === "") throw refused("is empty");
  if (value.length > MAX_SEGMENT_CHARS) throw refused(`is longer than ${MAX_SEGMENT_CHARS} characters`);
  if (value.includes("\0")) throw refused("holds a NUL character");
  // Proxies decode once more than they should: "%2e%2e" is as dangerous as "..".
  if (/^\.{1,2}$/.test(value.replace(/%(?:25)*2e/gi, "."))) throw refused("is a dot segment");
  if (/%(?:25)*(?:2f|5c)/i.test(value)) throw refused("holds an encoded slash");
  try {
    return encodeURIComponent(value);
  } catch {
    throw refused("is not valid Unicode text");
  }
}

function refused(why: string): Fault {
  return new Fault("INVALID_ARGUMENT", `An id or name cannot be used in a Mixpanel address: it ${why}.`, {
    suggestions: ["Pass the id or name exactly as a listing tool shows it."],
  });
}
