/**
 * Mixpanel's expression language: tokens to a tree, by precedence climbing. Loosest first: or; and; not; comparisons and
 * `in`; + -; * / %; unary minus. All left-associative. It accepts whatever Mixpanel might accept (unknown functions,
 * unknown scopes with a quoted name); what it refuses is refused with the way to write it.
 */
import { ExpressionError, type Token, tokenize } from "./expression-tokens.ts";

export type Literal = string | number | boolean | null | undefined;
export type BinaryOperator = "+" | "-" | "*" | "/" | "%" | "==" | "!=" | ">" | ">=" | "<" | "<=" | "in";

export type Expression = { position: number } & (
  | { kind: "literal"; value: Literal }
  | { kind: "now" }
  /** `properties["plan"]`; further brackets reach into a list or an object. */
  | { kind: "property"; scope: string; path: (string | number)[] }
  | { kind: "list"; items: Expression[] }
  | { kind: "not" | "negate"; operand: Expression }
  | { kind: "logic"; operator: "and" | "or"; operands: Expression[] }
  | { kind: "binary"; operator: BinaryOperator; left: Expression; right: Expression }
  | { kind: "call"; name: string; args: Expression[] }
);

/** Nesting allowed; deeper is a mistake or an attack on the stack. */
const MAX_DEPTH = 200;
/** Operators in one unparenthesised chain such as `1 + 1 + ...`. */
const MAX_CHAIN = 1_000;

const COMPARISON = 3;
const ADDITION = 4;
const MULTIPLICATION = 5;
const BINARY: Record<string, { operator: BinaryOperator; level: number }> = {};
for (const operator of ["==", "!=", ">", ">=", "<", "<=", "in"] as const)
  BINARY[operator] = { operator, level: COMPARISON };
for (const operator of ["+", "-"] as const) BINARY[operator] = { operator, level: ADDITION };
for (const operator of ["*", "/", "%"] as const) BINARY[operator] = { operator, level: MULTIPLICATION };

const CONSTANTS = new Map<string, Literal>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
]);
const SCOPES = new Set(["properties", "user", "event", "behaviors", "group_properties"]);

/** Words of SQL and of other languages, with what Mixpanel writes instead. */
const FOREIGN_WORDS = new Map<string, string>([
  ["like", 'Test for a piece of text with "piece" in properties["name"].'],
  ["ilike", 'Test for a piece of text with "piece" in properties["name"].'],
  ["contains", 'Test for a piece of text with "piece" in properties["name"].'],
  ["is", 'Write defined(properties["name"]) or not defined(properties["name"]).'],
  ["between", 'Write (properties["n"] >= 1) and (properties["n"] <= 5).'],
  ["exists", 'Write defined(properties["name"]).'],
  ["and", "Write and in lower case."],
  ["or", "Write or in lower case."],
  ["not", "Write not in lower case."],
  ["in", "Write in in lower case."],
  ["true", "Write true in lower case."],
  ["false", "Write false in lower case."],
  ["null", 'Test for a missing value with not defined(properties["name"]).'],
  ["none", 'Test for a missing value with not defined(properties["name"]).'],
  ["now", "Write NOW in capitals."],
  ["where", "Give the condition alone, without where."],
]);

const OPERATOR_WORDS = new Set(["and", "or", "in", "not"]);
/** Lower-case words that are more likely a slip than a property's name. */
const NEVER_NAMES = new Set(["now", "where"]);

/** Parses one expression. Throws ExpressionError with the position of the mistake. */
export function parse(text: string): Expression {
  if (text.trim() === "") throw new ExpressionError("the expression is empty", 0);
  const parser = new Parser(text, tokenize(text));
  const expression = parser.disjunction();
  parser.expectEnd();
  return expression;
}

