/** Mixpanel's error replies as Faults: by status first, by text only where one status has several meanings. */
import { Fault, type FaultCode } from "../fault.ts";
import type { Family, Region } from "./api.ts";
import { addDays } from "./dates.ts";
import { errorText } from "./error-text.ts";
import { regionOfCluster } from "./hosts.ts";
import { jqlFault } from "./jql-error.ts";
import type { Quote } from "./quote.ts";

/** What was asked and where, for messages. `endpoint` is the name to show: "segmentation", "events/names". */
export type Asked = {
  endpoint: string;
  family: Family;
  origin: string;
  region: Region;
  projectId: string;
  hasWhere: boolean;
};

export type ErrorReply = { status: number; body: string; now: number; location?: string | null };

const AUTH =
  /unable to authenticate|not authenticated|authentication (?:failed|required|error)|^\W*unauthori[sz]ed\b|invalid (?:service account )?(?:credential|username|secret|api[_ ](?:key|secret))|service account (?:has )?expired/i;
const CLUSTER = /invalid project[_ ]?id for cluster|project_cluster|wrong (?:cluster|region)/i;
const BAD_PROJECT =
  /(?:invalid|unknown|missing|bad) project[_ ]?id\b|project[_ ]?id (?:is )?(?:a )?(?:required|missing|invalid)|no such project/i;
const PLAN = /plan does not (?:allow|include)|upgrade (?:at|your plan)|mixpanel\.com\/pricing/i;
const PERMISSION = /permission denied|do(?:es)? not have (?:access|permission)|not permitted|access denied|forbidden/i;
const LOOK_BACK = /(\d{1,5})\s+days?\s+(?:in|into)\s+the\s+past|exceeds?\s+(?:the\s+)?(?:last\s+)?(\d{1,5})\s+days/i;
const RATE =
  /rate limit exceeded|exceeded the rate limit|too many (?:\w+ )*requests|queries running|concurrency limit|request was throttled/i;

/** A rate limit told with another status than 429. A script's own error may hold any words. */
export function isRateLimit(text: string): boolean {
  return RATE.test(text) && !/Uncaught exception/.test(text);
}

/** The Fault of a reply with an error status. 429 and rate limits in other clothes are rate-limit.ts's. */
export function statusFault(asked: Asked, reply: ErrorReply, quote: Quote): Fault {
  const text = errorText(reply.body);
  const context: Context = {
    asked,
    status: reply.status,
    text,
    words: quote(text),
    body: reply.body,
    now: reply.now,
    location: reply.location,
    quote,
  };
  return byStatus(context);
}

/** The Fault of an `error` inside a 200. */
export function insideFault(asked: Asked, text: string, body: string, now: number, quote: Quote): Fault {
  const context: Context = { asked, status: 200, text, words: quote(text), body, now, quote };
  return byText(context) ?? (PERMISSION.test(text) ? permission(context) : refused(context));
}

type Context = {
  asked: Asked;
  status: number;
  /** What the body says, raw, for matching; `words` is the same, fit to be shown. */
  text: string;
  words: string;
  body: string;
  now: number;
  location?: string | null;
  quote: Quote;
};

function byStatus(context: Context): Fault {
  const { status } = context;
  if (status >= 300 && status < 400) return redirected(context);
  if (status === 401) return auth(context);
  if (status === 402) return plan(context);
  if (status === 403) return lookBack(context) ?? permission(context);
  if (status === 404 || status === 410) return notFound(context);
  if (status === 407) return proxy(context);
  if (status === 408) return make(context, "NETWORK_ERROR", "gave no answer in time", [TRY_SMALLER]);
  if (status === 412) return jqlFault(context.text, context.quote) ?? byText(context) ?? refused(context);
  if (status >= 400 && status < 500) return byText(context) ?? refused(context);
  return broken(context);
}

/** The meanings that are worth more than the status: credentials, region, project, plan, look-back. */
function byText(context: Context): Fault | undefined {
  const { text, body, asked } = context;
  if (AUTH.test(text)) return auth(context);
  if (CLUSTER.test(text) || /project_cluster/i.test(body)) return wrongRegion(context);
  if (BAD_PROJECT.test(text)) {
    return make(context, "CONFIG_INVALID", `does not accept project id ${asked.projectId}`, [
      "Check MP_PROJECT_ID (or project_id in the config file): it is the number after /project/ in the address of the project.",
    ]);
  }
  if (PLAN.test(text)) return plan(context);
  return /days?\s+(?:in|into)\s+the\s+past/i.test(text) ? lookBack(context) : undefined;
}

function auth(context: Context): Fault {
  return make(context, "AUTH_FAILED", "rejected the credentials", [
    "Check the service account's user name and secret (MP_USERNAME and MP_SECRET, or the config file), and that it has not expired.",
    `Check the region too: credentials work only in their own; ${context.asked.region} is configured (MP_REGION). \`setup\` verifies all of it.`,
  ]);
}

function plan(context: Context): Fault {
  if (context.asked.family === "export") {
    return make(context, "PLAN_LIMIT", "does not include the raw export in this project's plan", [
      "See the plan of the project at mixpanel.com/pricing; tables already fetched can still be queried with `sql`.",
    ]);
  }
  return make(context, "PLAN_LIMIT", "does not include the Query API in this project's plan", [
    "Raw events still work on every plan: `fetch_events`, then `sql` on the fetched table.",
    "Live queries need a Mixpanel plan with the Query API.",
  ]);
}

function permission(context: Context): Fault {
  return make(
    context,
    "PERMISSION_DENIED",
    `does not let this service account do this in project ${context.asked.projectId}`,
    [
      "An admin of the project must give the service account a role in it: at least Consumer (Organization settings, Service accounts).",
    ],
  );
}

