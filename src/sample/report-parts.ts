/** The parts of a saved report's definition that all kinds share: time, filters, breakdowns. */
import { z } from "zod";
import type { Evaluator, Row } from "../mixpanel/expression.ts";
import { cohortMembers, SAVED_COHORTS } from "./cohorts.ts";
import type { SampleData } from "./data.ts";
import { ApiError, type Range, type Service } from "./request.ts";
import { DAY, isoWithOffset, parseDay, type Unit } from "./zone.ts";

/** A refusal in the words of the report server. */
export function paramsError(message: string): ApiError {
  return new ApiError(400, `UserVisibleParamsError: ${message}`);
}

const filterShape = z.looseObject({
  value: z.string().nullish(),
  resourceType: z.string().optional(),
  filterType: z.string().optional(),
  filterOperator: z.string(),
  filterValue: z.unknown().optional(),
  filterDateUnit: z.string().optional(),
});
export type Filter = z.infer<typeof filterShape>;

const eventShape = z.looseObject({
  type: z.string().optional(),
  name: z.string().nullish(),
  renamed: z.string().nullish(),
  filters: z.array(filterShape).nullish(),
  filtersDeterminer: z.string().nullish(),
});
export type EventClause = z.infer<typeof eventShape>;

const propertyShape = z.looseObject({ name: z.string(), resourceType: z.string().optional() });

const showShape = z.looseObject({
  type: z.string(),
  name: z.string().nullish(),
  isHidden: z.boolean().nullish(),
  definition: z.string().nullish(),
  behavior: eventShape
    .extend({
      behaviors: z.array(eventShape).nullish(),
      conversionWindowDuration: z.number().nullish(),
      conversionWindowUnit: z.string().nullish(),
      retentionUnit: z.enum(["day", "week", "month"]).nullish(),
      retentionUnboundedMode: z.string().nullish(),
    })
    .nullish(),
  measurement: z
    .looseObject({
      math: z.string().nullish(),
      property: propertyShape.nullish(),
      perUserAggregation: z.string().nullish(),
    })
    .nullish(),
});
export type ShowClause = z.infer<typeof showShape>;

const timeShape = z.looseObject({
  dateRangeType: z.string().nullish(),
  unit: z.string().nullish(),
  window: z.looseObject({ unit: z.string(), value: z.number() }).nullish(),
  value: z.unknown().optional(),
});

const groupShape = z.looseObject({ value: z.string().nullish(), resourceType: z.string().nullish() });
export type Group = z.infer<typeof groupShape>;

const paramsShape = z.looseObject({
  sections: z.looseObject({
    show: z.array(showShape).min(1),
    time: z.array(timeShape).min(1),
    filter: z.array(filterShape).nullish(),
    group: z.array(groupShape).nullish(),
  }),
  displayOptions: z.looseObject({ chartType: z.string() }),
});
export type ReportParams = z.infer<typeof paramsShape>;

export function readParams(value: unknown): ReportParams {
  const parsed = paramsShape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw paramsError(`${issue?.path.join(".") ?? "bookmark"}: ${issue?.message ?? "invalid"}`);
}

const WINDOW_DAYS: Record<string, number> = { day: 1, week: 7, month: 30, hour: 1 / 24 };

/** The days a report covers and the unit of its buckets; "in the last N" includes today. */
export function reportTime(params: ReportParams, service: Service): { range: Range; unit: Unit } {
  const [time] = params.sections.time;
  const unit = (["hour", "day", "week", "month"] as const).find((candidate) => candidate === (time?.unit ?? "day"));
  if (!unit) throw paramsError(`unit ${String(time?.unit)} is not supported by the sample project`);
  const today = service.data.zone.day(service.now() / 1000);
  if (time?.window && time.dateRangeType !== "between") {
    const days = Math.max(1, Math.ceil(time.window.value * (WINDOW_DAYS[time.window.unit] ?? 1)));
    return { range: { from: today - days + 1, to: today }, unit };
  }
  const [from, to] = (Array.isArray(time?.value) ? time.value : [time?.value, undefined]).map((text: unknown) =>
    typeof text === "string" ? parseDay(text.slice(0, 10)) : undefined,
  );
  if (from === undefined) throw paramsError("sections.time: invalid date range");
  return { range: { from, to: to ?? today }, unit };
}

/** The `date_range` of an answer. */
export function dateRange(range: Range, service: Service) {
  const { zone } = service.data;
  return {
    from_date: isoWithOffset(range.from * DAY, zone),
    to_date: isoWithOffset((range.to + 1) * DAY - 1, zone, ".999000"),
  };
}

