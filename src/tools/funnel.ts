import { z } from "zod";
import { Fault } from "../fault.ts";
import { type FunnelQuery, runFunnel } from "../mixpanel/funnels.ts";
import { withIdAdvice } from "../workspace/advice.ts";
import { funnelAnswer } from "../workspace/funnel-answer.ts";
import { keepFunnel, restOfSegments } from "../workspace/funnel-cut.ts";
import { openLive } from "../workspace/live.ts";
import { accessorOf, filterOf, rangeOf } from "../workspace/query-input.ts";
import { nameOfFunnel } from "../workspace/report-names.ts";
import { fromDate, id, limit, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const MAX_WINDOW_DAYS = 90;
/** Segments asked for, so that those beyond the limit can be counted. */
const MOST_SEGMENTS = 255;
const DAYS = { minute: 1 / 1440, hour: 1 / 24, day: 1, week: 7, month: 30 } as const;

/** Mixpanel knows seconds to days; weeks and months are sent as days. */
function windowOf(length: number | undefined, unit: keyof typeof DAYS): FunnelQuery["length"] {
  if (length === undefined) return undefined;
  if (length * DAYS[unit] > MAX_WINDOW_DAYS) {
    throw new Fault(
      "INVALID_ARGUMENT",
      `A conversion window of ${length} ${unit}s is longer than ${MAX_WINDOW_DAYS} days, the most Mixpanel allows.`,
      {
        suggestions: [
          `Use window_length ${Math.floor(MAX_WINDOW_DAYS / DAYS[unit])} or less with window_unit "${unit}".`,
        ],
      },
    );
  }
  if (unit === "week" || unit === "month") return { value: length * DAYS[unit], unit: "day" };
  return { value: length, unit };
}

const stepSchema = () =>
  z.object({
    step: z.int(),
    event: z.string(),
    count: z.number(),
    step_conversion_rate: z.number(),
    overall_conversion_rate: z.number(),
    avg_time_seconds: z.number().optional(),
  });

/** A saved funnel's steps, in total, by date and by segment. */
export const funnel = defineTool({
  name: "funnel",
  title: "Run a saved funnel",
  description:
    "Conversion and drop-off of a saved funnel (ids: list_funnels): each step's count, rates against the step before and the first, mean time, by entry date, and by segment with `on`. Rates are recomputed from counts. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      funnel_id: id(),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["day", "week", "month"]).default("day"),
      on: on().optional(),
      where: where().optional(),
      window_length: z.int().min(1).optional().describe("conversion window; default as saved"),
      window_unit: z.enum(["minute", "hour", "day", "week", "month"]).default("day"),
      limit: limit(10, 1000),
    }),
  output: () =>
    z.object({
      funnel_id: z.int(),
      name: z.string().nullable(),
      conversion_rate: z.number(),
      steps: z.array(stepSchema()),
      by_date: tableSchema(),
      segments: z
        .array(z.object({ segment: z.string(), conversion_rate: z.number(), steps: z.array(stepSchema()) }))
        .optional(),
      segment_count: z.int().optional(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const { unit, limit: shown } = args;
    const length = windowOf(args.window_length, args.window_unit);
    const on = args.on === undefined ? undefined : accessorOf(args.on);
    const where = filterOf(args.where);
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live);
    const query = {
      ...range,
      funnelId: args.funnel_id,
      unit,
      on,
      where,
      length,
      limit: Math.max(MOST_SEGMENTS, shown + 1),
    };
    const result = await withIdAdvice(runFunnel(live.api, query, signal), "list_funnels shows the valid funnel ids.");
    const name = await nameOfFunnel(workspace, live, args.funnel_id, signal);
    const { answer, labels, notes } = funnelAnswer(result, unit, on !== undefined);
    if ((answer.segment_count ?? 0) >= query.limit)
      notes.push(`Only ${query.limit} segments were asked for: there may be more.`);
    const meta = live.meta({ range, unit, labels, notes, computedAt: result.computedAt });
    return restOfSegments({ funnel_id: args.funnel_id, name, ...answer, truncated: false, meta }, shown);
  },
  summary: ({ conversion_rate, steps, meta, segment_count }, args) => {
    const split = segment_count === undefined ? "" : `, by ${args.on} (${segment_count} segments)`;
    const counts = `${steps[0]?.count ?? 0} entered, ${steps.at(-1)?.count ?? 0} completed`;
    return `Funnel ${args.funnel_id}, ${meta.from_date} to ${meta.to_date}: conversion ${conversion_rate}, ${steps.length} steps, ${counts}${split}.`;
  },
  cut: {
    size: (result) => (result.segments?.length ?? 0) + result.by_date.rows.length,
    keep: keepFunnel,
    shown: ({ segments, segment_count, by_date }) => {
      const dates = `${by_date.rows.length} dates`;
      return segments === undefined
        ? `${dates} shown`
        : `${segments.length} of ${segment_count} segments and ${dates} shown`;
    },
  },
});
