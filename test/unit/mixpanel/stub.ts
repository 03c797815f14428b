/** A server of one's own in Mixpanel's place, on loopback, and a client in front of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "../../../src/fault.ts";
import type { Api } from "../../../src/mixpanel/api.ts";
import { type ApiOptions, type Connection, createApi } from "../../../src/mixpanel/client.ts";
import { Secret } from "../../../src/secret.ts";

export const USERNAME = "reporting.3f9a1c.mp-service-account";
export const SECRET = 'Zk9q"V2x+Lr/8mN%Tb4wYc';
export const PROJECT = "3000001";

export type Seen = { method: string; path: string; query: URLSearchParams; headers: Headers; body: string };

export type Stub = {
  url: string;
  /** What was asked, oldest first. */
  seen: Seen[];
  /** A client with a count of its own, unless `dataDir` says otherwise. */
  api(options?: ApiOptions, connection?: Partial<Connection>): Api;
  dataDir: string;
  close(): Promise<void>;
};

export function stub(answer: (request: Seen, count: number) => Response | Promise<Response>): Stub {
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const one = {
        method: request.method,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: await request.text(),
      };
      seen.push(one);
      return answer(one, seen.length);
    },
  });
  const dataDir = mkdtempSync(join(tmpdir(), "mixpanel-client-"));
  const apis: Api[] = [];
  return {
    url: server.url.origin,
    seen,
    dataDir,
    api(options = {}, connection = {}) {
      const api = createApi(
        { username: USERNAME, secret: new Secret(SECRET), projectId: PROJECT, region: "us", ...connection },
        { apiUrl: server.url.origin, ...options },
      );
      apis.push(api);
      return api;
    },
    async close() {
      for (const api of apis) api.close();
      await server.stop(true);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The Fault of a call that must fail. */
export async function faultOf(call: Promise<unknown>): Promise<Fault> {
  return call.then(
    (value) => {
      throw new Error(`expected a Fault, got ${JSON.stringify(value)}`);
    },
    (error) => error as Fault,
  );
}

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json", ...headers } });
