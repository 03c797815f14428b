/** Runs funnel and retention reports: the same sums as /funnels and /retention, in the shapes reports answer with. */
import type { Evaluator } from "../mixpanel/expression.ts";
import { bucketsOf, bucketsOfDays } from "./count.ts";
import { type FunnelQuery, largestSegments, OVERALL, runFunnel, type StepTotals, stepFigures } from "./funnel.ts";
import {
  dateRange,
  filterTest,
  groupReaders,
  paramsError,
  type ReportParams,
  reportTime,
  type ShowClause,
} from "./report-parts.ts";
import type { Service } from "./request.ts";
import { type Cohort, intervalSeconds, runRetention } from "./retention.ts";
import { DAY, isoWithOffset } from "./zone.ts";

const WINDOW_SECONDS: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
};
const METRICS = ["count", "step_conv_ratio", "overall_conv_ratio", "avg_time", "avg_time_from_start"] as const;

function firstShown(params: ReportParams): NonNullable<ShowClause["behavior"]> {
  const behavior = params.sections.show[0]?.behavior;
  if (!behavior) throw paramsError("sections.show: a metric needs a behavior");
  return behavior;
}

const groupNames = (params: ReportParams) => (params.sections.group ?? []).map(({ value }) => String(value));

function eventName(name: string | null | undefined): string {
  return name ?? "$all_events";
}

function shownName(name: string): string {
  return name === "$all_events" || name === "$mp_anything_event" ? "All Events" : name;
}

export function funnelReport(params: ReportParams, service: Service, limit: number) {
  const behavior = firstShown(params);
  const { range, unit } = reportTime(params, service);
  const line = params.displayOptions.chartType === "line";
  const steps = (behavior.behaviors ?? []).map((step) => ({
    event: eventName(step.name),
    label: step.renamed ?? shownName(eventName(step.name)),
    where: filterTest(step.filters, service, step.filtersDeterminer === "any"),
  }));
  if (steps.length < 2) throw paramsError("a funnel needs at least two steps");
  const [on] = groupReaders(params);
  const query: FunnelQuery = {
    steps,
    windowSeconds:
      (behavior.conversionWindowDuration ?? 14) * (WINDOW_SECONDS[behavior.conversionWindowUnit ?? "day"] ?? DAY),
    range,
    buckets: line ? bucketsOf(range, unit) : bucketsOfDays(range, range.to - range.from + 1),
    where: filterTest(params.sections.filter, service),
    on,
  };
  const result = runFunnel(service.data, query);
  const name = `${steps[0]?.label} through ${steps.at(-1)?.label}`;
  const segments = on ? largestSegments(result, limit) : [];
  const labels = steps.map(({ label }) => label);
  const common = {
    date_range: dateRange(range, service),
    meta: { min_sampling_factor: 1, report_sections: { show: [{ metric_key: name }], group: [] } },
  };
  if (line) {
    const trend = (pick: (totals: StepTotals[]) => number) =>
      Object.fromEntries(
        [OVERALL, ...segments].map((segment) => [
          segment,
          Object.fromEntries(
            [...result].map(([start, found]) => [
              isoWithOffset(start, service.data.zone),
              pick(found.get(segment) ?? []),
            ]),
          ),
        ]),
      );
    const last = steps.length - 1;
    return {
      ...common,
      headers: ["$funnel", ...groupNames(params)],
      series: { [name]: trend((totals) => stepFigures(totals, last).overall_conv_ratio) },
      secondary: { series: { [name]: trend((totals) => stepFigures(totals, last).count) } },
    };
  }
  const [whole] = result.values();
  const shape = (segment: string) => metricsOf(whole?.get(segment) ?? [], labels);
  return {
    ...common,
    headers: ["$funnel", ...groupNames(params), "Metric", "Step"],
    series: { [name]: on ? Object.fromEntries(segments.map((segment) => [segment, shape(segment)])) : shape(OVERALL) },
  };
}

function metricsOf(totals: StepTotals[], labels: string[]) {
  return Object.fromEntries(
    METRICS.map((metric) => [
      metric,
      Object.fromEntries(
        labels.map((label, index) => [`${index + 1}. ${label}`, { all: stepFigures(totals, index)[metric] }]),
      ),
    ]),
  );
}

type Leaf = { first: number; counts: number[]; rates: number[] };

