/** How a funnel's answer is made shorter: segments beyond the limit go first, then dates; the steps always stay. */
import type { SegmentRates } from "./funnel-rates.ts";
import { withRest } from "./segments.ts";
import type { Table } from "./series.ts";

type Answer = {
  by_date: Table;
  segments?: SegmentRates[];
  segment_count?: number;
  truncated: boolean;
  meta: { notes: string[] };
};

/** Shows the segments with the most entrants and says how many others there are. */
export function restOfSegments<Result extends Answer>(result: Result, limit: number): Result {
  const segments = result.segments?.slice(0, limit);
  return announce({ ...result, ...(segments === undefined ? {} : { segments }) }, result.by_date.rows.length);
}

/** The first `count` of segments and dates together: three segments are kept before any date goes, then dates, then the rest. */
export function keepFunnel<Result extends Answer>(result: Result, count: number): Result {
  const dates = result.by_date.rows.length;
  const all = result.segments?.length ?? 0;
  const firstSegments = Math.min(all, 3, count);
  const keptDates = Math.min(dates, count - firstSegments);
  const segments = result.segments?.slice(0, firstSegments + Math.max(0, count - firstSegments - keptDates));
  const by_date = { columns: result.by_date.columns, rows: result.by_date.rows.slice(dates - keptDates) };
  return announce({ ...result, by_date, ...(segments === undefined ? {} : { segments }) }, dates);
}

function announce<Result extends Answer>(result: Result, dates: number): Result {
  const missingDates = dates - result.by_date.rows.length;
  const missing = (result.segment_count ?? 0) - (result.segments?.length ?? 0);
  const parts = [
    missing > 0 ? `${missing} segments with fewer entrants` : "",
    missingDates > 0 ? `the ${missingDates} earliest dates of by_date (steps cover all dates)` : "",
  ].filter((part) => part !== "");
  const rest = parts.length === 0 ? undefined : `${parts.join(", and ")}.`;
  return { ...result, truncated: parts.length > 0, meta: { ...result.meta, notes: withRest(result.meta.notes, rest) } };
}
