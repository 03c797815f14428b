import { z } from "zod";
import { segmentationAverage as averageQuery } from "../mixpanel/segmentation.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { isUnmeasured, measureTable } from "../workspace/measured.ts";
import { accessorOf, filterOf, rangeOf } from "../workspace/query-input.ts";
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
    const accessor = accessorOf(args.on);
    const filter = filterOf(args.where);
    const live = await openLive(workspace, signal);
    const { unit, event: name } = args;
    const range = rangeOf(args, unit, live);
    const { values, computedAt } = await averageQuery(
      live.api,
      { ...range, event: name, unit, on: accessor, where: filter },
      signal,
    );
    const empty = { events: [name], property: args.on, where: filter };
    const notes = isUnmeasured(values) ? await emptyNotes(workspace, live, empty, signal) : [];
    const series = measureTable(values, range, unit, "average", null);
    const labels = series.rows.map((row) => String(row[0]));
    return { event: name, series, meta: live.meta({ range, unit, labels, notes: [...notes, NO_TOTAL], computedAt }) };
  },
  summary: ({ series, meta }, args) =>
    `${args.event}, ${meta.from_date} to ${meta.to_date}: mean of ${args.on} per ${args.unit}, ${series.rows.length} buckets, no overall mean.`,
});
