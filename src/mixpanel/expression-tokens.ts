/** Mixpanel's expression language: text to tokens, and the error every later stage throws. */

/** A mistake in an expression. `position` is the index of the offending character in the text, from 0. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  constructor(
    message: string,
    readonly position: number,
    /** The way to write what was meant, as a sentence. */
    readonly hint?: string,
  ) {
    super(message);
  }
}

export type Token = { position: number; end: number } & (
  | { kind: "text"; value: string }
  | { kind: "number"; value: number }
  | { kind: "name"; value: string }
  | { kind: "symbol"; value: string }
  | { kind: "end"; value: "" }
);

/** Operators people bring from SQL and programming languages, with what Mixpanel writes instead. */
const FOREIGN_OPERATORS: [symbol: string, hint: string][] = [
  ["===", "Write == to compare."],
  ["!==", "Write != to compare."],
  ["<>", 'Write != for "not equal".'],
  ["&&", "Write and between the two conditions."],
  ["||", "Write or between the two conditions."],
  ["=~", 'There is no pattern matching; test for a piece of text with "piece" in properties["name"].'],
];
const SYMBOLS = ["==", "!=", ">=", "<=", "+", "-", "*", "/", "%", ">", "<", "(", ")", "[", "]", ","];
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const SPACE = /\s+/y;
const CURLY_QUOTES = "‘’“”„«»";

function matchAt(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const space = matchAt(SPACE, text, position);
    if (space) {
      position += space.length;
      continue;
    }
    const token = readToken(text, position);
    tokens.push(token);
    position = token.end;
  }
  tokens.push({ kind: "end", value: "", position, end: position });
  return tokens;
}

function readToken(text: string, position: number): Token {
  if (text[position] === '"') return readText(text, position);
  const number = matchAt(NUMBER, text, position);
  if (number) return { kind: "number", value: Number(number), position, end: position + number.length };
  const name = matchAt(NAME, text, position);
  if (name) return { kind: "name", value: name, position, end: position + name.length };
  const foreign = FOREIGN_OPERATORS.find(([symbol]) => text.startsWith(symbol, position));
  if (foreign) throw new ExpressionError(`${foreign[0]} is not an operator`, position, foreign[1]);
  const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, position));
  if (symbol) return { kind: "symbol", value: symbol, position, end: position + symbol.length };
  throw unexpectedCharacter(text, position);
}

function unexpectedCharacter(text: string, position: number): ExpressionError {
  const character = String.fromCodePoint(text.codePointAt(position) ?? 0);
  if (character === "=") return new ExpressionError("= is not an operator", position, "Write == to compare.");
  if (character === "!")
    return new ExpressionError("! is not an operator", position, "Write not before the condition.");
  if (character === "&" || character === "|") {
    const word = character === "&" ? "and" : "or";
    return new ExpressionError(
      `${character} is not an operator`,
      position,
      `Write ${word} between the two conditions.`,
    );
  }
  if (character === "'" || character === "`" || CURLY_QUOTES.includes(character)) {
    return new ExpressionError(`${character} does not quote text`, position, 'Use straight double quotes: "pro".');
  }
  if (character === ".") return dotted(text, position);
  if (character === ";") return new ExpressionError("; does not end an expression", position, "Leave it out.");
  return new ExpressionError(`unexpected character ${character}`, position);
}

/** `properties.plan`, `user.plan`, `a.b`. */
function dotted(text: string, position: number): ExpressionError {
  const scope = /(properties|user|event)$/.exec(text.slice(0, position))?.[1] ?? "properties";
  const name = /^\.([\p{L}_$][\p{L}\p{N}_$.]*)/u.exec(text.slice(position))?.[1] ?? "name";
  return new ExpressionError("a dot does not reach a property", position, `Write ${scope}["${name}"].`);
}

const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", n: "\n", t: "\t", r: "\r", "/": "/" };

/** A double-quoted text; `\"` and `\\` are the documented escapes, JSON's others are tolerated. */
function readText(text: string, start: number): Token {
  let value = "";
  let position = start + 1;
  while (position < text.length) {
    const character = text[position];
    if (character === '"') return { kind: "text", value, position: start, end: position + 1 };
    if (character !== "\\") {
      value += character;
      position += 1;
      continue;
    }
    const unicode = /^\\u([0-9a-fA-F]{4})/.exec(text.slice(position, position + 6))?.[1];
    if (unicode) {
      value += String.fromCharCode(Number.parseInt(unicode, 16));
      position += 6;
      continue;
    }
    const next = text[position + 1] ?? "";
    value += ESCAPES[next] ?? `\\${next}`;
    position += 2;
  }
  throw new ExpressionError(
    "the text that starts here is never closed",
    start,
    'End it with a double quote; a quote inside is written \\".',
  );
}
