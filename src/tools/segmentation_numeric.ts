import { z } from "zod";
import { Fault } from "../fault.ts";
import { bucketOf, type Unit } from "../mixpanel/dates.ts";
import { segmentationNumeric as numericQuery } from "../mixpanel/segmentation.ts";
import type { Sparse } from "../mixpanel/sparse.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { accessorOf, filterOf, rangeOf, refuseHourlyUsers } from "../workspace/query-input.ts";
import { segmented, segmentedSummary } from "../workspace/segmented.ts";
import { segmentCut } from "../workspace/segments.ts";
import { type CountType, isEmpty, rollUp } from "../workspace/series.ts";
import { countType, event, fromDate, limit, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

/** Mixpanel answers hours and days; weeks and months are added up from days, which is right for events only. */
function upstreamUnit(unit: Unit, type: CountType): "hour" | "day" {
  if (unit === "hour") return "hour";
  if (unit !== "day" && type !== "general") {
    throw new Fault("INVALID_ARGUMENT", `segmentation_numeric counts ${type} per hour or day only, not per ${unit}.`, {
      suggestions: ['Use unit "day", or type "general" with weeks and months.'],
    });
  }
  return "day";
}

function inUnit(sparse: Sparse, unit: Unit): Sparse {
  return unit === "week" || unit === "month" ? rollUp(sparse, (label) => bucketOf(label, unit)) : sparse;
}

/** Counts of one event per range of a number. */
export const segmentationNumeric = defineTool({
  name: "segmentation_numeric",
  title: "Event by ranges of a number",
  description:
    'Histogram of a numeric property (order value, duration) of one event, over time; Mixpanel chooses the ranges. Numbers stored as text: on = number(properties["x"]). One query.',
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      event: event(),
      on: on(),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["hour", "day", "week", "month"]).default("day"),
      type: countType(),
      where: where().optional(),
      limit: limit(20, 1000),
    }),
  output: () =>
    z.object({
      event: z.string(),
      total: z.number().nullable(),
      buckets: tableSchema(),
      totals: z.record(z.string(), z.number()).nullable(),
      segment_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const { unit, type } = args;
    refuseHourlyUsers(type, unit);
    const asked = upstreamUnit(unit, type);
    const accessor = accessorOf(args.on);
    const filter = filterOf(args.where);
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live);
    const query = { ...range, event: args.event, unit: asked, type, on: accessor, where: filter };
    const sparse = inUnit(await numericQuery(live.api, query, signal), unit);
    const { series, ...result } = segmented(sparse, { type, unit, limit: args.limit, numeric: true });
    const why =
      'Values that are no numbers are not counted: numbers stored as text need on = number(properties["..."]).';
    const empty = { events: [args.event], property: args.on, where: filter };
    const notes = isEmpty(sparse) ? [...(await emptyNotes(workspace, live, empty, signal)), why] : [];
    const meta = live.meta({ range, unit, labels: sparse.buckets, notes: [...notes, ...result.meta.notes] });
    return { event: args.event, ...result, buckets: series, meta };
  },
  summary: segmentedSummary,
  cut: segmentCut("buckets", "range"),
});
