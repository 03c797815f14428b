/** Which profiles a profile query means: filters, cohorts, behaviours, ids. */
import { type Evaluator, type Expression, parse } from "../mixpanel/expression.ts";
import { cohortMembers, SAVED_COHORTS } from "./cohorts.ts";
import { rowOf } from "./count.ts";
import type { Profile, SampleData } from "./data.ts";
import { createRandom } from "./random.ts";
import {
  ApiError,
  compileExpression,
  flag,
  jsonParameter,
  optional,
  type SampleRequest,
  type Service,
  textList,
} from "./request.ts";
import { DAY, HOUR } from "./zone.ts";

/** Numeric id of the one group key, "company". */
export const COMPANY_GROUP = "5001";

/** Functions profile filters do not know, though event filters do. */
const EVENT_ONLY = new Set(["floor", "ceil", "round", "has_prefix", "boolean"]);

export function selectProfiles(request: SampleRequest, service: Service, filterName: "where" | "selector"): Profile[] {
  let profiles = candidates(request, service);
  const text = optional(request, filterName) ?? (filterName === "where" ? optional(request, "selector") : undefined);
  if (text !== undefined) {
    const test = profileFilter(filterName, text, service);
    const behaviors = behaviorCounts(request, service);
    profiles = profiles.filter(
      ({ distinctId, properties }) =>
        test({ user: { $distinct_id: distinctId, ...properties }, behaviors: behaviors?.(distinctId) }) === true,
    );
  }
  const search = optional(request, "search")?.toLowerCase();
  if (search !== undefined) {
    profiles = profiles.filter((profile) =>
      JSON.stringify(Object.values(profile.properties)).toLowerCase().includes(search),
    );
  }
  return sorted(request, service, profiles);
}

function candidates(request: SampleRequest, service: Service): Profile[] {
  const { data } = service;
  const group = optional(request, "data_group_id");
  if (group !== undefined) return group === COMPANY_GROUP ? companies(data) : [];
  const one = optional(request, "distinct_id");
  const many = textList(request, "distinct_ids");
  if (one !== undefined && many !== undefined)
    throw new ApiError(400, "Only one of distinct_id and distinct_ids can be given");
  const ids = one === undefined ? many : [one];
  const byCohort = cohortFilter(request, service);
  const wanted = ids === undefined ? data.profiles : profilesOf(data, new Set(ids), false);
  if (!byCohort) return wanted;
  const members = profilesOf(data, byCohort, flag(request, "include_all_users", true));
  return ids === undefined ? members : members.filter(({ distinctId }) => ids.includes(distinctId));
}

/** Profiles by id; with `everybody` also ids that have none, with nothing in them. */
function profilesOf(data: SampleData, ids: Set<string>, everybody: boolean): Profile[] {
  return [...ids].flatMap((distinctId) => {
    const properties = data.profileOf.get(distinctId);
    if (properties) return [{ distinctId, properties }];
    return everybody ? [{ distinctId, properties: {} }] : [];
  });
}

function cohortFilter(request: SampleRequest, { data }: Service): Set<string> | undefined {
  const text = optional(request, "filter_by_cohort");
  if (text === undefined) return undefined;
  if (optional(request, "behaviors") !== undefined)
    throw new ApiError(400, "filter_by_cohort and behaviors are mutually exclusive");
  const value = jsonParameter("filter_by_cohort", text);
  const id = typeof value === "object" && value !== null && "id" in value ? Number(value.id) : undefined;
  const cohort = SAVED_COHORTS.find((candidate) => candidate.id === id);
  if (!cohort) throw new ApiError(400, `Error in filter_by_cohort: cohort ${String(id)} does not exist`);
  return cohortMembers(data, cohort);
}

/** Profile filters are read by a smaller grammar than event filters. */
export function profileFilter(name: string, text: string, service: Service): Evaluator {
  const evaluator = compileExpression(name, text, service);
  const foreign = foreignFunction(parse(text));
  if (foreign) throw new ApiError(400, `Error in ${name}: unknown function ${foreign}`);
  return evaluator;
}

