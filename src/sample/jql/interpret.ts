/** Walks a script's tree. Scripts reach only what `globals` gives them and own properties of plain values. */
import { callMethod, construct } from "./methods.ts";
import { type Node, ScriptError, type Statement } from "./syntax.ts";
import { Callable, Host, propertyOf, type Value } from "./values.ts";

class Scope {
  private readonly values = new Map<string, Value>();
  constructor(private readonly outer?: Scope) {}

  find(name: string): Scope | undefined {
    return this.values.has(name) ? this : this.outer?.find(name);
  }
  get(name: string): Value {
    return this.values.get(name);
  }
  set(name: string, value: Value): void {
    this.values.set(name, value);
  }
}

type Returned = { value: Value };

/** Scripts run between other requests, so they may not hold the service for long. */
const MAX_MS = 2_000;
const STEPS_PER_CHECK = 4_096;
const MAX_CALLS = 200;

/** Runs a script and calls its `main`. */
export function runScript(statements: Statement[], globals: Record<string, Value>): Value {
  const scope = new Scope();
  for (const [name, value] of Object.entries(globals)) scope.set(name, value);
  const machine = new Machine();
  machine.run(statements, scope);
  const main = scope.get("main");
  if (!(main instanceof Callable)) throw new ScriptError("ReferenceError", "main is not defined", 0);
  return main.call([], 0);
}

class Machine {
  private steps = 0;
  private calls = 0;
  private readonly deadline = performance.now() + MAX_MS;

  private step(at: number): void {
    this.steps += 1;
    if (this.steps % STEPS_PER_CHECK === 0 && performance.now() > this.deadline) {
      throw new ScriptError("RangeError", "the script ran for too long", at);
    }
  }

  /** Function declarations first, as hoisting has it. */
  run(statements: Statement[], scope: Scope): Returned | undefined {
    const isFunction = (each: Statement) =>
      each.kind === "declare" && each.value?.kind === "function" && each.value.name === each.name;
    for (const each of statements) if (isFunction(each)) this.statement(each, scope);
    for (const each of statements) {
      const returned = isFunction(each) ? undefined : this.statement(each, scope);
      if (returned) return returned;
    }
    return undefined;
  }

  private statement(statement: Statement, scope: Scope): Returned | undefined {
    switch (statement.kind) {
      case "declare":
        scope.set(statement.name, statement.value ? this.value(statement.value, scope) : undefined);
        return undefined;
      case "return":
        return { value: statement.value ? this.value(statement.value, scope) : undefined };
      case "if":
        return this.run(this.value(statement.test, scope) ? statement.yes : statement.no, scope);
      case "block":
        return this.run(statement.body, scope);
      case "for": {
        this.run(statement.start, scope);
        while (!statement.test || this.value(statement.test, scope)) {
          this.step(statement.at);
          const returned = this.run(statement.body, scope);
          if (returned) return returned;
          if (statement.step) this.value(statement.step, scope);
        }
        return undefined;
      }
      case "each": {
        const list = this.value(statement.list, scope);
        const items: Value[] = statement.keys ? Object.keys(Object(list)) : Array.isArray(list) ? list : [];
        for (const item of items) {
          scope.set(statement.name, item);
          const returned = this.run(statement.body, scope);
          if (returned) return returned;
        }
        return undefined;
      }
      case "expression":
        this.value(statement.value, scope);
        return undefined;
    }
  }

  private value(node: Node, scope: Scope): Value {
    this.step(node.at);
    switch (node.kind) {
      case "literal":
        return node.value;
      case "name": {
        const found = scope.find(node.name);
        if (!found) throw new ScriptError("ReferenceError", `${node.name} is not defined`, node.at);
        return found.get(node.name);
      }
      case "member":
        return this.member(node, scope);
      case "call":
        return this.call(node, scope);
      case "new":
        return construct(node.name, this.all(node.args, scope), node.at);
      case "unary":
        return unary(node.operator, this.value(node.operand, scope));
      case "logical": {
        const left = this.value(node.left, scope);
        return node.operator === "&&" ? left && this.value(node.right, scope) : left || this.value(node.right, scope);
      }
      case "binary":
        return binary(node.operator, this.value(node.left, scope), this.value(node.right, scope));
      case "conditional":
        return this.value(this.value(node.test, scope) ? node.yes : node.no, scope);
      case "array":
        return this.all(node.items, scope);
      case "object":
        return Object.fromEntries(
          node.entries.map(({ key, value }) => [String(this.value(key, scope)), this.value(value, scope)]),
        );
      case "function":
        return this.closure(node, scope);
      case "assign": {
        const value = this.value(node.value, scope);
        if (node.operator === "=") return this.assign(node.target, value, scope);
        return this.assign(node.target, binary(node.operator[0] ?? "+", this.value(node.target, scope), value), scope);
      }
      case "update": {
        const before = Number(this.value(node.target, scope));
        this.assign(node.target, before + node.delta, scope);
        return node.prefix ? before + node.delta : before;
      }
    }
  }