function lookBack(context: Context): Fault | undefined {
  const match = LOOK_BACK.exec(context.text);
  const days = Number(match?.[1] ?? match?.[2] ?? 0);
  if (days === 0) return undefined;
  const earliest = addDays(new Date(context.now).toISOString().slice(0, 10), -days);
  return make(
    context,
    "DATE_RANGE",
    `only allows this project to look ${days} days back: the earliest date is ${earliest}`,
    [`Use from_date ${earliest} or later.`],
    { earliest_date: earliest, days },
  );
}

function notFound(context: Context): Fault {
  const { asked } = context;
  return make(context, "NOT_FOUND", `found nothing under that ${thing(asked.endpoint)} in project ${asked.projectId}`, [
    "Ids belong to one project and vanish when the thing is deleted: list the valid ones with list_bookmarks, list_funnels or list_cohorts.",
    `When every call says so, check the project id (${asked.projectId}) and the service account's access to it.`,
  ]);
}

function thing(endpoint: string): string {
  if (/bookmark|insights|arb_funnels/.test(endpoint)) return "report id";
  if (/funnel/.test(endpoint)) return "funnel id";
  if (/cohort/.test(endpoint)) return "cohort id";
  return "id or name";
}

function wrongRegion(context: Context): Fault {
  const { asked, body, text } = context;
  const right = clusterRegion(`${text} ${body}`, asked.region);
  const advice =
    right === undefined
      ? "Set the region to us, eu or in: it shows in the address of your Mixpanel project (eu.mixpanel.com is eu, in.mixpanel.com is in)."
      : `Set the region to ${right}: MP_REGION=${right}, or region = "${right}" in the config file.`;
  const where = right === undefined ? "" : `; it is in ${right}`;
  return make(
    context,
    "CONFIG_INVALID",
    `does not have project ${asked.projectId} in region ${asked.region}${where}`,
    [advice],
    {
      region: right,
    },
  );
}

function clusterRegion(text: string, configured: Region): Region | undefined {
  const named = /project_cluster[\\"'\s:=]*(?:mixpanel-prod-)?([a-z]{2}\d*|\d+)\b/i.exec(text)?.[1];
  const region = named === undefined ? undefined : regionOfCluster(named);
  if (region !== undefined) return region;
  const others = [...text.matchAll(/mixpanel-prod-([a-z0-9]+)/gi)].map((match) => regionOfCluster(match[1] ?? ""));
  return others.find((one) => one !== undefined && one !== configured);
}

function redirected(context: Context): Fault {
  const { location, asked, quote } = context;
  const target =
    typeof location === "string" && URL.canParse(location, asked.origin) ? new URL(location, asked.origin).origin : "";
  const to = target === "" || target === "null" ? "" : ` to ${quote(target, 100)}`;
  return make(context, "UPSTREAM_ERROR", `answered with a redirect${to}, which is never followed with credentials`, [
    "Check whether a proxy or sign-in page stands between this machine and Mixpanel.",
  ]);
}

function proxy(context: Context): Fault {
  return new Fault(
    "NETWORK_ERROR",
    `The proxy in front of ${context.asked.origin} asks for its own credentials (HTTP 407).`,
    {
      suggestions: ["Put the proxy's user and password into HTTPS_PROXY."],
      details: { status: 407 },
    },
  );
}

const TRY_SMALLER = "Ask for a shorter date range, fewer segments or a simpler filter.";

function broken(context: Context): Fault {
  const { status } = context;
  if (status === 500) {
    return make(context, "UPSTREAM_ERROR", "had an internal error", [
      "Try again in a minute. If it stays, a parameter combination or a deleted report is the likely cause: simplify the query.",
    ]);
  }
  return make(context, "UPSTREAM_ERROR", "is not answering properly at the moment", [
    "Try again in a minute. Tables already fetched can be queried with `sql` meanwhile.",
  ]);
}

function refused(context: Context): Fault {
  return make(context, "QUERY_INVALID", "refused the query", refusalAdvice(context));
}

function refusalAdvice({ text, asked }: Context): string[] {
  if (/unknown variable/i.test(text)) return ['Write properties as properties["name"] in expressions.'];
  if (/timeout|timed out|too long|too (?:big|large|complex)/i.test(text))
    return [`The query ran too long or is too large. ${TRY_SMALLER}`];
  if (/later than today|in the future/i.test(text))
    return ["to_date must be today or earlier in the project's time zone."];
  if (/bad year|invalid date|date format|from_date|to_date/i.test(text))
    return ["Dates must be YYYY-MM-DD, 2000-01-01 or later, from_date not after to_date."];
  if (/uncached query/i.test(text))
    return [
      "Mixpanel no longer has this result set: run it again from the start (with behaviors, give a fixed as_of_timestamp).",
    ];
  if (/less than 48 hours/i.test(text)) return ["Use unit hour or day, or a range under 48 hours."];
  if (asked.hasWhere && (asked.family === "export" || text === "")) {
    return ['Check the `where` expression: quotes, and accessors such as properties["plan"] == "pro".'];
  }
  return ["Check the names, dates and expressions of the query; names are case-sensitive."];
}

/** "Mixpanel refused the query (segmentation, HTTP 400): "its own words"". */
function make(
  context: Context,
  code: FaultCode,
  what: string,
  suggestions: string[],
  more: Record<string, unknown> = {},
): Fault {
  const { asked, status, words } = context;
  const said = words === "" ? "." : `: "${words}"`;
  return new Fault(code, `Mixpanel ${what} (${asked.endpoint}, HTTP ${status})${said}`, {
    suggestions,
    details: { status, endpoint: asked.endpoint, ...more },
  });
}