/** Reads a property of the event, or of the person for `people`. */
export function propertyReader(name: string, resourceType: string | null | undefined): Evaluator {
  const people = resourceType === "people";
  return (row) => {
    const properties = people ? row.user : row.event;
    return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
  };
}

export function groupReaders(params: ReportParams): Evaluator[] {
  return (params.sections.group ?? []).map((group) => {
    if (typeof group.value !== "string") throw paramsError("this breakdown is not supported by the sample project");
    return propertyReader(group.value, group.resourceType);
  });
}

/** All filters of a report must hold; those of one event all or any, as it says. */
export function filterTest(
  filters: Filter[] | null | undefined,
  service: Service,
  either = false,
): Evaluator | undefined {
  if (!filters || filters.length === 0) return undefined;
  const tests = filters.map((filter) => oneFilter(filter, service));
  return either ? (row) => tests.some((test) => test(row)) : (row) => tests.every((test) => test(row));
}

type Test = (row: Row) => boolean;

function oneFilter(filter: Filter, service: Service): Test {
  const { filterOperator: operator, filterValue: operand, value: name } = filter;
  if (name === "$cohorts") return cohortFilter(operator, operand, service.data);
  if (typeof name !== "string") throw paramsError("this filter is not supported by the sample project");
  const read = propertyReader(name, filter.resourceType);
  const compare = (filter.filterType === "number" ? NUMBER_TESTS : TEXT_TESTS).get(operator);
  if (!compare) throw paramsError(`filter operator ${operator} is not supported by the sample project`);
  return (row) => compare(read(row), operand);
}

const list = (operand: unknown): unknown[] => (Array.isArray(operand) ? operand : [operand]);
const isOneOf = (value: unknown, operand: unknown) =>
  list(operand).some((item) =>
    Array.isArray(value) ? value.includes(item) : value !== undefined && String(value) === String(item),
  );
const isSet = (value: unknown) => value !== undefined && value !== null;
const holds = (value: unknown, piece: unknown) =>
  (typeof value === "string" || Array.isArray(value)) && value.includes(String(piece));

type Comparison = (value: unknown, operand: unknown) => boolean;

const TEXT_TESTS = new Map<string, Comparison>([
  ["equals", isOneOf],
  ["does not equal", (value, operand) => !isOneOf(value, operand)],
  ["contains", holds],
  ["does not contain", (value, operand) => !holds(value, operand)],
  ["starts with", (value, operand) => typeof value === "string" && value.startsWith(String(operand))],
  ["ends with", (value, operand) => typeof value === "string" && value.endsWith(String(operand))],
  ["is set", isSet],
  ["is not set", (value) => !isSet(value)],
  ["true", (value) => value === true],
  ["false", (value) => value === false],
]);

const numeric =
  (test: (value: number, operand: number, second: number) => boolean): Comparison =>
  (value, operand) => {
    const [first, second] = list(operand).map(Number);
    return typeof value === "number" && test(value, first ?? Number.NaN, second ?? Number.NaN);
  };

const NUMBER_TESTS = new Map<string, Comparison>([
  ["is equal to", numeric((a, b) => a === b)],
  ["equals", numeric((a, b) => a === b)],
  ["does not equal", (value, operand) => value !== Number(list(operand)[0])],
  ["is greater than", numeric((a, b) => a > b)],
  ["is less than", numeric((a, b) => a < b)],
  ["is at least", numeric((a, b) => a >= b)],
  ["is at most", numeric((a, b) => a <= b)],
  ["is between", numeric((a, low, high) => a >= low && a <= high)],
  ["not between", numeric((a, low, high) => a < low || a > high)],
  ["is set", isSet],
  ["is not set", (value) => !isSet(value)],
]);

const cohortOperand = z.array(z.looseObject({ cohort: z.looseObject({ id: z.number() }) })).min(1);

function cohortFilter(operator: string, operand: unknown, data: SampleData): Test {
  const parsed = cohortOperand.safeParse(operand);
  const id = parsed.data?.[0]?.cohort.id;
  const cohort = SAVED_COHORTS.find((candidate) => candidate.id === id);
  if (!cohort) throw paramsError("unknown cohort");
  const members = cohortMembers(data, cohort);
  const inside = operator !== "does not contain";
  return (row) => members.has(String(row.event?.["distinct_id"])) === inside;
}
