/** A server in front of replies written by hand: every body goes through real HTTP, the client and the tool. */
import type { Sample } from "../../src/sample/service.ts";
import { connect, type Harness } from "../harness.ts";

export type Answer =
  | { status?: number; body: unknown }
  | ((params: URLSearchParams) => { status?: number; body: unknown });

export type Scripted = Harness & {
  /** Requests that were counted as queries: path below /api/query and parameters, oldest first. */
  queries: { path: string; params: URLSearchParams; body: string }[];
};

export type Project = {
  timezone?: string;
  names?: string[];
  bookmarks?: { id: number; name: string; type: string }[];
  funnels?: object[];
};

const UNUSED = new Error("there is no sample data behind a scripted service");

/** `replies`: path below /api/query -> answer, e.g. `{"segmentation": {body: {...}}}`; `app/...` for the App family. */
export async function scripted(replies: Record<string, Answer>, project: Project = {}): Promise<Scripted> {
  const queries: Scripted["queries"] = [];
  const free: Record<string, unknown> = {
    "app/me": {
      status: "ok",
      results: { projects: { "3000001": { name: "Test", timezone: project.timezone ?? "UTC" } } },
    },
    "app/projects/3000001/bookmarks": { status: "ok", results: project.bookmarks ?? [] },
  };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const url = new URL(request.url);
      const path = url.pathname.replace(/^\/api\//, "");
      if (Object.hasOwn(free, path) && replies[path] === undefined) return Response.json(free[path]);
      const name = path.replace(/^query\//, "");
      queries.push({ path: name, params: url.searchParams, body: await request.text() });
      if (name === "events/names" && replies[name] === undefined) return Response.json(project.names ?? []);
      if (name === "funnels/list" && replies[name] === undefined) return Response.json(project.funnels ?? []);
      const reply = replies[name];
      const { status = 200, body } =
        typeof reply === "function" ? reply(url.searchParams) : (reply ?? { status: 404, body: { error: "?" } });
      return new Response(typeof body === "string" ? body : JSON.stringify(body), {
        status,
        headers: { "content-type": "application/json" },
      });
    },
  });
  const shared: Sample = {
    url: server.url.origin,
    credentials: { username: "u", secret: "s", projectId: "3000001" },
    outsider: { username: "o", secret: "o" },
    get data(): never {
      throw UNUSED;
    },
    log: [],
    failures: [],
    quotaUsed: () => ({ query: 0, export: 0 }),
    close: async () => {},
  };
  const harness = await connect({ shared });
  return {
    ...harness,
    queries,
    async close() {
      await harness.close();
      await server.stop(true);
    },
  };
}
