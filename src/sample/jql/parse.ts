/** Script text to statements. Nothing here or after it ever generates code: scripts are walked as trees. */
import { type Node, ScriptError, type Statement, tokenize, unsupported } from "./syntax.ts";
import { TokenReader } from "./token-reader.ts";

const LEVELS = [["||"], ["&&"], ["==", "!=", "===", "!=="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"]];
const ASSIGNMENTS = new Set(["=", "+=", "-=", "*=", "/=", "%="]);
const WORDS = new Map<string, boolean | null | undefined>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
]);
const UNSUPPORTED = new Set([
  "class",
  "while",
  "do",
  "switch",
  "try",
  "throw",
  "async",
  "await",
  "import",
  "export",
  "this",
  "yield",
  "with",
  "delete",
  "void",
]);
const MAX_DEPTH = 150;

export function parseScript(script: string): Statement[] {
  const parser = new Parser(tokenize(script));
  const statements: Statement[] = [];
  while (!parser.ended) statements.push(...parser.statement());
  return statements;
}

class Parser extends TokenReader {
  private depth = 0;

  statement(): Statement[] {
    const { at } = this.peek();
    if (this.take(";")) return [];
    if (this.is("{")) return [{ kind: "block", body: this.block(), at }];
    if (this.is("var") || this.is("let") || this.is("const")) return this.declaration();
    if (this.is("function")) {
      const value = this.functionExpression();
      return [{ kind: "declare", name: value.name, value, at }];
    }
    if (this.take("return")) {
      const bare = this.is(";") || this.is("}") || this.ended;
      const value = bare ? undefined : this.expression();
      this.take(";");
      return [{ kind: "return", value, at }];
    }
    if (this.take("if")) return [this.conditional(at)];
    if (this.take("for")) return [this.loop(at)];
    const value = this.expression();
    this.take(";");
    return [{ kind: "expression", value, at }];
  }

  private block(): Statement[] {
    this.expect("{");
    const body: Statement[] = [];
    while (!this.take("}")) {
      if (this.ended) throw this.unexpected();
      body.push(...this.statement());
    }
    return body;
  }

  private declaration(): Statement[] {
    this.index += 1;
    const declared: Statement[] = [];
    do {
      const { at } = this.peek();
      const name = this.name();
      declared.push({ kind: "declare", name, value: this.take("=") ? this.assignment() : undefined, at });
    } while (this.take(","));
    this.take(";");
    return declared;
  }

  private conditional(at: number): Statement {
    this.expect("(");
    const test = this.expression();
    this.expect(")");
    const yes = this.statement();
    return { kind: "if", test, yes, no: this.take("else") ? this.statement() : [], at };
  }

  private loop(at: number): Statement {
    this.expect("(");
    const declares = this.is("var") || this.is("let") || this.is("const");
    if (declares && (this.is("of", 2) || this.is("in", 2))) {
      this.index += 1;
      const name = this.name();
      const keys = this.name() === "in";
      const list = this.expression();
      this.expect(")");
      return { kind: "each", name, keys, list, body: this.statement(), at };
    }
    const start = this.is(";") ? this.statement() : declares ? this.declaration() : this.statement();
    const test = this.is(";") ? undefined : this.expression();
    this.expect(";");
    const step = this.is(")") ? undefined : this.expression();
    this.expect(")");
    return { kind: "for", start, test, step, body: this.statement(), at };
  }

  private functionExpression(): Node & { kind: "function" } {
    const { at } = this.peek();
    this.expect("function");
    const name = this.is("(") ? "" : this.name();
    this.expect("(");
    const parameters = this.parameters();
    return { kind: "function", name, parameters, body: this.block(), at };
  }

  private parameters(): string[] {
    const names: string[] = [];
    while (!this.take(")")) {
      names.push(this.name());
      if (!this.is(")")) this.expect(",");
    }
    return names;
  }

  private expression(): Node {
    return this.assignment();
  }

  private assignment(): Node {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new ScriptError("RangeError", "Maximum call stack size exceeded", this.peek().at);
    const node = this.arrow() ?? this.plainAssignment();
    this.depth -= 1;
    return node;
  }

  private plainAssignment(): Node {
    const target = this.ternary();
    const { at, value: operator, kind } = this.peek();
    if (kind !== "symbol" || !ASSIGNMENTS.has(operator)) return target;
    if (target.kind !== "name" && target.kind !== "member")
      throw new ScriptError("SyntaxError", "Invalid left-hand side in assignment", target.at);
    this.index += 1;
    return { kind: "assign", operator, target, value: this.assignment(), at };
  }

