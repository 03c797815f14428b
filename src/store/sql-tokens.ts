/** Cuts SQL text into the tokens SQLite sees, so that nothing of ours ever looks inside a string or a comment by mistake. */

export type TokenKind = "name" | "quoted" | "string" | "blob" | "number" | "variable" | "operator" | "unknown";

/** `value` is the name or text meant (quotes removed, doubled quotes undone); for the other kinds it is `text`. */
export type Token = { kind: TokenKind; text: string; value: string; start: number; end: number };

// Whitespace and comments are SQLite's own (tokenize.c): a no-break space, for one, is a letter to it.
const PATTERN = new RegExp(
  [
    String.raw`(?<skip>[ \t\n\f\r]+|--[^\n]*|/\*[\s\S]*?\*/)`,
    "(?<blob>[xX]'(?:[0-9a-fA-F]{2})*')",
    "(?<string>'(?:[^']|'')*')",
    '(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\\[[^\\]]*\\])',
    String.raw`(?<number>0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)`,
    String.raw`(?<variable>\?\d*|[@:$#][A-Za-z0-9_$\u0080-\uffff]+)`,
    String.raw`(?<name>[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*)`,
    String.raw`(?<operator>->>|->|\|\||<<|>>|<=|>=|<>|==|!=|::|[-+*/%&|~<>=(),.;])`,
    String.raw`(?<unknown>[\s\S])`,
  ].join("|"),
  "y",
);

function unquote(text: string): string {
  const open = text.charAt(0);
  const inner = text.slice(1, -1);
  return open === "[" ? inner : inner.replaceAll(open + open, open);
}

/** Never fails: what SQLite would not accept comes out as `unknown`. `::` is kept together, for the sake of error messages. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  for (let match = PATTERN.exec(sql); match !== null; match = PATTERN.exec(sql)) {
    const found = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined);
    if (found === undefined || found[0] === "skip") continue;
    const kind = found[0] as TokenKind;
    const text = match[0];
    const value = kind === "quoted" || kind === "string" ? unquote(text) : text;
    tokens.push({ kind, text, value, start: match.index, end: match.index + text.length });
  }
  return tokens;
}

/** The token as an upper-case keyword when it is a bare word, else the empty string. */
export function keyword(token: Token | undefined): string {
  return token?.kind === "name" ? token.text.toUpperCase() : "";
}

/** Is this a name, bare or quoted (SQLite takes `"x"`, `` `x` `` and `[x]`)? */
export function isName(token: Token | undefined): token is Token & { kind: "name" | "quoted" } {
  return token?.kind === "name" || token?.kind === "quoted";
}
