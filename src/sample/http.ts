/** From an HTTP request to what endpoints take, and from a refusal to the envelope of its API family. */
import type { ApiError, Family, SampleRequest } from "./request.ts";

/** `/api/2.0` is an older name of `/api/query`, except for export. A trailing slash means nothing. */
function route(pathname: string): { family: Family; path: string } {
  const path = pathname.replace(/\/+$/, "");
  if (path === "/api/2.0/export") return { family: "export", path: "export" };
  const [, base, rest = ""] = /^\/api\/(query|2\.0|app)\/(.*)$/.exec(path) ?? [];
  if (base === "app") return { family: "app", path: rest };
  return { family: "query", path: base === undefined ? path : rest };
}

export async function readRequest(raw: Request): Promise<SampleRequest> {
  const url = new URL(raw.url);
  const body = raw.method === "POST" ? await raw.text() : "";
  const { fields, json } = readBody(body, raw.headers.get("content-type") ?? "");
  return {
    ...route(url.pathname),
    method: raw.method,
    target: url.pathname + url.search,
    params: new Map([...url.searchParams, ...fields]),
    json,
    headers: raw.headers,
  };
}

type Body = { fields: Iterable<[string, string]>; json: Record<string, unknown> | undefined };

/** JSON is tried first, then form fields, whatever the content type says. Scalars of a JSON body act as parameters. */
function readBody(body: string, contentType: string): Body {
  if (body.trim() === "") return { fields: [], json: undefined };
  const parsed = parseObject(body);
  if (parsed) {
    const fields = Object.entries(parsed).flatMap(([name, value]): [string, string][] =>
      value === null || typeof value === "object" ? [] : [[name, String(value)]],
    );
    return { fields, json: parsed };
  }
  return contentType.includes("json")
    ? { fields: [], json: undefined }
    : { fields: new URLSearchParams(body), json: undefined };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

export function errorResponse(request: SampleRequest, error: ApiError): Response {
  const { headers = {}, plain, body = {} } = error.options;
  const init = { status: error.status, headers };
  if (plain) return new Response(error.message, { ...init, headers: { "Content-Type": "text/plain", ...headers } });
  if (request.family === "app") return Response.json({ status: "error", error: error.message, ...body }, init);
  if (request.family === "export") return Response.json({ error: error.message, ...body }, init);
  return Response.json({ request: request.target, error: error.message, ...body }, init);
}
