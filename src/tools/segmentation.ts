import { z } from "zod";
import { segmentation as segmentationQuery } from "../mixpanel/segmentation.ts";
import { emptyNotes, onlyUndefinedNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { accessorOf, filterOf, rangeOf, refuseHourlyUsers, segmentsToAsk } from "../workspace/query-input.ts";
import { onlyEvent, segmented, segmentedSummary } from "../workspace/segmented.ts";
import { segmentCut } from "../workspace/segments.ts";
import { isEmpty } from "../workspace/series.ts";
import { countType, event, fromDate, limit, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

/** Counts of one event over time, optionally split by a property. */
export const segmentation = defineTool({
  name: "segmentation",
  title: "Event over time, by segment",
  description:
    "How often one event happened, or how many users did it (type unique: daily, weekly, monthly active users), over time, filtered (where) and split by a property (on: by country, plan, ...). The first choice for trends. Several events: event_counts. Sums of a number: segmentation_sum. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      event: event(),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["hour", "day", "week", "month"]).default("day"),
      type: countType(),
      on: on().optional(),
      where: where().optional(),
      limit: limit(20, 1000),
    }),
  output: () =>
    z.object({
      event: z.string(),
      total: z.number().nullable(),
      series: tableSchema(),
      totals: z.record(z.string(), z.number()).nullable(),
      segment_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    refuseHourlyUsers(args.type, args.unit);
    const accessor = args.on === undefined ? undefined : accessorOf(args.on);
    const filter = filterOf(args.where);
    const live = await openLive(workspace, signal);
    const { unit, type } = args;
    const range = rangeOf(args, unit, live);
    const asked = segmentsToAsk(args.limit, range, unit);
    const query = { ...range, event: args.event, unit, type, on: accessor, where: filter, limit: asked };
    const reply = await segmentationQuery(live.api, query, signal);
    const sparse = accessor === undefined ? onlyEvent(reply, args.event) : reply;
    const result = segmented(sparse, {
      type,
      limit: args.limit,
      asked: accessor === undefined ? undefined : asked,
      unit,
    });
    const empty = { events: [args.event], property: args.on, where: filter };
    const notes = isEmpty(reply) ? await emptyNotes(workspace, live, empty, signal) : [];
    if (args.on !== undefined) notes.push(...onlyUndefinedNotes(reply.values.keys(), args.on));
    return {
      event: args.event,
      ...result,
      meta: live.meta({ range, unit, labels: sparse.buckets, notes: [...notes, ...result.meta.notes] }),
    };
  },
  summary: segmentedSummary,
  cut: segmentCut("series"),
});
