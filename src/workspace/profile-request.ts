/** What a call of fetch_profiles or stream_profiles selects, checked before anything is sent. */
import { Fault } from "../fault.ts";
import type { ProfileQuery } from "../mixpanel/engage.ts";
import { checkExpression } from "../mixpanel/expression.ts";

export type ProfileFilters = {
  where?: string;
  cohort_id?: number;
  distinct_id?: string;
  distinct_ids?: string[];
  output_properties?: string[];
  group_id?: number;
  behaviors?: Record<string, unknown>[];
  as_of_timestamp?: number;
  include_all_users?: boolean;
};

/** Ids in one request. */
const BATCH = 1_000;
const MAX_IDS = 100_000;

/** Which selectors Mixpanel cannot combine; a `where` with a cohort or with behaviors is fine. */
const CONFLICTS: [keyof ProfileFilters, keyof ProfileFilters, string][] = [
  ["distinct_id", "distinct_ids", "Put the one id into distinct_ids."],
  ["distinct_id", "where", "Use one of the two."],
  ["distinct_ids", "where", "Use one of the two, and filter the rest with sql."],
  ["distinct_id", "cohort_id", "Use one of the two."],
  ["distinct_ids", "cohort_id", "Use one of the two."],
  ["distinct_id", "behaviors", "Use one of the two."],
  ["distinct_ids", "behaviors", "Use one of the two."],
  ["cohort_id", "behaviors", "Mixpanel takes a cohort or behaviors, not both."],
];

/** The filters without what is absent, as they are kept with the table. Throws INVALID_ARGUMENT or QUERY_INVALID. */
export function readProfileFilters(args: ProfileFilters, warnings: string[], now = Date.now()): ProfileFilters {
  for (const [one, other, hint] of CONFLICTS) {
    if (args[one] === undefined || args[other] === undefined) continue;
    throw new Fault("INVALID_ARGUMENT", `${one} and ${other} cannot be combined.`, { suggestions: [hint] });
  }
  if (args.where !== undefined) checkExpression(args.where, "where");
  if ((args.distinct_ids?.length ?? 0) > MAX_IDS) {
    throw new Fault(
      "LIMIT_EXCEEDED",
      `distinct_ids holds ${args.distinct_ids?.length} ids; at most ${MAX_IDS} are taken.`,
      {
        suggestions: ["Fetch by cohort_id or where, and join in sql."],
      },
    );
  }
  if (args.as_of_timestamp !== undefined && args.as_of_timestamp * 1000 > now) {
    throw new Fault("INVALID_ARGUMENT", "as_of_timestamp must lie in the past (Unix seconds).");
  }
  if (args.include_all_users !== undefined && args.cohort_id === undefined) {
    warnings.push("include_all_users only means something with cohort_id; it was not sent.");
  }
  if (args.behaviors !== undefined && args.where === undefined) {
    warnings.push('behaviors select nothing by themselves: add a where such as (behaviors["name"] > 0).');
  }
  return {
    ...pick(args),
    ...(args.distinct_ids === undefined ? {} : { distinct_ids: [...new Set(args.distinct_ids)] }),
    // All pages must be evaluated at one instant, else Mixpanel loses the result set after the first.
    ...(args.behaviors === undefined ? {} : { as_of_timestamp: args.as_of_timestamp ?? Math.floor(now / 1000) - 1 }),
  };
}

const KEYS = [
  "where",
  "cohort_id",
  "distinct_id",
  "distinct_ids",
  "output_properties",
  "group_id",
  "behaviors",
  "as_of_timestamp",
] as const;

function pick(args: ProfileFilters): ProfileFilters {
  const given = KEYS.filter((key) => args[key] !== undefined).map((key) => [key, args[key]]);
  const users = args.cohort_id !== undefined && args.include_all_users !== undefined;
  return Object.fromEntries(users ? [...given, ["include_all_users", args.include_all_users]] : given);
}

/** One query, or one per thousand ids; none for an empty list of ids. */
export function profileQueries(filters: ProfileFilters): ProfileQuery[] {
  const base: ProfileQuery = {
    distinctId: filters.distinct_id,
    where: filters.where,
    cohortId: filters.cohort_id,
    includeAllUsers: filters.include_all_users,
    outputProperties: filters.output_properties,
    dataGroupId: filters.group_id === undefined ? undefined : String(filters.group_id),
    behaviors: filters.behaviors,
    asOfTimestamp: filters.as_of_timestamp,
  };
  const ids = filters.distinct_ids;
  if (ids === undefined) return [base];
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, index) =>
    ids.slice(index * BATCH, (index + 1) * BATCH),
  );
  return batches.map((distinctIds) => ({ ...base, distinctIds }));
}
