/** The one place that talks to Mixpanel: quota, send, retry, error mapping, reply parsing. */
import { Fault } from "../fault.ts";
import { CALL_MS, EXPORT_FIRST_BYTE_MS, QUERY_TIMEOUT_MS } from "../limits.ts";
import type { Log } from "../log.ts";
import type { Api } from "./api.ts";
import { downloadOf } from "./download.ts";
import {
  type Connected,
  type Connection,
  endpointOf,
  type Failure,
  type Outcome,
  poolOf,
  readReply,
  refused,
  type Site,
} from "./exchange.ts";
import { basesOf } from "./hosts.ts";
import { abortFault, networkFault, networkReason } from "./network.ts";
import { createPacer, type Pacer, type Ticket } from "./pacer.ts";
import { openLedger } from "./quota.ts";
import { createQuote } from "./quote.ts";
import { announcedLimits } from "./ratelimit-headers.ts";
import { type AnyCall, buildRequest, checkCredentials, type HttpRequest, type Target } from "./request.ts";
import { retryWait } from "./retry.ts";
import { sleep } from "./wait.ts";

export type { Connection } from "./exchange.ts";

export type ApiOptions = {
  /** Where the shared quota file lives; without it this copy counts alone. */
  dataDir?: string;
  /** Replaces all hosts; a loopback origin, checked by the configuration. */
  apiUrl?: string;
  log?: Log;
  now?: () => number;
};

type Line = Site & {
  target: Target;
  pacer: Pacer;
  log?: Log;
  /** When each tool call must be over, by its signal: the calls of one tool share its time. */
  deadlines: WeakMap<AbortSignal, number>;
};

/** Time that a tool keeps for its own work and for the reply. */
const MARGIN_MS = 6_000;
/** What background calls may add to their first try for quota and retries. */
const PATIENCE_MS = 60_000;

/** Throws CONFIG_INVALID for unusable credentials. Nothing is opened or sent before the first call. */
export function createApi(connection: Connection, options: ApiOptions = {}): Api {
  checkCredentials(connection);
  const bases = basesOf(connection.region, options.apiUrl);
  const origin = new URL(bases.query).origin;
  const now = options.now ?? Date.now;
  const ledger = openLedger({
    dataDir: options.dataDir,
    scope: `${origin} ${connection.projectId}`,
    onDegrade: (cause) => options.log?.warn("the quota file cannot be used; this copy counts alone", cause),
  });
  const line: Line = {
    target: { bases, projectId: connection.projectId, workspaceId: connection.workspaceId },
    connection,
    ledger,
    pacer: createPacer(ledger, now),
    quote: createQuote({ username: connection.username, secret: connection.secret.reveal() }),
    log: options.log,
    now,
    deadlines: new WeakMap(),
  };
  return {
    projectId: connection.projectId,
    region: connection.region,
    workspaceId: connection.workspaceId,
    origin,
    call: (call, signal) =>
      untilDone(line, call, signal, (response, connected) => readReply(line, call, response, connected)),
    download: (call, signal) =>
      untilDone(line, { ...call, raw: true }, signal, async (response, connected) => ({
        value: downloadOf(response, { ...connected, released: connected.hold() }, signal),
      })),
    quota: () => ({ query: ledger.state("query", now()), export: ledger.state("export", now()) }),
    notes: () => [ledger.note()].filter((note) => note !== undefined),
    close: () => ledger.close(),
  };
}

/** What becomes of a successful response. */
type Consume<T> = (response: Response, connected: Connected) => Promise<Outcome<T>>;

async function untilDone<T>(
  line: Line,
  call: AnyCall,
  signal: AbortSignal | undefined,
  consume: Consume<T>,
): Promise<T> {
  const deadline = deadlineOf(line, call, signal);
  let last: Failure | undefined;
  let waitedMs = 0;
  for (let attempt = 1; ; attempt++) {
    const ticket = await admit(line, call, deadline, signal, last);
    const outcome = await oneTry(line, call, deadline, signal, ticket, consume);
    if ("value" in outcome) return outcome.value;
    last = outcome;
    if (outcome.trouble === undefined) throw outcome.fault;
    const wait = retryWait(outcome.trouble, { attempt, waitedMs, remainingMs: deadline - line.now() }, Math.random());
    if (wait === undefined) throw outcome.fault;
    line.log?.debug(`${endpointOf(call)}: ${outcome.fault.code}, trying again in ${wait} ms`);
    await sleep(wait, signal);
    waitedMs += wait;
  }
}

