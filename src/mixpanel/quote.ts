/** Text that Mixpanel sent, made fit to be shown inside an error: no credentials, no markup, nothing hidden, one line, short. */
import { QUOTED_ERROR_CHARS } from "../limits.ts";

/** `quote(text, most)`: cleaned and cut to `most` characters (300 by default). */
export type Quote = (text: string, most?: number) => string;

/** Control, format (bidirectional, zero-width, tag), private and lone surrogate characters, variation selectors, blank fillers. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\p{Variation_Selector}/gu;
const MARKUP =
  /<(?:!doctype|!--|\/?(?:html|head|body|title|script|style|meta|h[1-6]|p|div|span|center|br|hr|pre|a|img|b|i|table)\b)/i;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'", nbsp: " " };
const HIDDEN_MARK = "[redacted]";
/** This many characters in a row of a secret or of a user name are a leak; shorter runs occur in ordinary text. */
const SECRET_RUN = 8;
const NAME_RUN = 12;

export function createQuote(credentials: { username: string; secret: string }): Quote {
  const hide = createHider(credentials);
  return (text, most = QUOTED_ERROR_CHARS) => {
    const plain = hide(withoutMarkup(hide(text)));
    const line = hide(
      plain
        .replace(/[\s--\ufeff]+/gv, " ")
        .replace(HIDDEN, "")
        .replace(/ {2,}/g, " ")
        .trim(),
    );
    const characters = [...line];
    return characters.length <= most ? line : `${characters.slice(0, most - 1).join("")}…`;
  };
}

export function isMarkup(text: string): boolean {
  return MARKUP.test(text.slice(0, 5_000));
}

function withoutMarkup(text: string): string {
  if (!isMarkup(text)) return text;
  return text
    .replace(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, " ")
    .replace(/<!--[\s\S]*?(?:-->|$)/g, " ")
    .replace(/<[^<>]*(?:>|$)/g, " ")
    .replace(/&(#39|\w{2,4});/g, (entity, name: string) => ENTITIES[name] ?? entity)
    .replace(/[<>]/g, " ");
}

/**
 * Hides every run of characters that also stands in a form of the credentials: as they are, URL- or JSON-escaped, or in
 * base64 at any alignment. Runs, not whole forms: an echoed header may be cut anywhere.
 */
function createHider({ username, secret }: { username: string; secret: string }): (text: string) => string {
  const pair = `${username}:${secret}`;
  const escaped = [encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  const forms = [secret, ...escaped, ...[secret, pair, username].flatMap(base64Forms)];
  const secretRuns = runsOf(forms, SECRET_RUN);
  const nameRuns = runsOf([pair], NAME_RUN);
  // The tail that all service accounts share is ordinary text.
  for (const run of runsOf([".mp-service-account"], NAME_RUN)) nameRuns.delete(run);
  const whole = [pair, username.length >= 4 ? username : "", secret.length >= 4 ? secret : ""].filter(
    (one) => one !== "",
  );
  return (text) => {
    const hidden = whole.reduce((clean, form) => clean.replaceAll(form, HIDDEN_MARK), text);
    return hideRuns(hideRuns(hidden, secretRuns, SECRET_RUN), nameRuns, NAME_RUN).replace(
      /\b(basic|bearer)(\s+|%20|\+)[\w+/=.~-]{6,}/gi,
      `$1 ${HIDDEN_MARK}`,
    );
  };
}

function base64Forms(text: string): string[] {
  return ["", "x", "xx"].flatMap((shift) => {
    const bytes = Buffer.from(shift + text);
    // The first characters of a shifted form depend on what stood before.
    return [bytes.toString("base64"), bytes.toString("base64url")].map((form) => form.slice(shift === "" ? 0 : 4));
  });
}

function runsOf(forms: string[], length: number): Set<string> {
  const runs = new Set<string>();
  for (const form of forms) {
    for (let at = 0; at + length <= form.length; at++) runs.add(form.slice(at, at + length));
  }
  return runs;
}

function hideRuns(text: string, runs: Set<string>, length: number): string {
  let clean = "";
  let from = 0;
  for (let at = 0; at + length <= text.length; at++) {
    if (!runs.has(text.slice(at, at + length))) continue;
    let end = at + length;
    while (end < text.length && runs.has(text.slice(end - length + 1, end + 1))) end++;
    clean += text.slice(from, at) + HIDDEN_MARK;
    from = end;
    at = end - 1;
  }
  return clean + text.slice(from);
}
