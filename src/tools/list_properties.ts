import { z } from "zod";
import { Fault } from "../fault.ts";
import { MOST_PROPERTY_NAMES } from "../mixpanel/events.ts";
import type { Discovery } from "../workspace/discovery.ts";
import { knownEvents } from "../workspace/empty.ts";
import { countOf, matching, notesKey, pageOf } from "../workspace/page.ts";
import { event, limit, notes, refresh, search } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** The property names of one event, alphabetical. */
export const listProperties = defineTool({
  name: "list_properties",
  title: "List an event's properties",
  description:
    "The properties (attributes) sent with one event, and how many of its occurrences had each. Example values: list_property_values. Of a fetched table: property_keys. One query, then cached.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({ event: event(), search: search().optional(), limit: limit(200, 500), refresh: refresh() }),
  output: () =>
    z.object({
      event: z.string(),
      properties: z.array(z.object({ name: z.string(), count: z.number().optional() })),
      total: z.int(),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const { discovery } = workspace;
    const all = await discovery
      .properties(args.event, { refresh: args.refresh, signal })
      .catch((fault) => Promise.reject(unknownEvent(fault, discovery, args.event)));
    const { page, total, truncated } = pageOf(
      matching(all, args.search, ({ name }) => name),
      args.limit,
    );
    const most =
      all.length >= MOST_PROPERTY_NAMES &&
      `Mixpanel lists at most ${MOST_PROPERTY_NAMES} properties here; there may be more.`;
    if (all.length === 0) await knownEvents(workspace, workspace.api(), signal);
    const none = all.length === 0 && nothingKnown(discovery, args.event);
    return { event: args.event, properties: page, total, truncated, ...notesKey(most, none) };
  },
  summary: ({ properties, total }, args) =>
    `${countOf(properties.length, total, "property", "properties")} of ${JSON.stringify(args.event)}.`,
  cut: cutList("properties"),
});

/** Some projects answer an unknown event with a refusal instead of nothing. */
function unknownEvent(fault: unknown, discovery: Discovery, name: string): unknown {
  if (!(fault instanceof Fault) || fault.code !== "QUERY_INVALID") return fault;
  const names = discovery.nearest(name);
  const known = names.length > 0 ? "the nearest names are below" : "list_events shows the names";
  const hint = `When it is about the event: names are case-sensitive, and Mixpanel knows no recent event of exactly this one; ${known}.`;
  return new Fault(fault.code, fault.message, {
    suggestions: [hint, ...fault.suggestions],
    details: { ...fault.details, names },
    cause: fault,
  });
}

function nothingKnown(discovery: Discovery, name: string): string {
  const near = discovery.nearest(name);
  const hint =
    near.length > 0
      ? `Nearest names: ${near.map((one) => JSON.stringify(one)).join(", ")}.`
      : "list_events shows the names.";
  return `No properties: Mixpanel knows no recent event of exactly this name (names are case-sensitive). ${hint}`;
}