/** A retry that finds no quota left reports what went wrong first. */
async function admit(
  line: Line,
  call: AnyCall,
  deadline: number,
  signal: AbortSignal | undefined,
  last: Failure | undefined,
): Promise<Ticket> {
  try {
    return await line.pacer.admit({
      family: call.family,
      counted: call.counted ?? call.family !== "app",
      deadline,
      holdMs: timeoutOf(call) + MARGIN_MS,
      signal,
    });
  } catch (fault) {
    throw last !== undefined && fault instanceof Fault && fault.code === "RATE_LIMITED" ? last.fault : fault;
  }
}

function deadlineOf(line: Line, call: AnyCall, signal?: AbortSignal): number {
  const now = line.now();
  if (call.patient) return now + timeoutOf(call) + PATIENCE_MS;
  const known = signal === undefined ? undefined : line.deadlines.get(signal);
  const deadline = known ?? now + CALL_MS - MARGIN_MS;
  if (signal !== undefined) line.deadlines.set(signal, deadline);
  return deadline;
}

function timeoutOf(call: AnyCall): number {
  return call.timeoutMs ?? (call.family === "export" ? EXPORT_FIRST_BYTE_MS : QUERY_TIMEOUT_MS);
}

async function oneTry<T>(
  line: Line,
  call: AnyCall,
  deadline: number,
  signal: AbortSignal | undefined,
  ticket: Ticket,
  consume: Consume<T>,
): Promise<Outcome<T>> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(1, Math.min(timeoutOf(call), deadline - line.now())));
  const forward = () => controller.abort();
  signal?.addEventListener("abort", forward, { once: true });
  let held = false;
  try {
    const request = buildRequest(call, line.target, line.connection);
    const connected: Connected = {
      abort: forward,
      timedOut: () => controller.signal.aborted && !signal?.aborted,
      hold: () => {
        held = true;
        return () => ticket.release();
      },
      host: new URL(request.url).origin,
      endpoint: endpointOf(call),
      signal,
    };
    const response = await send(line, request, call, connected, controller.signal, ticket);
    if ("fault" in response) return response;
    learn(line, call, response);
    return response.ok ? await consume(response, connected) : await refused(line, call, response, connected, ticket);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
    if (!held) ticket.release();
  }
}

function learn(line: Line, call: AnyCall, response: Response): void {
  const pool = poolOf(call);
  const limits = announcedLimits(response.headers);
  if (pool !== undefined && Object.keys(limits).length > 0) line.ledger.learn(pool, limits);
}

async function send(
  line: Line,
  request: HttpRequest,
  call: AnyCall,
  connected: Connected,
  abort: AbortSignal,
  ticket: Ticket,
): Promise<Response | Failure> {
  const started = line.now();
  const name = `${request.method} ${connected.host}${call.path.name}`;
  try {
    if (connected.signal?.aborted) throw abortFault(connected.signal);
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      // A redirect would carry the credentials to wherever it points.
      redirect: "manual",
      // A download is passed on as it came: its reader proves its end.
      decompress: call.raw !== true,
      // Bun's own limit of five minutes is below what a first byte of a big export takes.
      timeout: false,
      signal: abort,
    });
    line.log?.debug(`${name}: ${response.status} after ${line.now() - started} ms`);
    return response;
  } catch (error) {
    if (connected.signal?.aborted) throw abortFault(connected.signal);
    const reason = connected.timedOut() ? "timeout" : networkReason(error);
    line.log?.debug(`${name}: ${reason} after ${line.now() - started} ms`);
    // These three fail before a request is sent, so Mixpanel cannot have counted it.
    if (reason === "refused" || reason === "dns" || reason === "tls") ticket.refund();
    return { fault: networkFault(reason, connected.host, error), trouble: { kind: "network", reason } };
  }
}
