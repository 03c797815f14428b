/** A call as the parts of an HTTP request. Credentials go into the Authorization header, at send time, and nowhere else. */
import { Fault } from "../fault.ts";
import type { Secret } from "../secret.ts";
import type { Call, Family, Params } from "./api.ts";

export type Credentials = { username: string; secret: Secret };
export type Target = { bases: Record<Family, string>; projectId: string; workspaceId?: number };
export type HttpRequest = { url: string; method: "GET" | "POST"; headers: Record<string, string>; body?: string };
/** `raw`: the body is handed on as it comes, still compressed. */
export type AnyCall = Omit<Call<never>, "reply"> & { raw?: boolean };

const LONGEST_CREDENTIAL = 1_000;

/** Refuses what cannot be a Basic credential, without showing it: CONFIG_INVALID. */
export function checkCredentials({ username, secret }: Credentials): void {
  const usable = (text: string) =>
    text.length > 0 && text.length <= LONGEST_CREDENTIAL && /^[\x20-\x7e\xa0-\xff]+$/.test(text);
  const wrong =
    !usable(username) || username.includes(":") ? "user name" : usable(secret.reveal()) ? undefined : "secret";
  if (wrong === undefined) return;
  throw new Fault(
    "CONFIG_INVALID",
    `The ${wrong} of the Mixpanel service account is empty, too long, or holds characters it cannot have.`,
    {
      suggestions: [
        "Copy it again from Mixpanel (Organization settings, Service accounts), without line breaks or quotes.",
      ],
    },
  );
}

export function buildRequest(call: AnyCall, target: Target, credentials: Credentials): HttpRequest {
  const method = call.method ?? (call.form !== undefined || call.json !== undefined ? "POST" : "GET");
  const query = encoded({ ...common(call.family, target), ...call.query });
  const headers: Record<string, string> = {
    Accept: call.family === "export" ? "text/plain, application/json" : "application/json",
    // Only a compressed body proves its end (its trailer): a plain close-delimited one can be cut unnoticed.
    "Accept-Encoding": call.raw ? "gzip" : "gzip, deflate",
    Authorization: basic(credentials),
    "User-Agent": "mixpanel-data-mcp",
  };
  let body: string | undefined;
  if (call.form !== undefined) {
    headers["Content-Type"] = "application/x-www-form-urlencoded";
    body = encoded(call.form);
  } else if (call.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(call.json);
  }
  const url = `${target.bases[call.family]}${call.path.text}${query === "" ? "" : `?${query}`}`;
  return { url, method, headers, body };
}

/** The App family carries the project in its path and refuses unknown parameters. */
function common(family: Family, { projectId, workspaceId }: Target): Params {
  if (family === "app") return {};
  return { project_id: projectId, workspace_id: family === "query" ? workspaceId : undefined };
}

function encoded(params: Params): string {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, wellFormed(String(value))]],
  );
  return new URLSearchParams(pairs).toString();
}

/** A lone surrogate has no UTF-8 form; the replacement character is what a server would read anyway. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

function basic({ username, secret }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${secret.reveal()}`).toString("base64")}`;
}
