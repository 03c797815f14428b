/** Tool arguments as models really send them: read generously where the meaning is plain, refused with a sentence where it is not. */
import type { z } from "zod";
import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";
import type { AnyTool } from "../tools/tool.ts";

/** The parts of a tool's JSON Schema that decide how an argument may be read. */
export type FieldSchema = {
  type?: string;
  enum?: unknown[];
  items?: FieldSchema;
  anyOf?: FieldSchema[];
  properties?: Record<string, FieldSchema>;
};
export type InputSchema = FieldSchema & { properties?: Record<string, FieldSchema>; required?: string[] };

/** The arguments `tool.handler` gets. Throws INVALID_ARGUMENT. */
export function readArguments(tool: AnyTool, schema: InputSchema, given: unknown): unknown {
  const fields = schema.properties ?? {};
  const raw = parseIf(given ?? {}, isRecord) ?? given;
  if (!isRecord(raw)) {
    throw new Fault("INVALID_ARGUMENT", `The arguments of ${tool.name} must be an object.`, {
      suggestions: [expected(tool, fields)],
    });
  }
  const names = Object.keys(raw);
  const unknown = names.filter((name) => !Object.hasOwn(fields, name));
  if (unknown.length > 0) throw unknownArgument(tool, unknown, fields);
  const read: [string, unknown][] = [];
  for (const name of names) {
    const field = fields[name];
    const value = raw[name];
    // A null for something optional means "not given" to many clients.
    if (field === undefined || ((value === null || value === undefined) && !allows(field, "null"))) continue;
    read.push([name, coerce(value, field)]);
  }
  const parsed = tool.input().safeParse(Object.fromEntries(read));
  if (parsed.success) return parsed.data;
  throw new Fault("INVALID_ARGUMENT", `${tool.name}: ${parsed.error.issues.slice(0, 3).map(sentence).join("; ")}.`, {
    suggestions: [expected(tool, fields)],
  });
}

function unknownArgument(tool: AnyTool, unknown: string[], fields: Record<string, FieldSchema>): Fault {
  const near = unknown
    .map((name) => [name, nearest(name, Object.keys(fields), 1)[0]] as const)
    .filter(([, found]) => found !== undefined);
  const hints = near.map(([name, found]) => `Did you mean ${JSON.stringify(found)} instead of ${short(name)}?`);
  const message = `${tool.name} has no argument ${unknown.slice(0, 5).map(short).join(", ")}.`;
  return new Fault("INVALID_ARGUMENT", message, {
    suggestions: [...hints.slice(0, 3), `${expected(tool, fields)} Remove it and retry.`],
  });
}

function expected(tool: AnyTool, fields: Record<string, FieldSchema>): string {
  const names = Object.keys(fields);
  return names.length > 0
    ? `Expected arguments of ${tool.name}: ${names.join(", ")}.`
    : `${tool.name} takes no arguments.`;
}

const short = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON text that holds the wanted kind of value; undefined when it does not. */
function parseIf<T>(value: unknown, wanted: (parsed: unknown) => parsed is T): T | undefined {
  if (wanted(value)) return value;
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return wanted(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const allows = (field: FieldSchema, type: string): boolean =>
  field.type === type || (field.anyOf?.some((option) => allows(option, type)) ?? false);

/** Only changes what the schema would refuse anyway, and only where one reading is left. */
function coerce(value: unknown, field: FieldSchema): unknown {
  if (Array.isArray(value)) return allows(field, "array") ? value.map((item) => coerceItem(item, field)) : value;
  if (allows(field, "array") && !allows(field, "string")) {
    const list = parseIf(value, Array.isArray);
    if (list) return list.map((item) => coerceItem(item, field));
    return isRecord(value) || value === "" ? value : [coerceItem(value, field)];
  }
  if (allows(field, "object") && !allows(field, "string")) return parseIf(value, isRecord) ?? value;
  return coerceScalar(value, field);
}

function coerceItem(item: unknown, field: FieldSchema): unknown {
  const items = field.items ?? field.anyOf?.find((option) => option.items)?.items;
  return items ? coerce(item, items) : item;
}

function coerceScalar(value: unknown, field: FieldSchema): unknown {
  if (typeof value === "string" && !allows(field, "string")) {
    const text = value.trim();
    if ((allows(field, "integer") || allows(field, "number")) && /^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text);
    if (allows(field, "boolean") && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  }
  if (typeof value === "number" && allows(field, "string") && !allows(field, "number") && !allows(field, "integer"))
    return String(value);
  if (typeof value === "string" && field.enum && !field.enum.includes(value)) {
    const text = value.trim().toLowerCase();
    return field.enum.find((option) => option === text) ?? value;
  }
  return value;
}

type Issue = z.core.$ZodIssue;

function sentence(issue: Issue): string {
  const where = issue.path.length > 0 ? issue.path.map(String).join(".") : "the arguments";
  const given =
    issue.code === "invalid_type" && /received undefined/.test(issue.message) ? `${where} is required` : undefined;
  if (given) return given;
  if (issue.code === "invalid_value")
    return `${where} must be ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  if (issue.code === "too_big") return `${where} must be at most ${issue.maximum}`;
  if (issue.code === "too_small")
    return issue.origin === "string" ? `${where} must not be empty` : `${where} must be at least ${issue.minimum}`;
  if (issue.code === "invalid_type")
    return `${where} must be ${issue.expected === "int" ? "a whole number" : `of type ${issue.expected}`}`;
  if (issue.code === "unrecognized_keys")
    return `${where} has the unknown keys ${issue.keys.slice(0, 5).map(short).join(", ")}`;
  return `${where}: ${issue.message.replace(/\.$/, "")}`;
}
