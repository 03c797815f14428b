import { z } from "zod";
import { eventCounts as countsQuery } from "../mixpanel/event-counts.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { rangeOf, refuseHourlyUsers } from "../workspace/query-input.ts";
import { countNotes, segmentCut, totalsOf } from "../workspace/segments.ts";
import { isEmpty, seriesTable } from "../workspace/series.ts";
import { countType, fromDate, metaSchema, tableSchema, toDate } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

/** Counts of several events side by side. */
export const eventCounts = defineTool({
  name: "event_counts",
  title: "Several events over time",
  description:
    "Compares up to 25 events side by side: counts over time, in one query. Without filter or breakdown: for those use segmentation.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      events: z.array(z.string().min(1)).min(1).max(25),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["hour", "day", "week", "month"]).default("day"),
      type: countType(),
    }),
  output: () =>
    z.object({
      series: tableSchema(),
      totals: z.record(z.string(), z.number()).nullable(),
      segment_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const { unit, type } = args;
    refuseHourlyUsers(type, unit);
    const events = [...new Set(args.events)];
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live);
    const sparse = await countsQuery(live.api, { ...range, events, unit, type }, signal);
    const names = [...events, ...[...sparse.values.keys()].filter((name) => !events.includes(name))];
    const series = seriesTable(sparse, names, unit === "hour" ? "time" : "date");
    const silent = events.filter((name) =>
      isEmpty({ ...sparse, values: new Map([["", sparse.values.get(name) ?? new Map()]]) }),
    );
    const notes = silent.length > 0 ? await emptyNotes(workspace, live, { events: silent }, signal) : [];
    return {
      series,
      totals: totalsOf(series, type),
      segment_count: names.length,
      truncated: false,
      meta: live.meta({ range, unit, labels: sparse.buckets, notes: [...notes, ...countNotes(type)] }),
    };
  },
  summary: ({ meta, segment_count }, args) =>
    `${segment_count} events, ${meta.from_date} to ${meta.to_date}, ${args.type} per ${args.unit}.`,
  cut: segmentCut("series", "event"),
});
