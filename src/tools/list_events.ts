import { z } from "zod";
import { countOf, matching, notesKey, pageOf } from "../workspace/page.ts";
import { limit, notes, offset, refresh, search } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** The names of the project's events, alphabetical. */
export const listEvents = defineTool({
  name: "list_events",
  title: "List events",
  description:
    "The event names of the project, alphabetical: start here, names are case-sensitive everywhere else. Raise days for events not seen lately. For counts use top_events or event_counts. One query, then cached.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      search: search().optional(),
      days: z.int().min(1).max(3650).default(31).describe("look-back"),
      limit: limit(200, 5000),
      offset: offset(),
      refresh: refresh(),
    }),
  output: () => z.object({ events: z.array(z.string()), total: z.int(), truncated: z.boolean(), notes: notes() }),
  async handler(workspace, args, { signal }) {
    const list = await workspace.discovery.events({ days: args.days, refresh: args.refresh, signal });
    const found = matching(list.names, args.search, (name) => name);
    const { page, total, truncated } = pageOf(found, args.limit, args.offset);
    const none = list.names.length === 0 && noEvents(args.days);
    const noMatch =
      list.names.length > 0 && total === 0 && `None of ${list.names.length} event names contains the search text.`;
    return { events: page, total, truncated, ...notesKey(...list.notes, none, noMatch) };
  },
  summary: ({ events, total }, { days, search: text }) =>
    `${countOf(events.length, total, "event name")}${text ? " matching the search" : ""}, seen in the last ${days} days.`,
  cut: cutList("events"),
});

function noEvents(days: number): string {
  return `The project has no events in the last ${days} days: it may be new or empty, or the project id may be another one. Try a larger days, or workspace_info with check_connection.`;
}
