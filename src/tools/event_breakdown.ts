import { z } from "zod";
import { share } from "../store/figures.ts";
import { isoTime, requireEvents, tableStatistics } from "../store/statistics.ts";
import { distinctUsers } from "../store/statistics-exact.ts";
import { table } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

export const eventBreakdown = defineTool({
  name: "event_breakdown",
  title: "Events in a table",
  description:
    "Every event in a fetched table: rows, distinct users, first and last time, share of all rows. Instant, from statistics kept at fetch. For other groupings use sql.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ table: table() }),
  output: () =>
    z.object({
      table: z.string(),
      total_events: z.int(),
      total_users: z.int(),
      date_range: z.object({ from_date: z.string(), to_date: z.string() }).nullable(),
      events: z.array(
        z.object({
          event: z.string(),
          count: z.int(),
          users: z.int(),
          first_seen: z.string().nullable(),
          last_seen: z.string().nullable(),
          share: z.number(),
        }),
      ),
      truncated: z.boolean(),
      notes: z.array(z.string()),
    }),
  async handler({ store }, args, context) {
    const { table, summary } = await tableStatistics(store, args.table, context);
    requireEvents(table);
    const events = summary.events
      .filter(({ rows }) => rows > 0)
      .sort((a, b) => b.rows - a.rows || (a.event < b.event ? -1 : 1));
    const exact = await distinctUsers(store, table, summary, context.signal);
    const first = Math.min(...events.map(({ firstSeen }) => firstSeen ?? Number.POSITIVE_INFINITY));
    const last = Math.max(...events.map(({ lastSeen }) => lastSeen ?? Number.NEGATIVE_INFINITY));
    return {
      table: table.name,
      total_events: summary.rows,
      total_users: exact.total,
      date_range: Number.isFinite(first) ? { from_date: dayOf(first), to_date: dayOf(last) } : null,
      events: events.map(({ event, rows, users, firstSeen, lastSeen }) => ({
        event,
        count: rows,
        users: exact.byEvent?.get(event) ?? users,
        first_seen: isoTime(firstSeen),
        last_seen: isoTime(lastSeen),
        share: share(rows, summary.rows),
      })),
      truncated: false,
      notes: exact.notes,
    };
  },
  summary: ({ total_events, total_users, events }) =>
    `${events.length} events, ${total_events} rows, ${total_users} distinct users.`,
  cut: cutList("events"),
});

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
