/** Replies of 200: text -> JSON -> the endpoint's schema. Everything that does not fit is UPSTREAM_ERROR naming the endpoint. */
import { z } from "zod";
import { Fault } from "../fault.ts";
import { said } from "./error-text.ts";
import { isMarkup, type Quote } from "./quote.ts";

/**
 * The schema of an object whose keys are data (event names, dates, segments). A Map, because keys such as `__proto__` and
 * `constructor` must come through as what they are.
 */
export function mapOf<Value>(value: z.ZodType<Value>): z.ZodType<Map<string, Value>> {
  return z.unknown().transform((input, context) => {
    const map = new Map<string, Value>();
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      context.addIssue({ code: "custom", message: `expected object, received ${kindOf(input)}` });
      return z.NEVER;
    }
    for (const [key, inner] of Object.entries(input)) {
      const parsed = value.safeParse(inner);
      if (parsed.success) map.set(key, parsed.data);
      else for (const issue of parsed.error.issues) context.addIssue({ ...issue, path: [key, ...issue.path] });
    }
    return map;
  });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

export function unreadable(endpoint: string, why: string, cause?: unknown): Fault {
  return new Fault("UPSTREAM_ERROR", `Mixpanel's ${endpoint} reply could not be read: ${why}.`, {
    suggestions: ["Try again in a minute; if it stays, check for a proxy between this machine and Mixpanel."],
    details: { endpoint },
    cause,
  });
}

/** JSON, tolerant of a byte order mark only. */
export function parseJson(text: string, endpoint: string, exactIntegers = false): unknown {
  const body = text.replace(/^\ufeff/, "").trim();
  if (body === "") throw unreadable(endpoint, "it is empty");
  if (body.startsWith("<") || (!/^[[{"]/.test(body) && isMarkup(body)))
    throw unreadable(endpoint, "it is an HTML page, not JSON");
  try {
    return exactIntegers && /\d{16}/.test(body) ? JSON.parse(body, keepDigits) : JSON.parse(body);
  } catch (error) {
    const open = /^[[{]/.test(body) && !/[\]}]$/.test(body);
    throw unreadable(endpoint, open ? "it ends in the middle" : "it is not valid JSON", error);
  }
}

function keepDigits(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  const inexact =
    typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source);
  return inexact ? source : value;
}

/**
 * The text of an error delivered as success, or undefined. `keyedByData`: the keys are names out of the project, so only a text
 * under `error` is one.
 */
export function errorInside(value: unknown, keyedByData = false): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const error = Object.hasOwn(value, "error") ? (value as { error: unknown }).error : undefined;
  if (typeof error === "string" && error.trim() !== "") return said(value);
  if (keyedByData) return undefined;
  if (typeof error === "object" && error !== null) return said(value) ?? JSON.stringify(error);
  if (error === true) return said({ ...value, error: undefined }) ?? "error";
  const status = Object.hasOwn(value, "status") ? (value as { status: unknown }).status : undefined;
  const failed = typeof status === "string" && /^(error|fail(ed|ure)?)$/i.test(status);
  return failed ? (said({ ...value, error: undefined }) ?? "it says only that it failed") : undefined;
}

/** Checks the shape; the message names the first field that does not fit. */
export function fitted<T>(value: unknown, schema: z.ZodType<T>, endpoint: string, quote: Quote): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = deepest(parsed.error.issues[0]);
  const field = path.length === 0 ? "its top level" : `"${quote(path.join("."), 80)}"`;
  const expectation = quote(message.replace(/^Invalid input:?\s*/, ""), 120);
  throw unreadable(endpoint, `${field} is not what is documented${expectation === "" ? "" : ` (${expectation})`}`);
}

type Misfit = { path: PropertyKey[]; message: string };

/** Of the forms a reply may have, the one that fitted furthest tells best what is wrong. */
function deepest(issue: z.core.$ZodIssue | undefined): Misfit {
  if (issue === undefined) return { path: [], message: "" };
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors
    .map((form) => deepest(form[0]))
    .reduce<Misfit>((best, one) => (one.path.length > best.path.length ? one : best), { path: [], message: "" });
  return { path: [...issue.path, ...inner.path], message: inner.message || issue.message };
}
