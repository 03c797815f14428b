/** Looks at and takes tokens of a script, one after the other. */
import { ScriptError, type Token } from "./syntax.ts";

export abstract class TokenReader {
  protected index = 0;

  constructor(private readonly tokens: Token[]) {}

  protected peek(ahead = 0): Token {
    const last = this.tokens[this.tokens.length - 1];
    return this.tokens[this.index + ahead] ?? last ?? { kind: "end", value: "", at: 0, end: 0 };
  }

  get ended(): boolean {
    return this.peek().kind === "end";
  }

  protected is(value: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind !== "text" && token.kind !== "end" && token.value === value;
  }

  protected take(value: string): boolean {
    const found = this.is(value);
    if (found) this.index += 1;
    return found;
  }

  protected expect(value: string): void {
    if (!this.take(value)) throw this.unexpected();
  }

  protected unexpected(): ScriptError {
    const token = this.peek();
    const message = token.kind === "end" ? "Unexpected end of input" : `Unexpected token '${token.value}'`;
    return new ScriptError("SyntaxError", message, token.at);
  }

  protected name(): string {
    const token = this.peek();
    if (token.kind !== "name") throw this.unexpected();
    this.index += 1;
    return token.value;
  }
}
