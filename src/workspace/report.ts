/** A saved report as an answer: lines, totals, funnel steps or cohorts, whatever its kind and depth. */
import { isBucketKey, type Unit } from "../mixpanel/dates.ts";
import type { InsightsReply } from "../mixpanel/insights.ts";
import { type Cohort, type RetentionResult, readCohorts } from "../mixpanel/retention.ts";
import { roundTo } from "./arithmetic.ts";
import {
  conversionRate,
  datesTable,
  type SegmentRates,
  type StepRate,
  segmentRates,
  stepRates,
} from "./funnel-rates.ts";
import { type FunnelFigures, funnelFigures, readFunnel } from "./report-funnel.ts";
import { inOrder, type Leaf, leaves, linesTable, totalsTable, unitOf, type Value } from "./report-series.ts";
import { type RetentionSegment, retentionAnswer } from "./retention-answer.ts";
import type { Step } from "./retention-shares.ts";
import type { Table } from "./series.ts";

export type ReportType = "insights" | "funnels" | "retention";

export type ReportAnswer = {
  type: ReportType;
  series?: Table;
  /** Where the series are rates: how many converted or returned. */
  counts?: Table;
  /** Figures for the whole range, a row per metric and segment. */
  totals?: Table;
  conversion_rate?: number;
  steps?: StepRate[];
  by_date?: Table;
  cohorts?: Table;
  average?: (number | null)[];
  average_finished?: (number | null)[];
  segments?: (SegmentRates | RetentionSegment)[];
};

export type ReportReading = { answer: ReportAnswer; unit: Unit; labels: string[]; notes: string[] };

/** The kind as `headers` tell it: `$funnel`, `$retention`, anything else is insights. */
export function reportType(headers: readonly string[]): ReportType | undefined {
  if (headers.includes("$funnel")) return "funnels";
  if (headers.includes("$retention")) return "retention";
  return headers.length > 0 ? "insights" : undefined;
}

/** `today` in the project's time zone: what has not begun by then is blank. */
export function readReport(reply: InsightsReply, today: string): ReportReading {
  const named = reportType(reply.headers);
  if (named !== "insights" && named !== "retention") {
    const funnel = readFunnel(reply.series);
    if (funnel !== undefined) return funnelReading(funnelFigures(funnel));
  }
  const cohorts = named === "insights" || named === "funnels" ? [] : cohortGroups(reply.series);
  if (cohorts.length > 0) return retentionReading(cohorts, today);
  return seriesReading(reply, named ?? "insights");
}

function funnelReading(figures: FunnelFigures): ReportReading {
  const { steps, dates, segments } = figures;
  const notes: string[] = [];
  if (figures.addedUp)
    notes.push(
      "The report gives no whole: the steps are its segments added up, and a user with several values is in each of them.",
    );
  if (figures.firstOnly)
    notes.push("The report holds several funnels: steps are those of the first, segments those of each.");
  const answer: ReportAnswer = { type: "funnels", conversion_rate: conversionRate(steps), steps: stepRates(steps) };
  if (dates.length > 0)
    answer.by_date = datesTable(
      dates,
      steps.map((step) => step.event),
    );
  if (segments.size > 0) answer.segments = segmentRates(segments);
  const labels = dates.map((date) => date.date);
  if (dates.length > 1) notes.push("Steps add up the dates: someone who enters on several dates counts in each.");
  return { answer, unit: unitOf(labels), labels, notes };
}

type Group = RetentionResult & { metric: string };

/** Cohorts per metric; a report that leaves the metric's level out has dates or `$average` at the top. */
function cohortGroups(series: ReadonlyMap<string, unknown>): Group[] {
  const bare = [...series.keys()].some((key) => isBucketKey(key) || key === "$average");
  const groups = bare
    ? [{ metric: "", ...readCohorts(Object.fromEntries(series)) }]
    : [...series].map(([metric, tree]) => ({ metric, ...readCohorts(tree) }));
  return groups.filter((group) => group.cohorts.length > 0 || group.segments.size > 0);
}

