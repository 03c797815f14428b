/**
 * Faults laid over a service (usually the sample one): a raw socket proxy that answers what the service answers, except where a rule says otherwise.
 *
 *   const faults = await startFaults(sample.url, [
 *     { on: "/api/2.0/export", nth: 2, finAt: 5_000 },                  // 2nd export: cut after 5,000 body bytes
 *     { on: "segmentation", times: 2, status: 429, retryAfter: 1 },     // first two: 429
 *     { on: /funnels\?.*on=/, body: { data: {} } },                     // a fixed reply instead of the service's
 *   ]);                                                                 // faults.url goes into MP_API_URL; await faults.close()
 *
 * A rule applies to requests whose path contains `on` (a RegExp sees path and query); `nth` (1-based, counted per rule), `times`, `chance`+`seed` narrow it.
 * All rules that apply to a request are merged, later ones winning. Byte positions count body bytes on the wire, chunk framing not included. `rules` may be
 * changed while running; `seen` lists every request with the rules that hit it; `openSockets()` tells whether a client let go of a connection.
 */
import { createServer, type Socket } from "node:net";
import { createRandom } from "../src/sample/random.ts";
import { type ContentFault, changedContent } from "./faults-content.ts";
import { readRequest, type WireFault, type WireReply, type WireRequest, writeReply } from "./faults-wire.ts";

export type Rule = ContentFault &
  WireFault & {
    on?: string | RegExp;
    nth?: number | number[] | ((n: number) => boolean);
    /** Only the first so many matching requests. */
    times?: number;
    /** Only this share of the matching requests, drawn with `seed`. */
    chance?: number;
    seed?: number;
    /** Wait before answering. */
    latencyMs?: number;
  };

export type Seen = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: string;
  hits: Rule[];
};

export type Faults = {
  readonly url: string;
  readonly rules: Rule[];
  readonly seen: Seen[];
  openSockets(): number;
  close(): Promise<void>;
};

/** Starts the proxy on a free loopback port. Without an upstream every request needs a rule with `body` or `status`. */
export async function startFaults(upstream: string | undefined, rules: Rule[] = []): Promise<Faults> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const matcher = createMatcher();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    readRequest(socket)
      .then(async (request) => {
        const url = new URL(request.target, "http://proxy");
        const hits = rules.filter((rule) => matcher(rule, url));
        const { method, headers, body } = request;
        seen.push({ method, path: url.pathname, query: url.searchParams, headers, body: body.toString(), hits });
        const fault: Rule = Object.assign({}, ...hits);
        if (fault.latencyMs) await Bun.sleep(fault.latencyMs);
        await writeReply(socket, changedContent(await answer(upstream, request, fault), fault, request), fault);
      })
      .catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    rules,
    seen,
    openSockets: () => sockets.size,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function createMatcher() {
  const counts = new Map<Rule, number>();
  const draws = new Map<Rule, () => number>();
  return (rule: Rule, url: URL): boolean => {
    const { on, nth, times, chance } = rule;
    if (typeof on === "string" && !url.pathname.includes(on)) return false;
    if (on instanceof RegExp && !on.test(url.pathname + url.search)) return false;
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    if (times !== undefined && count > times) return false;
    if (typeof nth === "number" && nth !== count) return false;
    if (Array.isArray(nth) && !nth.includes(count)) return false;
    if (typeof nth === "function" && !nth(count)) return false;
    if (chance === undefined) return true;
    const draw = draws.get(rule) ?? createRandom(rule.seed ?? 1).next;
    draws.set(rule, draw);
    return draw() < chance;
  };
}

/** What the service says, or nothing when the rule needs no service. */
async function answer(upstream: string | undefined, request: WireRequest, fault: Rule): Promise<WireReply> {
  const own =
    fault.body !== undefined || fault.status !== undefined || fault.stallHeaders || fault.redirect !== undefined;
  if (own || upstream === undefined) {
    return { status: 200, headers: { "Content-Type": "application/json" }, body: [], framing: "length" };
  }
  const { method, headers, body, target } = request;
  for (const name of ["host", "connection", "content-length", "transfer-encoding"]) headers.delete(name);
  const init = method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(body) };
  const response = await fetch(upstream + target, { method, headers, redirect: "manual", decompress: false, ...init });
  const bytes = Buffer.from(await response.arrayBuffer());
  const kept = [...response.headers].filter(
    ([name]) => !["content-length", "transfer-encoding", "connection", "date"].includes(name),
  );
  return {
    status: response.status,
    headers: Object.fromEntries(kept),
    body: [bytes],
    framing: target.includes("/export") ? "chunked" : "length",
  };
}
