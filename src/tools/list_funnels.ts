import { z } from "zod";
import { countOf, matching, notesKey, pageOf } from "../workspace/page.ts";
import { limit, notes, offset, refresh, search } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** The saved funnels with their ids. */
export const listFunnels = defineTool({
  name: "list_funnels",
  title: "List saved funnels",
  description:
    "Saved funnels with their ids, for the funnel tool, and number of steps where known. One query, then cached.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({ search: search().optional(), limit: limit(100, 1000), offset: offset(), refresh: refresh() }),
  output: () =>
    z.object({
      funnels: z.array(z.object({ funnel_id: z.number(), name: z.string(), steps: z.int().optional() })),
      total: z.int(),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const list = await workspace.discovery.funnels({ refresh: args.refresh, signal });
    const { page, total, truncated } = pageOf(
      matching(list.funnels, args.search, ({ name }) => name),
      args.limit,
      args.offset,
    );
    const funnels = page.map(({ funnelId, name, steps }) => ({ funnel_id: funnelId, name, steps }));
    const none =
      list.funnels.length === 0 && "The project has no saved funnels: they are made in Mixpanel, under Funnels.";
    return { funnels, total, truncated, ...notesKey(...list.notes, none) };
  },
  summary: ({ funnels, total }) => `${countOf(funnels.length, total, "saved funnel")}.`,
  cut: cutList("funnels"),
});
