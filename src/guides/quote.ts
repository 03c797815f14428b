/** Text out of a project, or from whoever calls, as something that can only be read as a quoted name. */
import { visible } from "../visible.ts";

const NAME_CHARS = 80;
const TEXT_CHARS = 500;

/** A name as one quoted token on one line, nothing hidden in it, no back-tick that could close the code around it. */
export function quoteName(name: string): string {
  return quoted(name, NAME_CHARS);
}

/** A longer text, quoted the same way. */
export function quoteText(text: string): string {
  return quoted(text, TEXT_CHARS);
}

/** Looks like a name a team gives, not like a text written to be obeyed: only such names are listed unasked. */
export function isPlainName(name: string): boolean {
  return /^[\p{L}\p{M}\p{N} _$.:,/()&+'#-]{1,60}$/u.test(name);
}

/** The inside of an SQL string for a plain name; anything unusual is left to the reader as `placeholder`. */
export function sqlText(name: string | undefined, placeholder: string): string {
  const plain = name?.trim() ?? "";
  return /^[\p{L}\p{N} _$.:/'-]{1,80}$/u.test(plain) ? plain.replaceAll("'", "''") : placeholder;
}

function quoted(text: string, most: number): string {
  const characters = [...text];
  const short = characters.length > most ? `${characters.slice(0, most).join("")}…` : text;
  return visible(JSON.stringify(short)).replaceAll("`", "\\u0060");
}
