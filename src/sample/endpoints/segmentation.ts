/** /segmentation, /segmentation/numeric, /sum and /average. */
import type { Row } from "../../mixpanel/expression.ts";
import {
  bucketsOf,
  bucketsOfDays,
  COUNT_TYPES,
  csvAnswer,
  largest,
  rowOf,
  select,
  seriesAnswer,
  tally,
  UNITS,
} from "../count.ts";
import {
  ApiError,
  computedAt,
  dayRange,
  type Endpoint,
  expressionParameter,
  integer,
  oneOf,
  optional,
  refuseLongMinutes,
  required,
  type SampleRequest,
  type Service,
} from "../request.ts";

const MAX_SEGMENTS = 10_000;
const NUMERIC_BUCKETS = 12;

function selected(request: SampleRequest, service: Service) {
  const event = required(request, "event");
  const range = dayRange(request);
  const on = expressionParameter(request, service, "on");
  const where = expressionParameter(request, service, "where");
  return { event, range, on, events: select(service.data, { event, range, where }) };
}

function numericOn(request: SampleRequest, service: Service) {
  required(request, "on");
  const { on, events, range, event } = selected(request, service);
  if (!on) throw new ApiError(400, "Missing required parameter: on");
  return { event, range, events, on };
}

export const segmentation: Endpoint = (request, service) => {
  const type = oneOf(request, "type", COUNT_TYPES, "general");
  const unit = oneOf(request, "unit", UNITS, "day");
  const { event, range, on, events } = selected(request, service);
  refuseLongMinutes(unit, range);
  const interval = integer(request, "interval", 0);
  const buckets = interval > 0 && !optional(request, "unit") ? bucketsOfDays(range, interval) : bucketsOf(range, unit);
  const { data } = service;
  const tallies = tally(events, { data, bucketOf: buckets.of, type, on, label: event });
  const top = largest(tallies, type, on ? integer(request, "limit", 60, MAX_SEGMENTS) : MAX_SEGMENTS);
  const answer = seriesAnswer(top, buckets, type, { keepZeros: true, shuffleSeries: true });
  return optional(request, "format") === "csv" ? csvAnswer(answer) : answer;
};

/** Equal-width ranges over the numeric values; events whose `on` is not a number are ignored. */
export const segmentationNumeric: Endpoint = (request, service) => {
  const type = oneOf(request, "type", COUNT_TYPES, "general");
  const unit = oneOf(request, "unit", ["hour", "day"], "day");
  const { event, range, events, on } = numericOn(request, service);
  const { data } = service;
  const numberOf = (row: Row) => {
    const value = on(row);
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  };
  const numeric = events.filter((candidate) => numberOf(rowOf(data, candidate)) !== undefined);
  const width = bucketWidth(numeric.map((candidate) => numberOf(rowOf(data, candidate)) ?? 0));
  const labels = new Map<number, string>();
  const labelOf = (row: Row) => {
    const low = Math.floor((numberOf(row) ?? 0) / width) * width;
    const label = labels.get(low) ?? rangeLabel(low, width);
    labels.set(low, label);
    return label;
  };
  const buckets = bucketsOf(range, unit);
  const tallies = tally(numeric, { data, bucketOf: buckets.of, type, on: labelOf, label: event });
  return seriesAnswer([...tallies], buckets, type, { keepZeros: false, shuffleSeries: false });
};

/** A round width (1, 2 or 5 times a power of ten) that gives about a dozen ranges. */
function bucketWidth(values: number[]): number {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  const rough = (high - low) / NUMERIC_BUCKETS;
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((step) => step * power >= rough) ?? 10) * power;
}

function rangeLabel(low: number, width: number): string {
  const text = (value: number) => (Math.round(value * 1e6) / 1e6).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return `${text(low)} - ${text(low + width)}`;
}

/** Sum or mean of a numeric expression per bucket; what is not a number counts as 0. */
function aggregate(average: boolean): Endpoint {
  return (request, service) => {
    const unit = oneOf(request, "unit", ["hour", "day"], "day");
    const { range, events, on } = numericOn(request, service);
    const buckets = bucketsOf(range, unit);
    const sums = new Map<number, { sum: number; count: number }>();
    for (const event of events) {
      const value = on(rowOf(service.data, event));
      const number = typeof value === "number" ? value : 0;
      const bucket = buckets.of(event);
      const found = sums.get(bucket) ?? { sum: 0, count: 0 };
      sums.set(bucket, { sum: found.sum + number, count: found.count + 1 });
    }
    const results = Object.fromEntries(
      buckets.starts.map((start, index) => {
        const { sum, count } = sums.get(start) ?? { sum: 0, count: 0 };
        return [buckets.labels[index], average ? (count === 0 ? 0 : sum / count) : sum];
      }),
    );
    return average ? { status: "ok", results } : { status: "ok", computed_at: computedAt(service), results };
  };
}

export const segmentationSum = aggregate(false);
export const segmentationAverage = aggregate(true);
