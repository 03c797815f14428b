/** One request as the sample service's endpoints see it, and the error they answer with. */
import { compile, type Evaluator, ExpressionError, parse, type Row } from "../mixpanel/expression.ts";
import type { Profile, SampleData } from "./data.ts";
import { DAY, parseDay } from "./zone.ts";

export type Family = "query" | "export" | "app";

/** A refusal. `plain` sends the text alone instead of the family's JSON envelope. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly options: { headers?: Record<string, string>; plain?: boolean; body?: Record<string, unknown> } = {},
  ) {
    super(message);
  }
}

export const UNKNOWN_ERROR = "An unknown error occurred.";

export type SampleRequest = {
  family: Family;
  method: string;
  /** Path and query as sent, for the `request` field of errors. */
  target: string;
  /** Path below the family's base, without slashes at the ends. */
  path: string;
  /** URL parameters with body parameters laid over them. */
  params: Map<string, string>;
  /** The body, when it was a JSON object. */
  json: Record<string, unknown> | undefined;
  headers: Headers;
};

/** What endpoints may look at. */
export type Service = {
  readonly data: SampleData;
  readonly projectId: string;
  readonly workspaceId: number;
  readonly region: string;
  readonly createdBefore2023: boolean;
  readonly pageSize: number;
  readonly lookbackDays: number | undefined;
  readonly username: string;
  readonly secret: string;
  readonly sessions: Map<string, EngageSession>;
  /** Milliseconds since 1970. */
  now(): number;
};

export type EngageSession = { key: string; rows: Profile[]; expires: number };

/** Returns the JSON to send, or a Response of its own making. */
export type Endpoint = (request: SampleRequest, service: Service) => unknown;

/** UTC with microseconds and `+00:00`. */
export function computedAt(service: Service): string {
  return new Date(service.now()).toISOString().replace("Z", "000+00:00");
}

export function optional(request: SampleRequest, name: string): string | undefined {
  const value = request.params.get(name);
  return value === "" ? undefined : value;
}

export function required(request: SampleRequest, name: string): string {
  const value = optional(request, name);
  if (value === undefined) throw new ApiError(400, `Missing required parameter: ${name}`);
  return value;
}

export function oneOf<const T extends string>(
  request: SampleRequest,
  name: string,
  values: readonly T[],
  fallback?: T,
): T {
  const value = optional(request, name) ?? fallback;
  if (value === undefined) throw new ApiError(400, `Missing required parameter: ${name}`);
  const found = values.find((candidate) => candidate === value);
  if (found === undefined)
    throw new ApiError(400, `Error in ${name}: invalid value ${value}, expected one of ${values.join(", ")}`);
  return found;
}

export function integer(request: SampleRequest, name: string, fallback: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = optional(request, name);
  if (value === undefined) return fallback;
  if (!/^-?\d+$/.test(value) || Number(value) < 1)
    throw new ApiError(400, `Error in ${name}: invalid integer ${value}`);
  return Math.min(Number(value), max);
}

export function flag(request: SampleRequest, name: string, fallback: boolean): boolean {
  const value = optional(request, name);
  if (value === undefined) return fallback;
  return value === "true" || value === "1";
}

/** A parameter holding a JSON-encoded list of texts. */
export function textList(request: SampleRequest, name: string): string[] | undefined {
  const value = optional(request, name);
  if (value === undefined) return undefined;
  const parsed = jsonParameter(name, value);
  if (!Array.isArray(parsed)) throw new ApiError(400, `Error in ${name}: expected a JSON array`);
  return parsed.map(String);
}

export function jsonParameter(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new ApiError(400, `Error in ${name}: could not decode JSON`);
  }
}

/** A calendar day parameter as a day number; years before 2000 are refused as Mixpanel does. */
export function dayParameter(request: SampleRequest, name: string): number {
  const text = required(request, name);
  const day = parseDay(text);
  if (day === undefined || Number(text.slice(0, 4)) < 2000) {
    throw new ApiError(400, `Error in ${name}: invalid date, bad year: ${text}`);
  }
  return day;
}

/** Minute charts span less than two days, as live. */
export function refuseLongMinutes(unit: string, range: Range): void {
  if (unit === "minute" && range.to - range.from >= 2) {
    throw new ApiError(400, "UserVisibleParamsError: Date range must be less than 48 hours for minute charts.");
  }
}

export type Range = { from: number; to: number };

export function dayRange(request: SampleRequest): Range {
  return { from: dayParameter(request, "from_date"), to: dayParameter(request, "to_date") };
}

export const startOf = (range: Range) => range.from * DAY;
export const endOf = (range: Range) => (range.to + 1) * DAY;

/** A parsed expression parameter as a function of a row, with Mixpanel's 400 for mistakes; undefined when not given. */
export function expressionParameter(request: SampleRequest, service: Service, name: string): Evaluator | undefined {
  const text = optional(request, name);
  return text === undefined ? undefined : compileExpression(name, text, service);
}

export function compileExpression(name: string, text: string, service: Service): Evaluator {
  const now = Math.floor(service.now() / 1000);
  return reporting(name, () => {
    const evaluator = compile(parse(text), { now, timezone: service.data.zone.name });
    return (row: Row) => reporting(name, () => evaluator(row));
  });
}

function reporting<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ApiError(400, `Error in ${name}: ${error.message} at position ${error.position}`);
  }
}
