import { z } from "zod";
import { resolveRange, todayIn } from "../mixpanel/dates.ts";
import { checkExpression } from "../mixpanel/expression.ts";
import { streamEvents as stream } from "../workspace/stream.ts";
import { fromDate, limit, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

/** Mixpanel's export takes no longer range in one request. */
const MAX_DAYS = 100;

export const streamEvents = defineTool({
  name: "stream_events",
  title: "Look at raw events",
  description:
    "A few example raw events straight from Mixpanel, arbitrary ones, nothing stored: to see what properties look like. Costs one of 60 exports an hour. Never count from it: use segmentation, or fetch_events and sql.",
  toolset: "fetch",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      from_date: fromDate(),
      to_date: toDate(),
      events: z.array(z.string().min(1)).min(1).optional(),
      where: where().optional(),
      limit: limit(100, 1_000),
    }),
  output: () =>
    z.object({
      events: z.array(
        z.looseObject({ event: z.string().nullable(), time: z.string().nullable(), properties: z.looseObject({}) }),
      ),
      from_date: z.string(),
      to_date: z.string(),
      truncated: z.boolean(),
      notes: z.array(z.string()),
    }),
  async handler(workspace, args, { signal }) {
    if (args.where !== undefined) checkExpression(args.where, "where");
    const range = resolveRange(args, todayIn("UTC", new Date()), { maxDays: MAX_DAYS });
    const api = workspace.api();
    const { items, truncated, notes } = await stream(
      api,
      { ...range, events: args.events, where: args.where, limit: args.limit },
      signal,
    );
    return { events: items, from_date: range.fromDate, to_date: range.toDate, truncated, notes };
  },
  summary: ({ events, from_date, to_date }) =>
    `${events.length} raw events, ${from_date} to ${to_date}; nothing was stored.`,
  cut: {
    size: ({ events }) => events.length,
    keep: (result, rows) => ({ ...result, events: result.events.slice(0, rows), truncated: true }),
  },
});