class Parser {
  private index = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly tokens: Token[],
  ) {}

  private get token(): Token {
    return this.tokens[this.index] ?? { kind: "end", value: "", position: this.text.length, end: this.text.length };
  }

  private is(value: string): boolean {
    return (this.token.kind === "symbol" || this.token.kind === "name") && this.token.value === value;
  }

  private take(value: string): boolean {
    if (!this.is(value)) return false;
    this.index += 1;
    return true;
  }

  private expect(value: string, hint?: string): void {
    if (!this.take(value)) throw this.unexpected(`expected ${value}`, hint);
  }

  disjunction(): Expression {
    return this.logic("or", () => this.logic("and", () => this.negation()));
  }

  private logic(operator: "and" | "or", next: () => Expression): Expression {
    const first = next();
    if (!this.is(operator)) return first;
    const operands = [first];
    while (this.take(operator)) operands.push(next());
    for (const operand of operands) this.refuseNonBoolean(operand, operator);
    return { kind: "logic", operator, operands, position: first.position };
  }

  /** `x == "a" or "b"`: Mixpanel's and/or take conditions only. */
  private refuseNonBoolean(operand: Expression, operator: string): void {
    if (operand.kind !== "literal" || (typeof operand.value !== "string" && typeof operand.value !== "number")) return;
    throw new ExpressionError(
      `${JSON.stringify(operand.value)} is not a condition, which ${operator} needs on both sides`,
      operand.position,
      'Repeat the comparison, (properties["plan"] == "pro") or (properties["plan"] == "team"), or write properties["plan"] in ["pro", "team"].',
    );
  }

  private negation(): Expression {
    const { position } = this.token;
    if (!this.take("not")) return this.binary(COMPARISON);
    return this.nested(() => ({ kind: "not", operand: this.negation(), position }));
  }

  private binary(level: number): Expression {
    if (level > MULTIPLICATION) return this.unary();
    let left = this.binary(level + 1);
    for (let length = 0; ; length += 1) {
      const { token } = this;
      const found = token.kind === "symbol" || token.kind === "name" ? BINARY[token.value] : undefined;
      if (found?.level !== level) return left;
      if (length > MAX_CHAIN) throw new ExpressionError("the expression is too long", token.position);
      this.refuseTightMinus(left, token);
      this.index += 1;
      const right = this.operand(level, found.operator);
      left = { kind: "binary", operator: found.operator, left, right, position: token.position };
    }
  }

  /** The right side of an operator; `x in ("a", "b")` gets its own message. */
  private operand(level: number, operator: BinaryOperator): Expression {
    const start = this.index;
    try {
      return this.binary(level + 1);
    } catch (error) {
      const opened = this.tokens[start];
      if (operator !== "in" || opened?.value !== "(" || !this.is(",") || !(error instanceof ExpressionError))
        throw error;
      throw new ExpressionError("a list is not written with parentheses", opened.position, 'Write in ["a", "b"].');
    }
  }

  /** Mixpanel reads `NOW -604800` as NOW followed by a negative number. */
  private refuseTightMinus(left: Expression, token: Token): void {
    if (left.kind !== "now" || token.value !== "-") return;
    if (!/\s/.test(this.text[token.position - 1] ?? "") || /\s/.test(this.text[token.end] ?? " ")) return;
    throw new ExpressionError(
      "a minus that touches the number is its sign",
      token.position,
      "Put a space on both sides: NOW - 604800.",
    );
  }

  private unary(): Expression {
    const { position } = this.token;
    if (!this.take("-")) return this.primary();
    return this.nested(() => ({ kind: "negate", operand: this.unary(), position }));
  }

  private nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new ExpressionError("the expression is nested too deeply", this.token.position);
    const result = read();
    this.depth -= 1;
    return result;
  }

  private primary(): Expression {
    const { token } = this;
    const { position } = token;
    if (token.kind === "text" || token.kind === "number") {
      this.index += 1;
      return { kind: "literal", value: token.value, position };
    }
    if (token.kind === "name") return this.named(token.value, position);
    if (this.take("(")) {
      const inner = this.nested(() => this.disjunction());
      this.expect(")");
      return inner;
    }
    if (this.take("[")) return { kind: "list", items: this.nested(() => this.items("]")), position };
    throw this.unexpected("expected a property, a value or a condition");
  }

  private items(close: string): Expression[] {
    const items: Expression[] = [];
    if (this.take(close)) return items;
    do items.push(this.disjunction());
    while (this.take(","));
    this.expect(close);
    return items;
  }

  private named(name: string, position: number): Expression {
    const next = this.tokens[this.index + 1];
    const opens = next?.kind === "symbol" ? next.value : "";
    if (opens === "[" && !CONSTANTS.has(name)) return this.property(name, position);
    if (opens === "(" && !OPERATOR_WORDS.has(name.toLowerCase())) {
      this.index += 2;
      return { kind: "call", name, args: this.nested(() => this.items(")")), position };
    }
    if (CONSTANTS.has(name)) {
      this.index += 1;
      return { kind: "literal", value: CONSTANTS.get(name), position };
    }
    if (name === "NOW") {
      this.index += 1;
      return { kind: "now", position };
    }
    throw this.unknownName(name, position);
  }

  private property(scope: string, position: number): Expression {
    this.index += 1;
    const path: (string | number)[] = [];
    while (this.take("[")) {
      const { token } = this;
      if (token.kind !== "text" && (token.kind !== "number" || path.length === 0)) {
        const name = token.kind === "name" ? token.value : "name";
        throw this.unexpected("a property name stands in double quotes", `Write ${scope}["${name}"].`);
      }
      path.push(token.value);
      this.index += 1;
      this.expect("]", `Close the bracket: ${scope}["name"].`);
    }
    return { kind: "property", scope, path, position };
  }

  private unknownName(name: string, position: number): ExpressionError {
    if (SCOPES.has(name)) {
      return new ExpressionError(`${name} needs a property name`, position, `Write ${name}["name"].`);
    }
    const foreign = FOREIGN_WORDS.get(name.toLowerCase());
    const lower = name === name.toLowerCase();
    if (lower && OPERATOR_WORDS.has(name))
      return this.unexpected("expected a property, a value or a condition", "Put a condition on both sides.");
    if (foreign && (!lower || NEVER_NAMES.has(name)))
      return new ExpressionError(`unknown word ${name}`, position, foreign);
    return new ExpressionError(
      `unknown variable ${name}`,
      position,
      `Write a property as properties["${name}"], a text as "${name}".`,
    );
  }

  expectEnd(): void {
    if (this.token.kind !== "end") throw this.unexpected("expected an operator or the end");
  }

  private unexpected(message: string, hint?: string): ExpressionError {
    const { token } = this;
    if (token.kind === "end")
      return new ExpressionError(`${message}, but the expression ends here`, token.position, hint);
    const found = this.text.slice(token.position, Math.min(token.end, token.position + 40));
    return new ExpressionError(`${message}, found ${found}`, token.position, hint ?? this.foreignHint(token));
  }

  private foreignHint(token: Token): string | undefined {
    if (token.kind === "name") {
      const following = this.tokens[this.index + 1];
      if (token.value.toLowerCase() === "not" && following?.kind === "name" && following.value.toLowerCase() === "in") {
        return 'Write not (properties["plan"] in ["pro", "team"]).';
      }
      return FOREIGN_WORDS.get(token.value.toLowerCase()) ?? "Join two conditions with and or or.";
    }
    if (token.value === "]" || token.value === ")") return "It closes nothing; check the brackets.";
    return undefined;
  }
}
