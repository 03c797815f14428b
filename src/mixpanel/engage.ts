/** Mixpanel's profiles: pages of 1,000 out of one cached result set per session id. */
import { z } from "zod";
import { Fault } from "../fault.ts";
import { QUOTED_ERROR_CHARS } from "../limits.ts";
import { type Api, type Download, jsonParam, type Params, path } from "./api.ts";
import { errorInside, unreadable } from "./reply.ts";
import { amount } from "./sparse.ts";

export type ProfileQuery = {
  distinctId?: string;
  /** At most 1,000 in one query; an empty list is no query at all. */
  distinctIds?: readonly string[];
  where?: string;
  cohortId?: number;
  /** With a cohort: true also gives members without a profile. Always sent explicitly, Mixpanel's default is true. */
  includeAllUsers?: boolean;
  /** Bare names; everything when absent. */
  outputProperties?: readonly string[];
  /** Numeric id of a group key, may be negative: group profiles instead of users. */
  dataGroupId?: string;
  behaviors?: readonly Record<string, unknown>[];
  /** Unix seconds; fixes the instant at which behaviors are evaluated, for all pages. */
  asOfTimestamp?: number;
};

export type PageRequest = { page: number; sessionId?: string; pageSize?: number };

/** The body of one request: identical for every page but for `page` and `session_id`. */
function profileForm(query: ProfileQuery, page: PageRequest): Params {
  const json = (value: unknown) => (value === undefined ? undefined : jsonParam(value));
  return {
    distinct_id: query.distinctId,
    distinct_ids: json(query.distinctIds),
    where: query.where,
    filter_by_cohort: query.cohortId === undefined ? undefined : jsonParam({ id: query.cohortId }),
    include_all_users: query.cohortId === undefined ? undefined : (query.includeAllUsers ?? true),
    output_properties: json(query.outputProperties),
    data_group_id: query.dataGroupId,
    behaviors: json(query.behaviors),
    as_of_timestamp: query.asOfTimestamp,
    page_size: page.pageSize,
    session_id: page.sessionId,
    page: page.page,
  };
}

/**
 * One page, unread: the reply's JSON still compressed, so that numbers beyond 2^53 survive into the store. Only the first
 * page costs a query of the hour. A stale session is QUERY_INVALID ("uncached query"): begin again with page 0.
 */
export function downloadProfiles(
  api: Api,
  query: ProfileQuery,
  page: PageRequest,
  signal?: AbortSignal,
  patient = false,
): Promise<Download> {
  return api.download(
    {
      family: "query",
      method: "POST",
      path: path`/engage`,
      form: profileForm(query, page),
      counted: page.sessionId === undefined,
      patient,
    },
    signal,
  );
}

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

const profile = z.looseObject({
  $distinct_id: z.union([z.string(), z.number()]).nullish(),
  group_id: z.union([z.string(), z.number()]).nullish(),
  // As it is: z.record would drop a property called __proto__.
  $properties: z.custom<Record<string, unknown>>(isObject).nullish(),
});

type RawProfile = z.output<typeof profile>;

/** One profile of a page, in plain words. */
export type Profile = { distinctId: string | null; lastSeen: string | null; properties: Record<string, unknown> };

/** Ids may come as numbers, and group profiles name theirs `group_id`. `$last_seen` is UTC without a zone. */
export function readProfile(raw: RawProfile): Profile {
  const id = raw.$distinct_id ?? raw.group_id;
  const properties = raw.$properties ?? {};
  const seen = properties["$last_seen"];
  return {
    distinctId: id === undefined || id === null ? null : String(id),
    lastSeen: typeof seen === "string" ? (/^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(seen) ? `${seen}Z` : seen) : null,
    properties,
  };
}

/** One page, and what page 0 says about the pages that follow. */
export type ProfilePage = {
  total: number | undefined;
  pageSize: number;
  sessionId: string | undefined;
  results: number;
  profiles: RawProfile[];
};

/** To notice a page that only repeats what came before. */
export function idOf(profile: RawProfile): string {
  return String(profile.$distinct_id ?? profile.group_id ?? "");
}

const profilePage = z.looseObject({
  results: z.array(profile).optional(),
  total: amount().optional(),
  page_size: amount().optional(),
  session_id: z.string().nullish(),
});

/**
 * Reads a page from its parsed JSON. Throws QUERY_INVALID for an error inside a 200, UPSTREAM_ERROR for a reply of another
 * shape.
 */
export function readPage(json: unknown): ProfilePage {
  const read = profilePage.safeParse(json);
  if (!read.success) throw unreadable("engage", "a profile page does not have the expected shape");
  const { results, total, page_size, session_id } = read.data;
  const error = errorInside(json);
  if (error !== undefined) {
    throw new Fault("QUERY_INVALID", `Mixpanel refused the profile query: ${quoted(error)}`, {
      suggestions: ["Check the filter, the ids and the property names of the query."],
    });
  }
  if (results === undefined) throw unreadable("engage", "it has no results");
  return {
    total: total ?? undefined,
    pageSize: page_size ?? 1000,
    sessionId: session_id ?? undefined,
    results: results.length,
    profiles: results,
  };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_ERROR_CHARS));
}
