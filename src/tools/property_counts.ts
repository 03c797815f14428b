import { z } from "zod";
import { propertyCounts as countsQuery } from "../mixpanel/event-counts.ts";
import { fraction } from "../workspace/arithmetic.ts";
import { emptyNotes, onlyUndefinedNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { bareName, rangeOf, refuseHourlyUsers, segmentsToAsk } from "../workspace/query-input.ts";
import { segmented, segmentedSummary } from "../workspace/segmented.ts";
import { segmentCut } from "../workspace/segments.ts";
import { columnTotals, isEmpty, type Table } from "../workspace/series.ts";
import { countType, event, fromDate, limit, metaSchema, tableSchema, toDate } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

type Share = { value: string; count: number | null; share: number | null };

/** Counts add up over buckets only when they are events; those of users and averages are known for a single bucket alone. */
function distributionOf(series: Table, total: number | null): Share[] {
  return columnTotals(series).map(([value, sum]) => {
    if (total !== null) return { value, count: sum, share: fraction(sum, total) };
    return { value, count: series.rows.length === 1 ? sum : null, share: null };
  });
}

/** The values of one property of one event, counted. */
export const propertyCounts = defineTool({
  name: "property_counts",
  title: "Values of a property, counted",
  description:
    "How one event splits by the values of one property: count and share (percentage) per value, and the series over time. `values` limits it to some. To filter or group by an expression use segmentation. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      event: event(),
      property: z.string().min(1),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["hour", "day", "week", "month"]).default("day"),
      type: countType(),
      values: z.array(z.string()).min(1).max(1000).optional(),
      limit: limit(20, 1000),
    }),
  output: () =>
    z.object({
      event: z.string(),
      property: z.string(),
      total: z.number().nullable(),
      distribution: z.array(
        z.object({ value: z.string(), count: z.number().nullable(), share: z.number().nullable() }),
      ),
      series: tableSchema(),
      segment_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const { unit, type, values } = args;
    refuseHourlyUsers(type, unit);
    const property = bareName(args.property, "property_counts");
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live);
    const asked = segmentsToAsk(args.limit, range, unit);
    const sparse = await countsQuery(
      live.api,
      { ...range, event: args.event, property, values, unit, type, limit: asked },
      signal,
    );
    const { totals: _, ...result } = segmented(sparse, { type, unit, limit: args.limit, asked, what: "value" });
    const empty = { events: [args.event], property, values };
    const notes = isEmpty(sparse) ? await emptyNotes(workspace, live, empty, signal) : [];
    notes.push(...onlyUndefinedNotes(sparse.values.keys(), property));
    if (values !== undefined && result.total !== null)
      notes.push("Shares are of the values asked for, not of all events.");
    return {
      event: args.event,
      property,
      ...result,
      distribution: distributionOf(result.series, result.total),
      meta: live.meta({ range, unit, labels: sparse.buckets, notes: [...notes, ...result.meta.notes] }),
    };
  },
  summary: (result, args) => segmentedSummary(result, { ...args, on: args.property }),
  cut: segmentCut("series", "value"),
});
