/** Makes characters visible that a reader cannot see or that would move what it sees: control, bidirectional, zero-width, tag. */

const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[\u{e0100}-\u{e01ef}]|\ufe0f{2,}|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line of text in which nothing is hidden: `\n`, `\t`, `\u{202e}` and the like are spelled out. */
export function visible(text: string): string {
  return text.replace(
    INVISIBLE,
    (found) => NAMED[found] ?? [...found].map((one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`).join(""),
  );
}
