/** How a saved report is made shorter: whatever its longest part is, the largest of it stays. */
import type { ReportAnswer } from "./report.ts";
import { withoutCohorts } from "./retention-cut.ts";
import { keepColumns, withRest } from "./segments.ts";
import type { Table } from "./series.ts";

export type ReportResult = ReportAnswer & { truncated: boolean; meta: { notes: string[] } };

const isTimeTable = (table: Table): boolean => table.columns[0] === "date" || table.columns[0] === "time";

/** Columns of lines, rows of totals, segments, cohorts: everything that may go, counted together. */
export function reportSize(result: ReportResult): number {
  const { series, counts, totals, segments = [], by_date, cohorts } = result;
  const wide = series === undefined ? 0 : isTimeTable(series) ? series.columns.length - 1 : series.rows.length;
  const behind = counts === undefined ? 0 : counts.columns.length - 1;
  return (
    wide +
    behind +
    (totals?.rows.length ?? 0) +
    segments.length +
    (by_date?.rows.length ?? 0) +
    (cohorts?.rows.length ?? 0)
  );
}

const firstRows = (table: Table, count: number): Table => ({
  columns: table.columns,
  rows: table.rows.slice(0, count),
});
const lastRows = (table: Table, count: number): Table => ({
  columns: table.columns,
  rows: count <= 0 ? [] : table.rows.slice(-count),
});

/** The first `count` pieces: lines and totals, then the latest dates or cohorts, then segments. */
export function keepReport<Result extends ReportResult>(result: Result, count: number): Result {
  const all = reportSize(result);
  if (count >= all) return result;
  let left = count;
  const take = (size: number): number => {
    const taken = Math.min(size, Math.max(0, left));
    left -= taken;
    return taken;
  };
  const kept: Result = { ...result, truncated: true };
  const { series, counts, totals, by_date, cohorts, segments } = result;
  if (series)
    kept.series = isTimeTable(series)
      ? keepColumns(series, take(series.columns.length - 1))
      : firstRows(series, take(series.rows.length));
  if (counts) kept.counts = keepColumns(counts, take(counts.columns.length - 1));
  if (totals) kept.totals = firstRows(totals, take(totals.rows.length));
  if (by_date) kept.by_date = lastRows(by_date, take(by_date.rows.length));
  if (cohorts) kept.cohorts = lastRows(cohorts, take(cohorts.rows.length));
  if (segments) {
    const shown = segments.slice(0, take(segments.length));
    kept.segments = shown.map((segment) => ("cohorts" in segment ? withoutCohorts(segment) : segment));
  }
  const dropped = segments?.some((segment) => "cohorts" in segment) ? ", and the cohorts of each segment" : "";
  const rest = `${all - count} of ${all} pieces (segments, dates or cohorts)${dropped}. The report in Mixpanel, or segmentation with \`on\`, shows the rest.`;
  kept.meta = { ...result.meta, notes: withRest(result.meta.notes, rest) };
  return kept;
}