  /** `x => ...`, `(a, b) => ...`. */
  private arrow(): Node | undefined {
    const start = this.index;
    const { at, kind } = this.peek();
    let parameters: string[] | undefined;
    if (kind === "name" && this.is("=>", 1)) parameters = [this.name()];
    else if (this.is("(") && this.arrowAhead()) {
      this.index += 1;
      parameters = this.parameters();
    }
    if (!parameters || !this.take("=>")) {
      this.index = start;
      return undefined;
    }
    if (this.is("{")) return { kind: "function", name: "", parameters, body: this.block(), at };
    const value = this.assignment();
    return { kind: "function", name: "", parameters, body: [{ kind: "return", value, at: value.at }], at };
  }

  private arrowAhead(): boolean {
    let ahead = 1;
    while (this.peek(ahead).kind === "name" || this.is(",", ahead)) ahead += 1;
    return this.is(")", ahead) && this.is("=>", ahead + 1);
  }

  private ternary(): Node {
    const test = this.binary(0);
    if (!this.take("?")) return test;
    const yes = this.assignment();
    this.expect(":");
    return { kind: "conditional", test, yes, no: this.assignment(), at: test.at };
  }

  private binary(level: number): Node {
    const operators = LEVELS[level];
    if (!operators) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const token = this.peek();
      if (token.kind !== "symbol" || !operators.includes(token.value)) return left;
      this.index += 1;
      const right = this.binary(level + 1);
      left = { kind: level < 2 ? "logical" : "binary", operator: token.value, left, right, at: token.at };
    }
  }

  private unary(): Node {
    const { at, value, kind } = this.peek();
    if (kind === "symbol" && (value === "++" || value === "--")) {
      this.index += 1;
      return { kind: "update", delta: value === "++" ? 1 : -1, prefix: true, target: this.unary(), at };
    }
    if ((kind === "symbol" && "!-+".includes(value)) || (kind === "name" && value === "typeof")) {
      this.index += 1;
      return { kind: "unary", operator: value, operand: this.unary(), at };
    }
    const target = this.postfix(this.primary());
    const after = this.peek();
    if (after.kind !== "symbol" || (after.value !== "++" && after.value !== "--")) return target;
    this.index += 1;
    return { kind: "update", delta: after.value === "++" ? 1 : -1, prefix: false, target, at };
  }

  private postfix(start: Node): Node {
    let node = start;
    for (;;) {
      const { at } = this.peek();
      if (this.take(".")) {
        const key = this.peek();
        node = {
          kind: "member",
          object: node,
          property: { kind: "literal", value: this.name(), at: key.at },
          at: key.at,
        };
      } else if (this.take("[")) {
        const property = this.expression();
        this.expect("]");
        node = { kind: "member", object: node, property, at };
      } else if (this.take("(")) node = { kind: "call", callee: node, args: this.list(")"), at: node.at };
      else return node;
    }
  }

  private list(close: string): Node[] {
    const items: Node[] = [];
    while (!this.take(close)) {
      items.push(this.assignment());
      if (!this.is(close)) this.expect(",");
    }
    return items;
  }

  private primary(): Node {
    const token = this.peek();
    const { at, value } = token;
    if (this.is("function")) return this.functionExpression();
    if (this.is("{")) return this.object();
    this.index += 1;
    if (token.kind === "number") return { kind: "literal", value: Number(value), at };
    if (token.kind === "text") return { kind: "literal", value, at };
    if (token.kind === "name" && WORDS.has(value)) return { kind: "literal", value: WORDS.get(value), at };
    if (token.kind === "name" && value === "new") {
      const name = this.name();
      return { kind: "new", name, args: this.take("(") ? this.list(")") : [], at };
    }
    if (token.kind === "name" && UNSUPPORTED.has(value)) throw unsupported(value, at);
    if (token.kind === "name") return { kind: "name", name: value, at };
    if (value === "(" && token.kind === "symbol") {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (value === "[" && token.kind === "symbol") return { kind: "array", items: this.list("]"), at };
    this.index -= 1;
    throw this.unexpected();
  }

  private object(): Node {
    const { at } = this.peek();
    this.expect("{");
    const entries: { key: Node; value: Node }[] = [];
    while (!this.take("}")) {
      const token = this.peek();
      this.index += 1;
      let key: Node = { kind: "literal", value: token.value, at: token.at };
      if (token.value === "[" && token.kind === "symbol") {
        key = this.expression();
        this.expect("]");
      } else if (token.kind === "symbol" || token.kind === "end") {
        this.index -= 1;
        throw this.unexpected();
      }
      const shorthand = token.kind === "name" && !this.is(":");
      if (!shorthand) this.expect(":");
      entries.push({ key, value: shorthand ? { kind: "name", name: token.value, at: token.at } : this.assignment() });
      if (!this.is("}")) this.expect(",");
    }
    return { kind: "object", entries, at };
  }
}
