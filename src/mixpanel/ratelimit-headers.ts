/**
 * The `RateLimit-Policy` and `RateLimit` headers, after the IETF drafts: items of a quoted name and parameters. Mixpanel sends
 * `"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"` and `"project";r=0;t=3600`; newer drafts spell
 * the remaining number `a` and its seconds `w`.
 */

/** Requests per window of seconds, and requests at once. */
export type Limits = { quota?: number; windowSeconds?: number; concurrent?: number };
/** Which limit answered a 429, and when the header says that it ends. */
export type Tripped = { limit: "hour" | "concurrency"; seconds?: number };

type Item = { name: string; parameters: Map<string, string> };

const MAX_HEADER_CHARS = 2_000;

function items(header: string | null): Item[] {
  if (header === null || header.length > MAX_HEADER_CHARS) return [];
  return (header.match(/(?:[^,"]|"[^"]*")+/g) ?? []).map((text) => {
    const [name = "", ...parameters] = text.match(/(?:[^;"]|"[^"]*")+/g) ?? [];
    return { name: unquoted(name), parameters: new Map(parameters.map(parameter)) };
  });
}

function parameter(text: string): [string, string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text.trim(), ""] : [text.slice(0, equals).trim(), unquoted(text.slice(equals + 1))];
}

function unquoted(text: string): string {
  return text.trim().replace(/^"(.*)"$/, "$1");
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

const isConcurrency = ({ name, parameters }: Item) =>
  name.endsWith("-concurrency") || parameters.get("qu") === "concurrent-requests";

/** The limits of the project as announced; JQL's own ("endpoint-jql") are never stricter than these and left out. */
export function announcedLimits(headers: Headers): Limits {
  const limits: Limits = {};
  for (const item of items(headers.get("RateLimit-Policy"))) {
    if (item.name.startsWith("endpoint-")) continue;
    const quota = whole(item.parameters.get("q"));
    if (quota === undefined || quota === 0) continue;
    if (isConcurrency(item)) limits.concurrent = quota;
    else {
      limits.quota = quota;
      limits.windowSeconds = whole(item.parameters.get("w"));
    }
  }
  return limits;
}

/** The item with nothing remaining; when both the hour and the concurrency stand at 0, the hour is what counts. */
export function trippedLimit(headers: Headers): Tripped | undefined {
  const empty = items(headers.get("RateLimit")).filter(
    ({ parameters }) => (whole(parameters.get("r")) ?? whole(parameters.get("a"))) === 0,
  );
  const item = empty.find((one) => !isConcurrency(one)) ?? empty[0];
  if (item === undefined) return undefined;
  const seconds = whole(item.parameters.get("t")) ?? whole(item.parameters.get("w"));
  return { limit: isConcurrency(item) ? "concurrency" : "hour", seconds };
}
