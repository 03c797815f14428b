/** The part of JavaScript that JQL scripts of the sample project may use: its tree, and the error all stages throw. */

/** A script mistake, named as a JavaScript engine names it. `at` is the index in the script. */
export class ScriptError extends Error {
  constructor(
    readonly type: "SyntaxError" | "TypeError" | "ReferenceError" | "RangeError",
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

export function unsupported(what: string, at: number): ScriptError {
  return new ScriptError("SyntaxError", `${what} is not supported by the sample project's JQL`, at);
}

export type Node = { at: number } & (
  | { kind: "literal"; value: string | number | boolean | null | undefined }
  | { kind: "name"; name: string }
  | { kind: "member"; object: Node; property: Node }
  | { kind: "call"; callee: Node; args: Node[] }
  | { kind: "new"; name: string; args: Node[] }
  | { kind: "unary"; operator: string; operand: Node }
  | { kind: "binary" | "logical"; operator: string; left: Node; right: Node }
  | { kind: "conditional"; test: Node; yes: Node; no: Node }
  | { kind: "array"; items: Node[] }
  | { kind: "object"; entries: { key: Node; value: Node }[] }
  | { kind: "function"; name: string; parameters: string[]; body: Statement[] }
  | { kind: "assign"; operator: string; target: Node; value: Node }
  | { kind: "update"; delta: 1 | -1; prefix: boolean; target: Node }
);

export type Statement = { at: number } & (
  | { kind: "declare"; name: string; value: Node | undefined }
  | { kind: "return"; value: Node | undefined }
  | { kind: "if"; test: Node; yes: Statement[]; no: Statement[] }
  | { kind: "for"; start: Statement[]; test: Node | undefined; step: Node | undefined; body: Statement[] }
  | { kind: "each"; name: string; keys: boolean; list: Node; body: Statement[] }
  | { kind: "expression"; value: Node }
  | { kind: "block"; body: Statement[] }
);

export type Token = { kind: "number" | "text" | "name" | "symbol" | "end"; value: string; at: number; end: number };

const SPACE = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const SYMBOL = /===|!==|=>|==|!=|<=|>=|&&|\|\||\+\+|--|\+=|-=|\*=|\/=|%=|[-+*/%<>=!?:;,.(){}[\]]/y;

export function tokenize(script: string): Token[] {
  const tokens: Token[] = [];
  const match = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at;
    return pattern.exec(script)?.[0];
  };
  for (let at = 0; at < script.length; ) {
    const space = match(SPACE, at);
    if (space) {
      at += space.length;
      continue;
    }
    const character = script[at] ?? "";
    const token = "\"'`".includes(character)
      ? readText(script, at)
      : ((
          [
            ["number", match(NUMBER, at)],
            ["name", match(NAME, at)],
            ["symbol", match(SYMBOL, at)],
          ] as const
        ).flatMap(([kind, value]) => (value ? [{ kind, value, at, end: at + value.length }] : []))[0] ?? undefined);
    if (!token) throw new ScriptError("SyntaxError", "Invalid or unexpected token", at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: "end", value: "", at: script.length, end: script.length });
  return tokens;
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\n": "" };

function readText(script: string, start: number): Token {
  const quote = script[start];
  let value = "";
  for (let at = start + 1; at < script.length; at += 1) {
    const character = script[at] ?? "";
    if (character === quote) return { kind: "text", value, at: start, end: at + 1 };
    if (quote === "`" && character === "$" && script[at + 1] === "{")
      throw unsupported("a template with placeholders", at);
    if (quote !== "`" && character === "\n") break;
    if (character !== "\\") value += character;
    else {
      at += 1;
      const next = script[at] ?? "";
      const unicode = next === "u" ? /^[0-9a-fA-F]{4}/.exec(script.slice(at + 1))?.[0] : undefined;
      value += unicode ? String.fromCharCode(Number.parseInt(unicode, 16)) : (ESCAPES[next] ?? next);
      if (unicode) at += 4;
    }
  }
  throw new ScriptError("SyntaxError", "Invalid or unexpected token", start);
}
