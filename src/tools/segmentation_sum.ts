import { z } from "zod";
import { segmentationSum as sumQuery } from "../mixpanel/segmentation.ts";
import { addUp } from "../workspace/arithmetic.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { isUnmeasured, measureTable } from "../workspace/measured.ts";
import { accessorOf, filterOf, rangeOf } from "../workspace/query-input.ts";
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
    const accessor = accessorOf(args.on);
    const filter = filterOf(args.where);
    const live = await openLive(workspace, signal);
    const { unit, event: name } = args;
    const range = rangeOf(args, unit, live);
    const { values, computedAt } = await sumQuery(
      live.api,
      { ...range, event: name, unit, on: accessor, where: filter },
      signal,
    );
    const empty = { events: [name], property: args.on, where: filter };
    const notes = isUnmeasured(values) ? await emptyNotes(workspace, live, empty, signal) : [];
    const series = measureTable(values, range, unit, "sum", 0);
    const labels = series.rows.map((row) => String(row[0]));
    return {
      event: name,
      total: addUp(values.values()),
      series,
      meta: live.meta({ range, unit, labels, notes, computedAt }),
    };
  },
  summary: ({ total, meta }, args) =>
    `${args.event}, ${meta.from_date} to ${meta.to_date}: sum of ${args.on} ${total}, per ${args.unit}.`,
});
