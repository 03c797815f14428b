/** How a retention answer is made shorter: the cohorts of segments go first, then segments, then the earliest cohorts. */

import type { RetentionSegment } from "./retention-answer.ts";
import { withRest } from "./segments.ts";
import type { Table } from "./series.ts";

type Answer = {
  cohorts: Table;
  segments?: RetentionSegment[];
  segment_count?: number;
  cohort_count: number;
  truncated: boolean;
  meta: { notes: string[] };
};

/** A segment with its averages only. */
export const withoutCohorts = (segment: RetentionSegment): RetentionSegment => ({
  ...segment,
  cohorts: { columns: segment.cohorts.columns, rows: [] },
});

/** `count` of cohorts and segments together; the averages are always those of all cohorts. */
export function keepRetention<Result extends Answer>(result: Result, count: number): Result {
  const cohorts = result.cohorts.rows.length;
  const all = result.segments?.length ?? 0;
  if (count >= cohorts + all) return result;
  const kept = Math.min(cohorts, Math.max(0, count - Math.min(all, 10)));
  const segments = result.segments?.slice(0, count - kept).map(withoutCohorts);
  const rest = [
    kept < cohorts ? `the ${cohorts - kept} earliest cohorts` : "",
    all > 0
      ? `the cohorts of each segment${(segments?.length ?? 0) < all ? ` and ${all - (segments?.length ?? 0)} segments` : ""}`
      : "",
  ].filter((part) => part !== "");
  return {
    ...result,
    cohorts: { columns: result.cohorts.columns, rows: result.cohorts.rows.slice(cohorts - kept) },
    ...(segments === undefined ? {} : { segments }),
    truncated: true,
    meta: { ...result.meta, notes: withRest(result.meta.notes, `${rest.join(", and ")}; averages cover them.`) },
  };
}
