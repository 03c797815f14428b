/** /funnels/list and /funnels. */
import { bucketsOf, bucketsOfDays, CUSTOM_EVENTS } from "../count.ts";
import {
  type FunnelResult,
  largestSegments,
  OVERALL,
  runFunnel,
  type StepTotals,
  stepFigures,
  worstStep,
} from "../funnel.ts";
import {
  ApiError,
  computedAt,
  dayRange,
  type Endpoint,
  expressionParameter,
  integer,
  oneOf,
  optional,
  required,
  type SampleRequest,
  UNKNOWN_ERROR,
} from "../request.ts";
import { SAVED_FUNNELS, type SavedFunnel } from "../saved.ts";
import { bucketLabel, DAY } from "../zone.ts";

const MAX_WINDOW_DAYS = 90;
const UNIT_SECONDS = { second: 1, minute: 60, hour: 3_600, day: DAY };

export const funnelsList: Endpoint = () => SAVED_FUNNELS.map(({ id, name }) => ({ funnel_id: id, name }));

export const funnels: Endpoint = (request, service) => {
  const funnel = savedFunnel(required(request, "funnel_id"));
  const range = dayRange(request);
  // Both at once is a server bug of Mixpanel's that clients must avoid.
  if (optional(request, "unit") && optional(request, "interval")) throw new ApiError(500, UNKNOWN_ERROR);
  const buckets = optional(request, "unit")
    ? bucketsOf(range, oneOf(request, "unit", ["day", "week", "month"]))
    : bucketsOfDays(range, integer(request, "interval", 1));
  const on = expressionParameter(request, service, "on");
  const result = runFunnel(service.data, {
    steps: funnel.steps,
    windowSeconds: windowSeconds(request, funnel),
    range,
    buckets,
    on,
    where: expressionParameter(request, service, "where"),
  });
  const dates = buckets.starts.map((start) => bucketLabel(start, "day"));
  const segments = on ? largestSegments(result, integer(request, "limit", 255, 10_000)) : undefined;
  return {
    computed_at: computedAt(service),
    meta: { dates },
    data: Object.fromEntries(
      buckets.starts.map((start, index) => [dates[index] ?? "", dateAnswer(result, start, funnel, segments)]),
    ),
  };
};

function savedFunnel(id: string): SavedFunnel {
  const funnel = SAVED_FUNNELS.find((candidate) => String(candidate.id) === id);
  if (!funnel) throw new ApiError(400, `Error in funnel_id: funnel ${id} does not exist`);
  return funnel;
}

function windowSeconds(request: SampleRequest, { windowDays }: SavedFunnel): number {
  if (optional(request, "length") === undefined) return windowDays * DAY;
  const unit = oneOf(request, "length_unit", ["second", "minute", "hour", "day"], "day");
  const seconds = integer(request, "length", windowDays) * UNIT_SECONDS[unit];
  if (seconds > MAX_WINDOW_DAYS * DAY)
    throw new ApiError(400, "Error in length: conversion window must be at most 90 days");
  return seconds;
}

function dateAnswer(result: FunnelResult, start: number, funnel: SavedFunnel, segments: string[] | undefined) {
  const bySegment = result.get(start) ?? new Map<string, StepTotals[]>();
  const empty = funnel.steps.map(() => ({ count: 0, fromPrevious: 0, fromStart: 0 }));
  const totals = bySegment.get(OVERALL) ?? empty;
  if (segments) {
    return Object.fromEntries(
      [OVERALL, ...segments].flatMap((name) => {
        const found = bySegment.get(name);
        return found ? [[name, stepList(found, funnel)] as const] : [];
      }),
    );
  }
  return {
    steps: stepList(totals, funnel),
    analysis: {
      completion: totals.at(-1)?.count ?? 0,
      starting_amount: totals[0]?.count ?? 0,
      steps: funnel.steps.length,
      worst: worstStep(totals),
    },
  };
}

function stepList(totals: StepTotals[], funnel: SavedFunnel) {
  return funnel.steps.map(({ event, label }, index) => {
    const custom = /^\$custom_event:(\d+)$/.exec(event)?.[1];
    const named = label ?? (custom ? CUSTOM_EVENTS[Number(custom)]?.name : undefined) ?? event;
    return {
      ...stepFigures(totals, index),
      goal: event,
      event,
      step_label: named,
      ...(custom ? { custom_event: true, custom_event_id: Number(custom) } : {}),
    };
  });
}
