import { z } from "zod";
import { Fault } from "../fault.ts";
import { activity } from "../mixpanel/activity.ts";
import { addDays, resolveRange } from "../mixpanel/dates.ts";
import { feedEvent } from "../workspace/feed.ts";
import { openLive } from "../workspace/live.ts";
import { fromDate, limit, metaSchema, toDate } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const DEFAULT_DAYS = 30;
const MAX_USERS = 100;

function usersOf(args: { distinct_id?: string; distinct_ids?: string[] }): string[] {
  const ids = [
    ...new Set([...(args.distinct_id === undefined ? [] : [args.distinct_id]), ...(args.distinct_ids ?? [])]),
  ];
  if (ids.length > 0) return ids;
  throw new Fault("INVALID_ARGUMENT", "activity_feed needs distinct_id or distinct_ids.", {
    suggestions: ['Find ids with stream_profiles, for instance where properties["$email"] == "ana@example.org".'],
  });
}

/** What one or a few users did, newest first. */
export const activityFeed = defineTool({
  name: "activity_feed",
  title: "What a user did",
  description:
    "The timeline of one or a few users: their events, newest first, last 30 days by default. Needs distinct ids: find them with stream_profiles. For many users fetch_events and sql. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      distinct_id: z.string().min(1).optional(),
      distinct_ids: z.array(z.string().min(1)).min(1).max(MAX_USERS).optional(),
      from_date: fromDate().optional(),
      to_date: toDate().optional(),
      limit: limit(50, 1000),
      all_properties: z.boolean().default(false).describe("keep Mixpanel's own properties too"),
    }),
  output: () =>
    z.object({
      events: z.array(
        z.object({
          event: z.string(),
          time: z.string().nullable(),
          distinct_id: z.string().optional(),
          properties: z.record(z.string(), z.unknown()),
        }),
      ),
      total: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const users = usersOf(args);
    const live = await openLive(workspace, signal);
    const to_date = args.to_date ?? "today";
    const fallback =
      args.to_date === undefined ? live.today : resolveRange({ from_date: to_date, to_date }, live.today, live).toDate;
    const from_date = args.from_date ?? addDays(fallback, -(DEFAULT_DAYS - 1));
    const range = resolveRange({ from_date, to_date }, live.today, live);
    const found = await activity(live.api, { ...range, distinctIds: users }, signal);
    const notes =
      found.length === 0
        ? [
            "No events: the id may be unknown (ids are case-sensitive; an e-mail address is rarely one), or the user was not active in this range.",
          ]
        : [];
    if (!args.all_properties && found.length > 0)
      notes.push("Mixpanel's own properties are left out and long values cut; all_properties=true shows everything.");
    const events = found
      .slice(0, args.limit)
      .map((item) => feedEvent(item, { all: args.all_properties, severalUsers: users.length > 1 }));
    return { events, total: found.length, truncated: events.length < found.length, meta: live.meta({ range, notes }) };
  },
  summary: ({ total, meta }, args) => {
    const users = args.distinct_id ?? `${args.distinct_ids?.length ?? 0} users`;
    return `${users}: ${total} events, ${meta.from_date} to ${meta.to_date}, newest first.`;
  },
  cut: {
    size: (result) => result.events.length,
    keep: (result, count) => ({ ...result, events: result.events.slice(0, count), truncated: true }),
    shown: (result) => `${result.events.length} of ${result.total} events shown`,
  },
});
