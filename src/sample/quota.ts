/** Mixpanel's rate limits: a rolling hour and requests in flight for queries, a burst limit more for export. */
import { ApiError } from "./request.ts";

export type QuotaLimits = {
  perHour: number;
  concurrent: number;
  exportPerHour: number;
  exportPerSecond: number;
  exportConcurrent: number;
};

export const DEFAULT_QUOTA: QuotaLimits = {
  perHour: 60,
  concurrent: 5,
  exportPerHour: 60,
  exportPerSecond: 3,
  exportConcurrent: 100,
};

export const UNLIMITED: QuotaLimits = {
  perHour: Number.POSITIVE_INFINITY,
  concurrent: Number.POSITIVE_INFINITY,
  exportPerHour: Number.POSITIVE_INFINITY,
  exportPerSecond: Number.POSITIVE_INFINITY,
  exportConcurrent: Number.POSITIVE_INFINITY,
};

const HOUR_MS = 3_600_000;
const DOCUMENTATION =
  "For more information, please consult our documentation at https://docs.mixpanel.com/reference/rate-limits";

/** First path segments below /api/query that cost a query. */
const COUNTED = new Set(
  "arb_funnels cohorts correlate custom-query data_definitions engage events experiments flows formulas funnels impact insights metrics query integrations jql retention segmentation stream trends".split(
    " ",
  ),
);

/** Whether a query-family request costs one: later pages of a profile download and aliases do not. */
export function isCounted(path: string, sessionId: string | undefined): boolean {
  const [first = "", second] = path.split("/");
  if (first === "engage" && (second === "aliases" || (second === undefined && sessionId !== undefined))) return false;
  return COUNTED.has(first);
}

/** Starts of requests in a rolling window. */
class Window {
  private starts: number[] = [];

  constructor(
    readonly limit: number,
    private readonly ms: number,
  ) {}

  used(now: number): number {
    this.starts = this.starts.filter((start) => start > now - this.ms);
    return this.starts.length;
  }

  /** Milliseconds until the oldest request leaves the window. */
  wait(now: number): number {
    return Math.max(0, (this.starts[0] ?? now) + this.ms - now);
  }

  add(now: number): void {
    this.starts.push(now);
  }

  refund(start: number): void {
    const index = this.starts.lastIndexOf(start);
    if (index >= 0) this.starts.splice(index, 1);
  }
}

/** What a request holds until it has been answered. */
export type Ticket = { done(status: number): void };

export type Quota = {
  query(path: string, counted: boolean): Ticket;
  export(): Ticket;
  used(): { query: number; export: number };
};

export function createQuota(limits: QuotaLimits, projectId: string, now: () => number): Quota {
  const hour = new Window(limits.perHour, HOUR_MS);
  const jqlHour = new Window(limits.perHour, HOUR_MS);
  const exportHour = new Window(limits.exportPerHour, HOUR_MS);
  const exportSecond = new Window(limits.exportPerSecond, 1000);
  let running = 0;
  let exporting = 0;
  return {
    query(path, counted) {
      const at = now();
      const jql = path === "jql";
      const full = counted && (hour.used(at) >= limits.perHour || (jql && jqlHour.used(at) >= limits.perHour));
      if (full || running >= limits.concurrent)
        throw queryRefusal(limits, projectId, hour.used(at), running, full, jql);
      running += 1;
      if (counted) hour.add(at);
      if (jql) jqlHour.add(at);
      return {
        done(status) {
          running -= 1;
          if (status !== 401 && status !== 402 && status !== 429) return;
          if (counted) hour.refund(at);
          if (jql) jqlHour.refund(at);
        },
      };
    },
    export() {
      const at = now();
      if (exportSecond.used(at) >= limits.exportPerSecond) throw exportRefusal(exportSecond.wait(at));
      if (exportHour.used(at) >= limits.exportPerHour) throw exportRefusal(exportHour.wait(at));
      if (exporting >= limits.exportConcurrent) throw exportRefusal(10_000);
      exporting += 1;
      exportHour.add(at);
      exportSecond.add(at);
      return {
        done() {
          exporting -= 1;
        },
      };
    },
    used: () => ({ query: hour.used(now()), export: exportHour.used(now()) }),
  };
}

function queryRefusal(
  limits: QuotaLimits,
  projectId: string,
  used: number,
  running: number,
  hourly: boolean,
  jql: boolean,
): ApiError {
  const { perHour, concurrent } = limits;
  const seconds = hourly ? 3600 : 10;
  const policy = [`"project";q=${perHour};w=3600`, `"project-concurrency";q=${concurrent};qu="concurrent-requests"`];
  const state = [
    hourly ? '"project";r=0;t=3600' : `"project";r=${Math.max(0, perHour - used)}`,
    hourly ? `"project-concurrency";r=${Math.max(0, concurrent - running)}` : '"project-concurrency";r=0;t=10',
  ];
  if (jql) {
    policy.push(
      `"endpoint-jql";q=${perHour};w=3600`,
      `"endpoint-jql-concurrency";q=${concurrent};qu="concurrent-requests"`,
    );
    state.push(
      `"endpoint-jql";r=${Math.max(0, perHour - used)}`,
      `"endpoint-jql-concurrency";r=${Math.max(0, concurrent - running)}`,
    );
  }
  const reason = hourly
    ? `rate limit (${used + 1}/${perHour} queries running in the last hour)`
    : `concurrency limit (${running + 1}/${concurrent} queries running concurrently)`;
  return new ApiError(
    429,
    `Query rate limit exceeded for project_id: ${projectId}. This request exceeded the ${reason}. ${DOCUMENTATION}`,
    {
      headers: {
        "RateLimit-Policy": policy.join(", "),
        RateLimit: state.join(", "),
        "Retry-After": String(seconds),
      },
    },
  );
}

function exportRefusal(waitMs: number): ApiError {
  return new ApiError(429, "too many export requests in progress for this project", {
    headers: { "Retry-After": String(Math.max(1, Math.ceil(waitMs / 1000))) },
  });
}
