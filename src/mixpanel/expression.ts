/** Mixpanel's expression language, as `where` and `on` take it: quoting names, checking text, evaluating. */
import { Fault } from "../fault.ts";
import { compile, type Row, type Surroundings, type Value } from "./expression-evaluate.ts";
import { type Expression, parse } from "./expression-parse.ts";
import { ExpressionError } from "./expression-tokens.ts";

export {
  compile,
  type Evaluator,
  type Properties,
  type Row,
  type Surroundings,
  toText,
  type Value,
} from "./expression-evaluate.ts";
export { type Expression, parse } from "./expression-parse.ts";
export { ExpressionError } from "./expression-tokens.ts";

/** The value of an expression for one row; for many rows `compile` once. Throws ExpressionError where and/or get no condition. */
export function evaluate(expression: Expression, scope: Row & Surroundings): Value {
  return compile(expression, scope)(scope);
}

/** `properties["name"]`, with the name escaped. The only way a name may get into an expression. */
export function quoteProperty(name: string, scope: "properties" | "user" | "event" = "properties"): string {
  return `${scope}[${quoteText(name)}]`;
}

/** A double-quoted text literal: backslash and double quote escaped, everything else as it is. */
export function quoteText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const ACCESSORS = ['properties["', 'user["', 'event["'];

/**
 * What `on` wants, from what a person gives: a text holding `properties["`, `user["` or `event["` is an expression and
 * stays as it is; anything else is a bare property name and is quoted. Parentheses, dots and operators decide nothing:
 * `Price (USD)` is a legal name.
 */
export function toAccessor(nameOrExpression: string): string {
  return ACCESSORS.some((accessor) => nameOrExpression.includes(accessor))
    ? nameOrExpression
    : quoteProperty(nameOrExpression);
}

const EXAMPLES: Record<string, string> = { on: 'properties["plan"]', property: 'properties["plan"]' };
const DEFAULT_EXAMPLE = '(properties["plan"] == "pro") and (properties["amount"] >= 10)';

/** A name of the legal 255 characters is shown whole; what is longer is no name worth repeating. */
const short = (text: string) => (text.length > 320 ? `${text.slice(0, 320)}...` : text);

/**
 * Refuses an expression Mixpanel would refuse, before it costs a query: QUERY_INVALID with the position (characters
 * counted from 1), the way to write what was meant, and a valid example. `parameter` is the argument's name.
 */
export function checkExpression(text: string, parameter: string): void {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const position = [...text.slice(0, error.position)].length + 1;
    const near = text.slice(error.position, error.position + 30).trim();
    const where = near === "" ? "" : `, near ${near}`;
    throw new Fault(
      "QUERY_INVALID",
      `${parameter} is not a valid expression: ${short(error.message)} (position ${position}${where}).`,
      {
        suggestions: [
          ...(error.hint ? [short(error.hint)] : []),
          `A valid ${parameter}: ${EXAMPLES[parameter] ?? DEFAULT_EXAMPLE}`,
        ],
        details: { parameter, position },
      },
    );
  }
}
