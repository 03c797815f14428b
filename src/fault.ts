/**
 * The only error class that crosses a layer. `message` says what happened, `suggestions` the next step; the cause
 * reaches the log only. Anything thrown that is not a Fault becomes INTERNAL at the wire.
 */
export const FAULT_CODES = [
  "CONFIG_MISSING",
  "CONFIG_INVALID",
  "AUTH_FAILED",
  "PERMISSION_DENIED",
  "PLAN_LIMIT",
  "RATE_LIMITED",
  "QUERY_INVALID",
  "NOT_FOUND",
  "DATE_RANGE",
  "UPSTREAM_ERROR",
  "UPSTREAM_TRUNCATED",
  "NETWORK_ERROR",
  "TABLE_EXISTS",
  "TABLE_NOT_FOUND",
  "SQL_ERROR",
  "SQL_FORBIDDEN",
  "SQL_TIMEOUT",
  "JOB_NOT_FOUND",
  "LIMIT_EXCEEDED",
  "INVALID_ARGUMENT",
  "STORE_BUSY",
  "STORE_FULL",
  "CANCELLED",
  "INTERNAL",
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

export type FaultOptions = {
  /** What the reader should do next, one sentence each, most useful first. */
  suggestions?: string[];
  /** Seconds to wait before the same call can succeed; RATE_LIMITED always carries it. */
  retryAfterSeconds?: number;
  /**
   * Small machine-readable facts: an HTTP status, the position of a mistake. `names` are names out of the project's data
   * (events, properties) to choose from: the reply shows them apart, marked as data, so they never go into a sentence.
   */
  details?: Record<string, unknown>;
  /** For the log only; never shown to a client. */
  cause?: unknown;
};

export class Fault extends Error {
  override readonly name = "Fault";
  readonly suggestions: string[];
  readonly retryAfterSeconds: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    readonly code: FaultCode,
    message: string,
    options: FaultOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.suggestions = options.suggestions ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details = options.details;
  }
}

/** A Fault as plain data, to pass it between processes; `revive` is its inverse. */
export type FaultData = {
  code: FaultCode;
  message: string;
  suggestions: string[];
  retryAfterSeconds?: number;
  details?: Record<string, unknown>;
};

export function faultData(fault: Fault): FaultData {
  const { code, message, suggestions, retryAfterSeconds, details } = fault;
  return { code, message, suggestions, retryAfterSeconds, details };
}

export function reviveFault({ code, message, ...options }: FaultData): Fault {
  return new Fault(code, message, options);
}
