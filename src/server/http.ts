/**
 * MCP over Streamable HTTP on Bun.serve: `/mcp` for the protocol, `/health` for supervisors, nothing else. Guards first
 * (http-guard.ts), then the body (http-body.ts), then the SDK's transport of the session the request belongs to.
 */
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/sdk/types.js";
import { Fault } from "../fault.ts";
import { HTTP_BODY_MS, HTTP_IDLE_SESSION_MS, HTTP_MAX_SESSIONS, MAX_MESSAGE_BYTES } from "../limits.ts";
import type { Log } from "../log.ts";
import { VERSION } from "../version.ts";
import { type Buffered, readBody } from "./http-body.ts";
import {
  bracketed,
  createGuard,
  type Guard,
  hostAllowed,
  isLoopback,
  originAllowed,
  tokenAllowed,
} from "./http-guard.ts";
import { createSessions, type Opened, type Session, type Sessions } from "./http-sessions.ts";

export type HttpOptions = {
  /** Address to listen on: anything but loopback needs a token. */
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Bearer token every request to `/mcp` must carry; undefined on loopback asks for none. */
  token: string | undefined;
  log: Log;
  openSession: () => Opened | Promise<Opened>;
  /** Time for a whole body, in ms. */
  bodyMs?: number;
};

export type HttpServer = {
  /** `http://127.0.0.1:8000/mcp` */
  url: string;
  sessions: Sessions;
  /** Stops listening, cancels what runs and closes every session. */
  close(): Promise<void>;
};

type Front = { guard: Guard; sessions: Sessions; bodyMs: number; buffered: Buffered };

/** Throws INVALID_ARGUMENT for an address that may not be served so, CONFIG_INVALID when the port cannot be had. */
export function startHttp(options: HttpOptions): HttpServer {
  const { host, port, token, log } = options;
  if (!isLoopback(host) && !token) {
    throw new Fault("INVALID_ARGUMENT", `Serving on ${host} lets other machines in, so it needs a bearer token.`, {
      suggestions: ["Set MP_HTTP_TOKEN to a long random text, or leave --host out to serve this machine only."],
    });
  }
  const sessions = createSessions(options.openSession, log);
  const front: Front = {
    guard: createGuard(host, port, token),
    sessions,
    bodyMs: options.bodyMs ?? HTTP_BODY_MS,
    buffered: { bytes: 0 },
  };
  const listener = listen(host, port, front, log);
  front.guard = createGuard(host, listener.port ?? port, token);
  const sweeper = setInterval(() => void sessions.sweep(Date.now(), HTTP_IDLE_SESSION_MS), 60_000);
  return {
    url: `http://${bracketed(host)}:${listener.port}/mcp`,
    sessions,
    async close() {
      clearInterval(sweeper);
      void listener.stop(false);
      await sessions.close();
      await listener.stop(true);
    },
  };
}

