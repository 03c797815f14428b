/** /engage and below: profiles in pages of a session, statistics, property names. */
import type { Evaluator } from "../../mixpanel/expression.ts";
import type { Profile } from "../data.ts";
import { selectProfiles } from "../engage-query.ts";
import { createRandom } from "../random.ts";
import {
  ApiError,
  compileExpression,
  computedAt,
  type Endpoint,
  integer,
  optional,
  required,
  type SampleRequest,
  type Service,
  textList,
} from "../request.ts";

/** After this a result set is gone. */
const SESSION_MS = 10 * 60_000;
const MAX_SESSIONS = 200;
/** Parameters that may differ between the pages of one result set. */
const NOT_IN_KEY = new Set(["page", "session_id", "project_id", "workspace_id"]);

export const engage: Endpoint = (request, service) => {
  const pageText = optional(request, "page") ?? "0";
  if (!/^\d+$/.test(pageText)) throw new ApiError(400, `Error in page: invalid integer ${pageText}`);
  const page = Number(pageText);
  const pageSize = Math.min(integer(request, "page_size", service.pageSize), service.pageSize);
  const { id, rows } = resultSet(request, service, page);
  const output = textList(request, "output_properties");
  const results = rows.slice(page * pageSize, (page + 1) * pageSize).map((profile) => row(profile, output));
  const head = { page, page_size: pageSize, session_id: id, status: "ok", computed_at: computedAt(service) };
  // Only the first page's total can be trusted, so only it has one.
  return page === 0 ? { ...head, total: rows.length, results } : { ...head, results };
};

/** The first page fixes the result set; later pages must name its session and ask for the very same thing. */
function resultSet(request: SampleRequest, service: Service, page: number): { id: string; rows: Profile[] } {
  const key = JSON.stringify(
    [...request.params].filter(([name]) => !NOT_IN_KEY.has(name)).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const asked = optional(request, "session_id");
  if (asked === undefined && page > 0) throw uncached("page > 0 needs a session_id");
  const now = service.now();
  if (asked !== undefined) {
    const session = service.sessions.get(asked);
    if (!session || session.expires < now || session.key !== key) throw uncached(key);
    if (page > 0 && optional(request, "behaviors") && !optional(request, "as_of_timestamp")) throw uncached(key);
    return { id: asked, rows: session.rows };
  }
  const selected = selectProfiles(request, service, "where");
  const limit = optional(request, "limit") === undefined ? selected.length : integer(request, "limit", selected.length);
  const id = `${Math.floor(now / 1000)}-${createRandom(now + service.sessions.size).id()}`;
  if (service.sessions.size >= MAX_SESSIONS) service.sessions.delete(service.sessions.keys().next().value ?? "");
  const rows = selected.slice(0, limit);
  service.sessions.set(id, { key, rows, expires: now + SESSION_MS });
  return { id, rows };
}

function uncached(parameters: string): ApiError {
  return new ApiError(400, `request for page in uncached query for params ${parameters}`);
}

/** An id made of digits comes as a number. */
function row({ distinctId, properties }: Profile, output: string[] | undefined) {
  const $distinct_id = /^[1-9]\d{0,14}$/.test(distinctId) ? Number(distinctId) : distinctId;
  if (!output) return { $distinct_id, $properties: properties };
  const wanted = new Set([...output, "$last_seen"]);
  return {
    $distinct_id,
    $properties: Object.fromEntries(Object.entries(properties).filter(([name]) => wanted.has(name))),
  };
}

/** `action`: count(), extremes(x), percentile(x, n), numeric_summary(x). The filter is called `selector`. */
export const engageStats: Endpoint = (request, service) => {
  const action = required(request, "action");
  const [, name = "", rest = ""] = /^(\w+)\((.*)\)$/s.exec(action.trim()) ?? [];
  const profiles = selectProfiles(request, service, "selector");
  const head = { status: "ok", computed_at: computedAt(service) };
  if (name === "count") return { ...head, results: profiles.length };
  const [, text = rest, percentile = "50"] = /^(.*),\s*(\d+(?:\.\d+)?)\s*$/s.exec(rest) ?? [];
  const numbers = numbersOf(profiles, compileExpression("action", name === "percentile" ? text : rest, service));
  const sum = numbers.reduce((a, b) => a + b, 0);
  if (name === "extremes") return { ...head, results: { max: numbers.at(-1) ?? null, min: numbers[0] ?? null } };
  if (name === "percentile") {
    const result =
      numbers[Math.min(numbers.length - 1, Math.floor((Number(percentile) / 100) * numbers.length))] ?? null;
    return { ...head, results: { percentile: Number(percentile), result } };
  }
  if (name !== "numeric_summary") throw new ApiError(400, `Error in action: unknown action ${action}`);
  const mean = numbers.length === 0 ? null : sum / numbers.length;
  const squares = numbers.reduce((a, b) => a + b * b, 0);
  const variance = mean === null ? null : squares / numbers.length - mean * mean;
  return { ...head, results: { count: numbers.length, mean, variance, sum_of_squares: squares } };
};

function numbersOf(profiles: Profile[], read: Evaluator): number[] {
  const values = profiles.map(({ properties }) => read({ user: properties }));
  return values.filter((value) => typeof value === "number").sort((a, b) => a - b);
}

export const engageProperties: Endpoint = (_request, service) => {
  const found = new Map<string, { count: number; type: string }>();
  for (const { properties } of service.data.profiles) {
    for (const [name, value] of Object.entries(properties)) {
      const known = found.get(name) ?? { count: 0, type: Array.isArray(value) ? "list" : typeof value };
      found.set(name, { ...known, count: known.count + 1 });
    }
  }
  return { status: "ok", results: Object.fromEntries(found) };
};

export const engageAliases: Endpoint = () => ({ status: "ok", results: [] });
