/** What the endpoint files see of the Mixpanel API: one `call` for JSON replies, one `download` for the raw export. */
import type { z } from "zod";
import type { Region } from "../names.ts";
import type { Path } from "./path.ts";

export type { Region } from "../names.ts";
export type { Path } from "./path.ts";
export { path } from "./path.ts";

/** `query`: /api/query (quota: 60 per hour), `export`: the data host (its own 60 per hour), `app`: /api/app (not metered). */
export type Family = "query" | "export" | "app";

/** One value of a query string or form; `undefined` is left out. Lists and objects: `jsonParam`. */
export type Param = string | number | boolean | undefined;
export type Params = Record<string, Param>;

/** Mixpanel takes lists and objects as one JSON-encoded parameter, never as repeated parameters. */
export function jsonParam(value: unknown): string {
  return JSON.stringify(value);
}

export type Call<T> = {
  family: Family;
  /** Default: POST when there is a form or json body, else GET. */
  method?: "GET" | "POST";
  /** Below the family's base: path`/segmentation`, path`/projects/${id}/bookmarks`. */
  path: Path;
  /** `project_id` (and `workspace_id` when configured) are added for the query and export families. */
  query?: Params;
  /** Sent as application/x-www-form-urlencoded. */
  form?: Params;
  /** Sent as application/json. */
  json?: unknown;
  /** The expected shape; unknown fields are ignored, a wrong one is UPSTREAM_ERROR naming the field. */
  reply: z.ZodType<T>;
  /** Whether it costs a query of the hour. Default: true for the query family, false otherwise. */
  counted?: boolean;
  /** Largest time for one attempt; the call as a whole also keeps to CALL_MS. */
  timeoutMs?: number;
  /** Integers beyond 2^53 come as decimal strings instead of losing digits; the schema must allow both. */
  exactIntegers?: boolean;
  /** The reply is an object keyed by data, so that a key `error` is data unless its value is a text. */
  keyedByData?: boolean;
  /** Background work that no client waits for (fetch jobs): each call has its own time, not the rest of a tool call's. */
  patient?: boolean;
};

/** One pool as it stands: requests used in the last hour by every copy of the server, and when the oldest leaves the hour. */
export type PoolState = { used: number; limit: number; resets_at: string | null };
export type QuotaState = { query: PoolState; export: PoolState };

/** A raw body, still compressed. Nothing about its end is proven: the reader must require a clean end per `framing`. */
export type Download = {
  status: number;
  encoding: "gzip" | "identity";
  framing: "length" | "chunked" | "close";
  /** Bytes announced by Content-Length. */
  length?: number;
  body: ReadableStream<Uint8Array>;
};

export type Api = {
  readonly projectId: string;
  readonly region: Region;
  readonly workspaceId?: number;
  /** Origin of the query host, for messages. */
  readonly origin: string;
  /**
   * Quota, retries, error mapping and reply parsing included. Throws a Fault: AUTH_FAILED, PERMISSION_DENIED, PLAN_LIMIT,
   * RATE_LIMITED, QUERY_INVALID, NOT_FOUND, DATE_RANGE, CONFIG_INVALID, UPSTREAM_ERROR, NETWORK_ERROR or CANCELLED.
   */
  call<T>(call: Call<T>, signal?: AbortSignal): Promise<T>;
  /**
   * One raw export request (a slot of the export quota). Retries only until the first byte; the body errors with a Fault
   * (NETWORK_ERROR, UPSTREAM_TRUNCATED, CANCELLED) when the connection stalls or breaks.
   */
  download(call: Omit<Call<never>, "reply">, signal?: AbortSignal): Promise<Download>;
  /** What is used and left of both hourly pools; asks nobody. */
  quota(): QuotaState;
  /** Sentences worth showing once: the shared quota file cannot be written, ... */
  notes(): string[];
  /** Releases the quota file. */
  close(): void;
};
