import { z } from "zod";
import type { Discovery } from "../workspace/discovery.ts";
import { knownEvents } from "../workspace/empty.ts";
import { notesKey } from "../workspace/page.ts";
import { bareName } from "../workspace/query-input.ts";
import { event, limit, notes, refresh } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** Example values of a property, as Mixpanel sends them. */
export const listPropertyValues = defineTool({
  name: "list_property_values",
  title: "List a property's values",
  description:
    "Values one property takes on one event, without counts: for writing where filters. How often each occurs: property_counts. One query, then cached.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      event: event(),
      property: z.string().min(1).describe("bare name"),
      limit: limit(50, 1000),
      refresh: refresh(),
    }),
  output: () =>
    z.object({
      event: z.string(),
      property: z.string(),
      values: z.array(z.unknown()),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const { discovery } = workspace;
    const { event } = args;
    const property = bareName(args.property, "list_property_values");
    const found = await discovery.values(event, property, args.limit, { refresh: args.refresh, signal });
    if (found.length === 0) await knownEvents(workspace, workspace.api(), signal);
    const none = found.length === 0 && nothingKnown(discovery, event);
    return {
      event,
      property,
      values: found.slice(0, args.limit),
      truncated: found.length > args.limit,
      ...notesKey(none),
    };
  },
  summary: ({ values, truncated }, { event, property }) =>
    `${truncated ? "The first " : ""}${values.length} ${values.length === 1 ? "value" : "values"} of ${JSON.stringify(property)} on ${JSON.stringify(event)}.`,
  cut: cutList("values"),
});

function nothingKnown(discovery: Discovery, event: string): string {
  const near = discovery.nearest(event).filter((name) => name !== event);
  const hint = near.length > 0 ? ` Nearest event names: ${near.map((name) => JSON.stringify(name)).join(", ")}.` : "";
  return `No values: the event or the property has no data under exactly this name (names are case-sensitive; list_properties shows them).${hint}`;
}