const round = (value: number) => Math.round(value * 1e4) / 1e4;

function leafOf(first: number, counts: number[]): Leaf {
  return { first, counts, rates: counts.map((count) => (first === 0 ? 0 : round(count / first))) };
}

/** Means over the cohorts that reached an interval; the rate weighs cohorts by their size. */
function averageLeaf(cohorts: Cohort[], countsOf: (cohort: Cohort) => number[]): Leaf {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const length = Math.max(0, ...cohorts.map((cohort) => countsOf(cohort).length));
  const intervals = Array.from({ length }, (_, index) => {
    const reached = cohorts.filter((cohort) => countsOf(cohort).length > index);
    const count = sum(reached.map((cohort) => countsOf(cohort)[index] ?? 0));
    const size = sum(reached.map((cohort) => cohort.size));
    return { count: Math.round(count / Math.max(1, reached.length)), rate: size === 0 ? 0 : round(count / size) };
  });
  const first = Math.round(sum(cohorts.map(({ size }) => size)) / Math.max(1, cohorts.length));
  return { first, counts: intervals.map(({ count }) => count), rates: intervals.map(({ rate }) => rate) };
}

export function retentionCohorts(params: ReportParams, service: Service, on?: Evaluator) {
  const behavior = firstShown(params);
  const [born, back] = behavior.behaviors ?? [];
  if (!born || !back) throw paramsError("retention needs a born event and a return event");
  const { range, unit } = reportTime(params, service);
  if (unit === "hour") throw paramsError("retention groups cohorts by day, week or month");
  const width = intervalSeconds(behavior.retentionUnit ?? "week");
  const global = filterTest(params.sections.filter, service);
  const both = (own: Evaluator | undefined): Evaluator | undefined =>
    own && global ? (row) => own(row) === true && global(row) === true : (own ?? global);
  const cohorts = runRetention(service.data, {
    range,
    buckets: bucketsOf(range, unit),
    intervalSeconds: width,
    intervals: Math.ceil(((range.to - range.from + 1) * DAY) / width),
    bornEvent: eventName(born.name),
    bornWhere: both(filterTest(born.filters, service, born.filtersDeterminer === "any")),
    returnEvent: eventName(back.name),
    returnWhere: both(filterTest(back.filters, service, back.filtersDeterminer === "any")),
    type: "birth",
    unbounded: behavior.retentionUnboundedMode === "carry_back",
    on,
    nowLocal: service.data.zone.local(service.now() / 1000),
  });
  return { cohorts, range, name: `${shownName(eventName(born.name))} and then ${shownName(eventName(back.name))}` };
}

/** Without a breakdown leaves stand under the dates; with one there is a level of segments, `$overall` among them. */
export function retentionReport(params: ReportParams, service: Service, limit: number) {
  if (params.displayOptions.chartType === "line")
    throw paramsError("retention trends are not supported by the sample project");
  const [on] = groupReaders(params);
  const { cohorts, range, name } = retentionCohorts(params, service, on);
  const iso = (cohort: Cohort) => isoWithOffset(cohort.start, service.data.zone);
  const known = cohorts.filter(({ size }) => size > 0);
  const segments = [...new Set(known.flatMap((cohort) => [...cohort.segments.keys()]))].sort().slice(0, limit);
  const level = (overall: Leaf, segment: (name: string) => Leaf) =>
    on ? Object.fromEntries([[OVERALL, overall], ...segments.map((each) => [each, segment(each)] as const)]) : overall;
  const zeros = (cohort: Cohort) => cohort.counts.map(() => 0);
  const entries = known.map((cohort) => {
    const segment = (each: string) => leafOf(cohort.size, cohort.segments.get(each) ?? zeros(cohort));
    return [iso(cohort), level(leafOf(cohort.size, cohort.counts), segment)] as const;
  });
  const average = level(
    averageLeaf(known, ({ counts }) => counts),
    (each) => averageLeaf(known, (cohort) => cohort.segments.get(each) ?? zeros(cohort)),
  );
  return {
    date_range: dateRange(range, service),
    headers: on ? ["$retention", "segment"] : ["$retention"],
    series: known.length === 0 ? {} : { [name]: Object.fromEntries([["$average", average], ...entries]) },
    meta: { min_sampling_factor: 1, report_sections: { show: [{ metric_key: name }], group: [] } },
  };
}
