/** Cuts SQL text into the tokens SQLite sees, so that nothing of ours ever looks inside a string or a comment by mistake. */

const KINDS = ["blob", "string", "quoted", "number", "variable", "name", "operator", "unknown"] as const;
export type TokenKind = (typeof KINDS)[number];

/** `value` is the name or text meant (quotes removed, doubled quotes undone); for the other kinds it is `text`. */
export type Token = { kind: TokenKind; text: string; value: string; start: number; end: number };

// Whitespace and comments are SQLite's own (tokenize.c): a no-break space, for one, is a letter to it. What is opened and never
// closed takes the rest of the text, so that no text makes this slow.
const PATTERN = new RegExp(
  [
    String.raw`[ \t\n\f\r]+|--[^\n]*|/\*[\s\S]*?\*/`,
    "([xX]'(?:[0-9a-fA-F]{2})*')",
    "('[^']*(?:''[^']*)*')",
    '("[^"]*(?:""[^"]*)*"|`[^`]*(?:``[^`]*)*`|\\[[^\\]]*\\])',
    String.raw`(0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)`,
    String.raw`(\?\d*|[@:$#][A-Za-z0-9_$\u0080-\uffff]+)`,
    String.raw`([A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*)`,
    String.raw`((?!/\*)(?:->>|->|\|\||<<|>>|<=|>=|<>|==|!=|::|[-+*/%&|~<>=(),.;]))`,
    "((?:/\\*|['\"`[])[\\s\\S]*|[\\s\\S])",
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
    let group = 1;
    while (group <= KINDS.length && match[group] === undefined) group++;
    const kind = KINDS[group - 1];
    if (kind === undefined) continue;
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
