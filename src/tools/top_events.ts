import { z } from "zod";
import { notesKey, pageOf } from "../workspace/page.ts";
import { countType, limit, notes, refresh } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** Today's most frequent events against yesterday at the same time of day. */
export const topEvents = defineTool({
  name: "top_events",
  title: "Today's top events",
  description:
    "The most frequent events today so far, with the change in percent against yesterday up to the same time. Other days: event_counts. One query, then cached.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () => z.strictObject({ type: countType(), limit: limit(10, 500), refresh: refresh() }),
  output: () =>
    z.object({
      events: z.array(z.object({ event: z.string(), count: z.number(), percent_change: z.number().nullable() })),
      total: z.int(),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const list = await workspace.discovery.topEvents(args.type, { refresh: args.refresh, signal });
    const largest = [...list].sort((a, b) => b.amount - a.amount);
    const { page, total, truncated } = pageOf(largest, args.limit);
    const events = page.map(({ event, amount, change }) => ({ event, count: amount, percent_change: percent(change) }));
    const none = list.length === 0 && "No events today so far. list_events shows what was seen in the last 31 days.";
    return { events, total, truncated, ...notesKey(none) };
  },
  summary: ({ events, total }, { type }) =>
    `${events.length} of ${total} events today so far by ${WORDS[type]}; change in percent against yesterday up to the same time.`,
  cut: cutList("events"),
});

const WORDS = { general: "number of events", unique: "users", average: "events per user" };

/** Mixpanel sends a fraction: -0.25 is -25 %. */
function percent(change: number | null): number | null {
  return change === null ? null : Math.round(change * 1e6) / 1e4;
}