  private all(nodes: Node[], scope: Scope): Value[] {
    return nodes.map((node) => this.value(node, scope));
  }

  private closure(node: Node & { kind: "function" }, scope: Scope): Callable {
    return new Callable(node.name, (args, at) => {
      this.calls += 1;
      this.step(at);
      if (this.calls > MAX_CALLS) throw new ScriptError("RangeError", "Maximum call stack size exceeded", at);
      const inner = new Scope(scope);
      for (const [index, name] of node.parameters.entries()) inner.set(name, args[index]);
      const returned = this.run(node.body, inner);
      this.calls -= 1;
      return returned?.value;
    });
  }

  private member(node: Node & { kind: "member" }, scope: Scope): Value {
    const object = this.value(node.object, scope);
    const key = this.value(node.property, scope);
    if (object === undefined || object === null) {
      throw new ScriptError("TypeError", `Cannot read properties of ${object} (reading '${String(key)}')`, node.at);
    }
    return propertyOf(object, String(key));
  }

  private call(node: Node & { kind: "call" }, scope: Scope): Value {
    const { callee } = node;
    const notAFunction = () => new ScriptError("TypeError", `${render(callee)} is not a function`, callee.at);
    if (callee.kind !== "member") {
      const target = this.value(callee, scope);
      if (!(target instanceof Callable)) throw notAFunction();
      return target.call(this.all(node.args, scope), node.at);
    }
    const object = this.value(callee.object, scope);
    const key = String(this.value(callee.property, scope));
    if (object === undefined || object === null) {
      throw new ScriptError("TypeError", `Cannot read properties of ${object} (reading '${key}')`, callee.at);
    }
    const own = object instanceof Host ? object.method(key) : propertyOf(object, key);
    const args = this.all(node.args, scope);
    if (own instanceof Callable) return own.call(args, callee.at);
    const result = callMethod(object, key, args, callee.at);
    if (!result) throw notAFunction();
    return result.value;
  }

  private assign(target: Node, value: Value, scope: Scope): Value {
    if (target.kind === "name") (scope.find(target.name) ?? scope).set(target.name, value);
    else if (target.kind === "member") {
      const object = this.value(target.object, scope);
      const key = String(this.value(target.property, scope));
      if (typeof object !== "object" || object === null || object instanceof Host) {
        throw new ScriptError("TypeError", `Cannot set properties of ${String(object)} (setting '${key}')`, target.at);
      }
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return value;
  }
}

function unary(operator: string, value: Value): Value {
  if (operator === "!") return !value;
  if (operator === "-") return -Number(value);
  if (operator === "+") return Number(value);
  return value instanceof Callable ? "function" : typeof value;
}

function plain(value: Value): string | number {
  return typeof value === "number" || typeof value === "string"
    ? value
    : typeof value === "object" && value !== null
      ? String(value)
      : Number(value);
}

/** `==`: null and undefined are one, a number equals its text. */
function looselyEqual(left: Value, right: Value): boolean {
  if (left === right || (left ?? right ?? null) === null) return true;
  const nothing = (value: Value) => value === undefined || value === null;
  return typeof left !== typeof right && !nothing(left) && !nothing(right) && Number(left) === Number(right);
}

function binary(operator: string, left: Value, right: Value): Value {
  switch (operator) {
    case "===":
      return left === right;
    case "!==":
      return left !== right;
    case "==":
      return looselyEqual(left, right);
    case "!=":
      return !looselyEqual(left, right);
    case "+":
      return typeof left === "string" || typeof right === "string"
        ? String(left) + String(right)
        : Number(left) + Number(right);
    case "-":
      return Number(left) - Number(right);
    case "*":
      return Number(left) * Number(right);
    case "/":
      return Number(left) / Number(right);
    case "%":
      return Number(left) % Number(right);
    case "<":
      return plain(left) < plain(right);
    case ">":
      return plain(left) > plain(right);
    case "<=":
      return plain(left) <= plain(right);
    default:
      return plain(left) >= plain(right);
  }
}

/** A callee as engines print it: `Events(...).limit`. */
function render(node: Node): string {
  if (node.kind === "name") return node.name;
  if (node.kind === "call") return `${render(node.callee)}(...)`;
  if (node.kind === "member") {
    const key = node.property.kind === "literal" ? `.${String(node.property.value)}` : "[...]";
    return `${render(node.object)}${key}`;
  }
  return "(intermediate value)";
}
