import { z } from "zod";
import { segmentationSum as sumQuery } from "../mixpanel/segmentation.ts";
import { addUp } from "../workspace/arithmetic.ts";
import { measureOverTime } from "../workspace/measured.ts";
import { event, fromDate, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

/** Sum of a numeric property over time. */
export const segmentationSum = defineTool({
  name: "segmentation_sum",
  title: "Sum of a number over time",
  description:
    "The sum of a numeric property of one event per hour or day, such as revenue, with the total. Values that are no numbers count as 0. One query.",
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
  output: () => z.object({ event: z.string(), total: z.number(), series: tableSchema(), meta: metaSchema() }),
  async handler(workspace, args, { signal }) {
    const kind = { ask: sumQuery, name: "sum", missing: 0, notes: [] };
    const { values, series, meta } = await measureOverTime(workspace, args, kind, signal);
    return { event: args.event, total: addUp(values.values()), series, meta };
  },
  summary: ({ total, meta }, args) =>
    `${args.event}, ${meta.from_date} to ${meta.to_date}: sum of ${args.on} ${total}, per ${args.unit}.`,
});
