import { z } from "zod";
import { segmentationAverage as averageQuery } from "../mixpanel/segmentation.ts";
import { measureOverTime } from "../workspace/measured.ts";
import { event, fromDate, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const NO_TOTAL =
  "Each value is the mean per event of its bucket. There is no overall figure: the buckets' weights are not in the answer, and a mean of means would be wrong. Divide segmentation_sum by the event count of segmentation instead.";

/** Mean of a numeric property over time. */
export const segmentationAverage = defineTool({
  name: "segmentation_average",
  title: "Mean of a number over time",
  description:
    "The mean of a numeric property per event of one kind, per hour or day, such as average order value. Gives no overall mean: divide segmentation_sum by segmentation. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      event: event(),
      on: on(),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["hour", "day"]).default("day"),
      where: where().optional(),
    }),
  output: () => z.object({ event: z.string(), series: tableSchema(), meta: metaSchema() }),
  async handler(workspace, args, { signal }) {
    const kind = { ask: averageQuery, name: "average", missing: null, notes: [NO_TOTAL] };
    const { series, meta } = await measureOverTime(workspace, args, kind, signal);
    return { event: args.event, series, meta };
  },
  summary: ({ series, meta }, args) =>
    `${args.event}, ${meta.from_date} to ${meta.to_date}: mean of ${args.on} per ${args.unit}, ${series.rows.length} buckets, no overall mean.`,
});