function listen(host: string, port: number, front: Front, log: Log): Bun.Server<undefined> {
  // "localhost" may resolve to several addresses; the one every client tries is enough.
  const hostname = host.toLowerCase() === "localhost" ? "127.0.0.1" : host.replace(/^\[|\]$/g, "");
  try {
    return Bun.serve({
      hostname,
      port,
      development: false,
      // Said because outside development Bun shares a port that is in use, and half the requests would go elsewhere.
      reusePort: false,
      // Ours is exact and says why; Bun's only bounds what could slip past it.
      maxRequestBodySize: MAX_MESSAGE_BYTES + 1024 * 1024,
      idleTimeout: 30,
      fetch: (request, server) => answer(request, front, () => server.timeout(request, 0)),
      error(error) {
        log.error("http request failed", error);
        return refusal(500, -32603, "Internal error");
      },
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const what = code === "EADDRINUSE" ? "is already in use" : `cannot be listened on${code ? ` (${code})` : ""}`;
    throw new Fault("CONFIG_INVALID", `Port ${port} on ${host} ${what}.`, {
      suggestions: ["Choose another with --port."],
      cause: error,
    });
  }
}

/** `lasting` takes the idle limit off a connection whose answer may take long. */
async function answer(request: Request, front: Front, lasting: () => void): Promise<Response> {
  const { headers, method } = request;
  if (!hostAllowed(headers.get("host"), front.guard))
    return refusal(403, -32000, "Forbidden: the Host header does not name this server.");
  if (!originAllowed(headers.get("origin")))
    return refusal(403, -32000, "Forbidden: requests from this Origin are not served.");
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return health(method);
  if (pathname !== "/mcp") return refusal(404, -32000, "Not found: the endpoint is /mcp.");
  if (method !== "POST" && method !== "GET" && method !== "DELETE") {
    return refusal(405, -32000, "Method not allowed.", { Allow: "GET, POST, DELETE" });
  }
  if (!tokenAllowed(headers.get("authorization"), front.guard)) {
    return refusal(401, -32000, "Unauthorized: the bearer token is missing or wrong.", {
      "WWW-Authenticate": 'Bearer realm="mixpanel-data-mcp"',
    });
  }
  if (method === "POST") return post(request, front, lasting);
  const session = sessionOf(request, front);
  if (session instanceof Response) return session;
  lasting();
  const response = await session.transport.handleRequest(request);
  return method === "GET" ? listening(request, response, session) : response;
}

function health(method: string): Response {
  if (method !== "GET") return refusal(405, -32000, "Method not allowed.", { Allow: "GET" });
  return Response.json({ status: "ok", version: VERSION });
}

async function post(request: Request, front: Front, lasting: () => void): Promise<Response> {
  if (mediaType(request.headers.get("content-type")) !== "application/json") {
    return refusal(415, -32000, "Unsupported media type: send application/json.");
  }
  // A session that is not there is refused before its body is read.
  const known = request.headers.has("mcp-session-id") ? sessionOf(request, front) : undefined;
  if (known instanceof Response) return known;
  lasting();
  const body = await readBody(request, front.bodyMs, front.buffered);
  if (!body.ok)
    return refusal(body.status, body.status === 400 ? -32700 : -32000, body.reason, { Connection: "close" });
  const { message } = body;
  if (Array.isArray(message))
    return refusal(400, -32600, "Invalid request: batches are not part of this protocol version.");
  const starting = isObject(message) && message["method"] === "initialize";
  const session = known ?? (starting ? await newSession(front) : sessionOf(request, front));
  if (session instanceof Response) return session;
  const response = await deliver(session, request, message);
  // An `initialize` that was refused leaves nothing behind.
  if (session.transport.sessionId === undefined) await session.close();
  return response;
}

async function newSession({ sessions }: Front): Promise<Session | Response> {
  if (sessions.size >= HTTP_MAX_SESSIONS)
    return refusal(503, -32000, `Too many sessions: ${HTTP_MAX_SESSIONS} are open.`, { "Retry-After": "60" });
  return sessions.open();
}

function sessionOf(request: Request, { sessions }: Front): Session | Response {
  const id = request.headers.get("mcp-session-id");
  if (id === null)
    return refusal(400, -32000, "Bad request: the Mcp-Session-Id header is missing; start with initialize.");
  const session = sessions.get(id);
  if (!session) return refusal(404, -32001, "Session not found: start again with initialize.");
  session.lastUsed = Date.now();
  return session;
}

/** Hands one message to the session, and takes it back when the client goes away before the answer. */
async function deliver(session: Session, request: Request, message: unknown): Promise<Response> {
  const id = requestId(message);
  if (id === undefined) return notify(session, request, message);
  if (session.open.has(id)) return refusal(400, -32600, "Invalid request: this id still awaits its answer.");
  session.open.add(id);
  request.signal.addEventListener("abort", () => {
    if (!session.open.delete(id)) return;
    const gone: JSONRPCMessage = {
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: id, reason: "the client went away" },
    };
    session.transport.onmessage?.(gone);
  });
  const response = await session.transport.handleRequest(request, { parsedBody: message });
  if (response.status !== 200) session.open.delete(id);
  return response;
}

async function notify(session: Session, request: Request, message: unknown): Promise<Response> {
  const response = await session.transport.handleRequest(request, { parsedBody: message });
  const cancelled =
    isObject(message) && message["method"] === "notifications/cancelled" ? message["params"] : undefined;
  const id = isObject(cancelled) ? cancelled["requestId"] : undefined;
  // A cancelled call is never answered, so its stream would stay open for ever.
  if (response.status === 202 && isRequestId(id) && session.open.delete(id)) session.transport.closeSSEStream(id);
  return response;
}

/** The stream of notifications. Bun sends headers with the first bytes: a comment at once tells the client it is connected. */
function listening(request: Request, response: Response, session: Session): Response {
  if (response.status !== 200 || !response.body) return response;
  session.streams++;
  request.signal.addEventListener("abort", () => {
    session.streams--;
    session.lastUsed = Date.now();
  });
  const opening = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(": listening\n\n")),
  });
  return new Response(response.body.pipeThrough(opening), { status: response.status, headers: response.headers });
}

function refusal(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRequestId = (value: unknown): value is RequestId => typeof value === "string" || typeof value === "number";

function requestId(message: unknown): RequestId | undefined {
  return isObject(message) && typeof message["method"] === "string" && isRequestId(message["id"])
    ? message["id"]
    : undefined;
}

function mediaType(header: string | null): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
