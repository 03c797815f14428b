/**
 * The sample project: a Mixpanel-compatible HTTP service on a loopback port. One origin stands for all of Mixpanel's
 * hosts (`MP_API_URL`). It computes its answers from the events of data.ts and enforces Mixpanel's rules: credentials,
 * project, parameters, plan, quotas.
 */
import { type DataOptions, generateData, type SampleData } from "./data.ts";
import { me } from "./endpoints/account.ts";
import { exportEvents } from "./endpoints/export.ts";
import { createGate, type Gate } from "./gate.ts";
import { errorResponse, readRequest } from "./http.ts";
import { createQuota, DEFAULT_QUOTA, isCounted, type Quota, type QuotaLimits, UNLIMITED } from "./quota.ts";
import { ApiError, type SampleRequest, type Service, UNKNOWN_ERROR } from "./request.ts";
import { projectRoute, queryRoute } from "./routes.ts";

export type SampleOptions = {
  /** Same seed, day and time zone: same data. Default 1. */
  seed?: number;
  /** IANA name. Default UTC: a day of a live answer is then the same day in SQL on fetched events. */
  timezone?: string;
  /** Export answers in local wall-clock time by local days, as projects from before 2023 do. */
  createdBefore2023?: boolean;
  /** Overrides of Mixpanel's limits, or none at all. */
  quota?: Partial<QuotaLimits> | "unlimited";
  /** Loopback port; default any free one. */
  port?: number;
  /** Milliseconds since 1970: a frozen clock or a function. Default the real clock. */
  now?: number | (() => number);
  region?: "us" | "eu" | "in";
  /** The project lives in this other region: every call is refused as Mixpanel does. */
  wrongRegion?: "us" | "eu" | "in";
  /** The credentials have expired. */
  expired?: boolean;
  /** The plan has no Query API: 402 on all of it. */
  plan402?: boolean;
  /** `events/names` refuses to look further back. */
  lookbackDays?: number;
  /** Profiles per engage page. Default 1,000. */
  pageSize?: number;
  /** Every query takes this long, so that requests can overlap. */
  latencyMs?: number;
  /** Adds today's events before `now` to the 90 days that end yesterday. */
  includeToday?: boolean;
};

export type LogEntry = {
  method: string;
  /** Path without the query. */
  path: string;
  params: Record<string, string>;
  status: number;
};

export type Sample = {
  /** Origin, `http://127.0.0.1:port`. */
  readonly url: string;
  readonly credentials: { username: string; secret: string; projectId: string };
  /** Valid credentials without a role on the project. */
  readonly outsider: { username: string; secret: string };
  /** Generated on first use. */
  readonly data: SampleData;
  /** The last requests answered, oldest first; never a credential. */
  readonly log: LogEntry[];
  /** Mistakes of the service itself, each answered with 500; tests expect none. */
  readonly failures: unknown[];
  /** Requests of the last hour that count. */
  quotaUsed(): { query: number; export: number };
  close(): Promise<void>;
};

const MAX_LOG = 10_000;
const PROJECT_ID = "3000001";
const WORKSPACE_ID = 4_000_001;
const USERNAME = "sample.3f9a1c.mp-service-account";
/** Not a secret: it opens made-up data on a loopback port. */
const SECRET = "sample-project-secret-not-real";
const OUTSIDER = { username: "outsider.77c2d0.mp-service-account", secret: "outsider-secret-not-real" };

export async function startSample(options: SampleOptions = {}): Promise<Sample> {
  const { now = Date.now } = options;
  const clock = typeof now === "number" ? () => now : now;
  const dataOptions: DataOptions = {
    seed: options.seed ?? 1,
    timezone: options.timezone ?? "UTC",
    now: clock() / 1000,
    ...(options.includeToday ? { includeToday: true } : {}),
  };
  let data: SampleData | undefined;
  const service: Service = {
    get data() {
      data ??= generateData(dataOptions);
      return data;
    },
    projectId: PROJECT_ID,
    workspaceId: WORKSPACE_ID,
    region: options.region ?? "us",
    createdBefore2023: options.createdBefore2023 ?? false,
    pageSize: options.pageSize ?? 1_000,
    lookbackDays: options.lookbackDays,
    username: USERNAME,
    secret: SECRET,
    sessions: new Map(),
    now: clock,
  };
  const limits = options.quota === "unlimited" ? UNLIMITED : { ...DEFAULT_QUOTA, ...options.quota };
  const quota = createQuota(limits, PROJECT_ID, clock);
  const gate = createGate(service, options, OUTSIDER);
  const log: LogEntry[] = [];
  const failures: unknown[] = [];
  const parts = { service, quota, gate, latencyMs: options.latencyMs ?? 0, failures };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    idleTimeout: 0,
    fetch: async (raw) => {
      const request = await readRequest(raw);
      const response = await answer(request, parts);
      const path = new URL(raw.url).pathname;
      log.push({ method: raw.method, path, params: Object.fromEntries(request.params), status: response.status });
      if (log.length > MAX_LOG) log.shift();
      return response;
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    credentials: { username: USERNAME, secret: SECRET, projectId: PROJECT_ID },
    outsider: OUTSIDER,
    get data() {
      return service.data;
    },
    log,
    failures,
    quotaUsed: quota.used,
    close: () => server.stop(true),
  };
}

type Parts = { service: Service; quota: Quota; gate: Gate; latencyMs: number; failures: unknown[] };

async function answer(request: SampleRequest, parts: Parts): Promise<Response> {
  try {
    return await dispatch(request, parts);
  } catch (error) {
    if (error instanceof ApiError) return errorResponse(request, error);
    parts.failures.push(error);
    return errorResponse(request, new ApiError(500, UNKNOWN_ERROR));
  }
}

async function dispatch(request: SampleRequest, { service, quota, gate, latencyMs }: Parts): Promise<Response> {
  const caller = gate.authenticate(request);
  if (request.family === "app") {
    if (request.path === "me") return reply(await me(caller.username, caller.member)(request, service));
    const [scope, id, ...rest] = request.path.split("/");
    if (scope !== "projects" && scope !== "workspaces") throw new ApiError(404, "Not found");
    gate.appScope(caller, scope, id ?? "");
    return reply(await projectRoute(rest.join("/"), request)(request, service));
  }
  gate.project(caller, request);
  if (request.family === "export") {
    const ticket = quota.export();
    let open = true;
    const done = () => {
      if (open) ticket.done(200);
      open = false;
    };
    try {
      return exportEvents(request, service, done);
    } catch (error) {
      done();
      throw error;
    }
  }
  gate.plan();
  const ticket = quota.query(request.path, isCounted(request.path, request.params.get("session_id")));
  let status = 500;
  try {
    if (latencyMs > 0) await Bun.sleep(latencyMs);
    const response = reply(await queryRoute(request)(request, service));
    status = response.status;
    return response;
  } catch (error) {
    if (error instanceof ApiError) status = error.status;
    throw error;
  } finally {
    ticket.done(status);
  }
}

function reply(value: unknown): Response {
  return value instanceof Response ? value : Response.json(value);
}
