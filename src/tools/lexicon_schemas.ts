import { z } from "zod";
import type { Schema } from "../mixpanel/lexicon.ts";
import { nearest } from "../nearest.ts";
import { keepLexicon, lexiconSize, schemaView } from "../workspace/lexicon-view.ts";
import { countOf, notesKey, pageOf } from "../workspace/page.ts";
import { limit, notes, offset, refresh } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const propertyView = () =>
  z.object({
    type: z.string(),
    description: z.string().optional(),
    display_name: z.string().optional(),
    hidden: z.boolean().optional(),
  });

/** What people wrote about events and properties. */
export const lexiconSchemas = defineTool({
  name: "lexicon_schemas",
  title: "Lexicon descriptions",
  description:
    "What events and profile properties mean, as the team wrote it down (data dictionary, documentation): descriptions, types, tags. Only described things are in it; all event names: list_events. Costs no query.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      entity_type: z.enum(["event", "profile"]).optional(),
      name: z.string().min(1).optional(),
      limit: limit(50, 500),
      offset: offset(),
      refresh: refresh(),
    }),
  output: () =>
    z.object({
      schemas: z.array(
        z.object({
          entity_type: z.string(),
          name: z.string(),
          display_name: z.string().optional(),
          description: z.string().optional(),
          properties: z.record(z.string(), propertyView()),
          properties_omitted: z.int().optional(),
          tags: z.array(z.string()).optional(),
          hidden: z.boolean().optional(),
        }),
      ),
      total: z.int(),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const all = await workspace.discovery.schemas({ refresh: args.refresh, signal });
    const ofType = all.filter(({ entityType }) => args.entity_type === undefined || entityType === args.entity_type);
    const found = args.name === undefined ? ofType : named(ofType, args.name);
    const { page, total, truncated } = pageOf(found, args.limit, args.offset);
    return { schemas: page.map(schemaView), total, truncated, ...notesKey(whyNone(all, ofType, found, args.name)) };
  },
  summary: ({ schemas, total }) => `${countOf(schemas.length, total, "described entity", "described entities")}.`,
  cut: {
    size: lexiconSize,
    keep: keepLexicon,
    shown: ({ schemas, total }) => `${schemas.length} of ${total} entities, and not all their properties, shown`,
  },
});

/** Exactly that name, else the same without regard to case, by name or display name. */
function named(schemas: Schema[], name: string): Schema[] {
  const exact = schemas.filter((schema) => schema.name === name);
  const lower = name.toLowerCase();
  const same = (text: string | undefined) => text?.toLowerCase() === lower;
  return exact.length > 0 ? exact : schemas.filter((schema) => same(schema.name) || same(schema.displayName));
}

function whyNone(all: Schema[], ofType: Schema[], found: Schema[], name: string | undefined): string | undefined {
  if (found.length > 0) return undefined;
  if (all.length === 0) return "The project's Lexicon is empty: nobody described an event or a property yet.";
  if (ofType.length === 0) return "Nothing of this type is described in the project's Lexicon.";
  const near = nearest(
    name ?? "",
    ofType.map((schema) => schema.name),
  );
  const hint = near.length > 0 ? ` Nearest described names: ${near.map((one) => JSON.stringify(one)).join(", ")}.` : "";
  return `Nothing of this name is described; it may exist all the same (list_events).${hint}`;
}