function retentionReading(groups: readonly Group[], today: string): ReportReading {
  const first = groups[0]?.cohorts ?? [];
  const unread = groups.reduce((sum, group) => sum + group.unread, 0);
  const all = groups.flatMap((group) => [...group.cohorts, ...[...group.segments.values()].flat()]);
  const labels = [...new Set(all.map((cohort) => cohort.date))].sort();
  const step = stepOf(labels);
  const several = groups.length > 1;
  const split = groups.flatMap((group): [string, Cohort[]][] => [
    ...(several ? [[group.metric, group.cohorts] as [string, Cohort[]]] : []),
    ...[...group.segments].map(([segment, cohorts]): [string, Cohort[]] => [
      several ? `${group.metric} / ${segment}` : segment,
      cohorts,
    ]),
  ]);
  const whole = retentionAnswer({ cohorts: first, segments: new Map(split), unread }, step, today);
  const { segment_count: _, cohort_count: __, ...answer } = whole.answer;
  const notes = [REPORT_RETENTION, ...whole.notes];
  if (several)
    notes.push("The report holds several retention metrics: cohorts are those of the first, segments those of each.");
  return { answer: { type: "retention", ...answer }, unit: step.unit, labels, notes };
}

const REPORT_RETENTION =
  "Shares are of each cohort's size; averages are weighted by it (Mixpanel's own $average row is not used). Reports differ in whether interval 0 holds the birth itself.";

function stepOf(labels: readonly string[]): Step {
  const unit = unitOf(labels);
  return { unit: unit === "week" || unit === "month" ? unit : "day", count: 1 };
}

function seriesReading(reply: InsightsReply, type: ReportType): ReportReading {
  const found = inOrder(leaves(new Map(reply.series)), reply.metricKeys);
  const rates = type !== "insights";
  const lines = found.filter((leaf) => leaf.points !== undefined).map((leaf) => (rates ? rounded(leaf) : leaf));
  const totals = found.filter((leaf) => leaf.points === undefined);
  const answer: ReportAnswer = { type };
  const notes: string[] = [];
  const drawn = lines.length > 0 ? linesTable(lines) : undefined;
  if (drawn !== undefined) answer.series = drawn.table;
  if (totals.length > 0) {
    const table = totalsTable(totals, reply.headers);
    if (drawn === undefined) answer.series = table;
    else answer.totals = table;
  }
  if (found.length === 0) answer.series = { columns: ["date"], rows: [] };
  if (found.some((leaf) => leaf.path.includes("$overall")))
    notes.push("$overall is Mixpanel's figure for all segments together; for unique users it is not their sum.");
  if (rates && drawn !== undefined) {
    answer.counts = countsOf(reply);
    const behind = answer.counts
      ? "counts holds who converted or returned, not who started"
      : "the counts behind them are not in it";
    notes.push(
      `The report is a line of rates; ${behind}, so the rates cannot be averaged. Use \`funnel\` or \`retention\` for both.`,
    );
  }
  if (!rates && drawn !== undefined && lines.length > 0) notes.push(NOT_ADDITIVE);
  if (reply.incomplete.length > 0)
    notes.push(`Still running, so too low for now: ${reply.incomplete.slice(-10).join(", ")}.`);
  return { answer, unit: drawn?.unit ?? "day", labels: drawn?.labels ?? [], notes };
}

const NOT_ADDITIVE = "Only counts of events may be added over dates or segments; users, averages and rates may not.";

function rounded(leaf: Leaf): Leaf {
  const points = [...(leaf.points ?? [])].map(([key, value]): [string, Value] => [
    key,
    typeof value === "number" ? roundTo(value, 4) : value,
  ]);
  return { ...leaf, points: new Map(points) };
}

/** The counts behind lines of rates: the converters or returners of each bucket. */
function countsOf(reply: InsightsReply): Table | undefined {
  const lines = inOrder(leaves(new Map(reply.secondary ?? [])), reply.metricKeys).filter(
    (leaf) => leaf.points !== undefined,
  );
  return lines.length === 0 ? undefined : linesTable(lines).table;
}