function foreignFunction(expression: Expression): string | undefined {
  switch (expression.kind) {
    case "call":
      return EVENT_ONLY.has(expression.name) ? expression.name : firstForeign(expression.args);
    case "list":
      return firstForeign(expression.items);
    case "logic":
      return firstForeign(expression.operands);
    case "not":
    case "negate":
      return foreignFunction(expression.operand);
    case "binary":
      return firstForeign([expression.left, expression.right]);
    default:
      return undefined;
  }
}

function firstForeign(expressions: Expression[]): string | undefined {
  for (const expression of expressions) {
    const found = foreignFunction(expression);
    if (found) return found;
  }
  return undefined;
}

type Behavior = { name: string; seconds: number; tests: { event: string; selector: Evaluator | undefined }[] };

/** Per person: how often each named behaviour happened in its window before `as_of_timestamp`, or now. */
function behaviorCounts(
  request: SampleRequest,
  service: Service,
): ((id: string) => Record<string, number>) | undefined {
  const text = optional(request, "behaviors");
  if (text === undefined) return undefined;
  const list = jsonParameter("behaviors", text);
  if (!Array.isArray(list)) throw new ApiError(400, "Error in behaviors: expected a JSON array");
  const behaviors = list.map((value: unknown) => readBehavior(value, service));
  const asOf = Number(optional(request, "as_of_timestamp") ?? service.now() / 1000);
  const { data } = service;
  return (id) => {
    const events = data.byPerson.get(id) ?? [];
    const counts = behaviors.map(({ name, seconds, tests }) => {
      const hits = events.filter(
        (event) =>
          event.time <= asOf &&
          event.time > asOf - seconds &&
          tests.some(
            (test) => test.event === event.event && (!test.selector || test.selector(rowOf(data, event)) === true),
          ),
      );
      return [name, hits.length] as const;
    });
    return Object.fromEntries(counts);
  };
}

function readBehavior(value: unknown, service: Service): Behavior {
  const {
    name,
    window,
    event_selectors: selectors,
  } = { ...(typeof value === "object" ? value : {}) } as Record<string, unknown>;
  const [, amount, unit = ""] = /^(\d+)([dhwm])$/.exec(String(window)) ?? [];
  const seconds = Number(amount) * ({ d: DAY, h: HOUR, w: 7 * DAY, m: 30 * DAY }[unit] ?? Number.NaN);
  if (typeof name !== "string" || Number.isNaN(seconds) || !Array.isArray(selectors)) {
    throw new ApiError(400, "Error in behaviors: each needs name, window like 30d, and event_selectors");
  }
  const tests = selectors.map((each: unknown) => {
    const { event, selector } = { ...(typeof each === "object" ? each : {}) } as Record<string, unknown>;
    return {
      event: String(event),
      selector:
        typeof selector === "string" && selector ? compileExpression("behaviors", selector, service) : undefined,
    };
  });
  return { name, seconds, tests };
}

/** In no useful order, as live, unless `sort_key` asks for one. */
function sorted(request: SampleRequest, service: Service, profiles: Profile[]): Profile[] {
  const text = optional(request, "sort_key");
  if (text === undefined) return profiles;
  const key = compileExpression("sort_key", text, service);
  const sign = optional(request, "sort_order") === "descending" ? -1 : 1;
  const rank = new Map(profiles.map((profile) => [profile, key({ user: profile.properties })]));
  const order = (a: unknown, b: unknown) => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return (
      (typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a) < String(b)
          ? -1
          : String(a) > String(b)
            ? 1
            : 0) * sign
    );
  };
  return [...profiles].sort((a, b) => order(rank.get(a), rank.get(b)));
}

/** A dozen companies, as group profiles. */
function companies(data: SampleData): Profile[] {
  const random = createRandom(data.profiles.length);
  return Array.from({ length: 12 }, (_, index) => ({
    distinctId: `company-${index + 1}`,
    properties: { $name: `Company ${index + 1}`, seats: 5 + random.below(200), plan: random.pick(["team", "pro"]) },
  }));
}
