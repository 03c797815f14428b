import { z } from "zod";
import { countOf, matching, notesKey, pageOf } from "../workspace/page.ts";
import { utcTime } from "../workspace/times.ts";
import { limit, notes, offset, refresh, search } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** The saved cohorts with their sizes as last computed. */
export const listCohorts = defineTool({
  name: "list_cohorts",
  title: "List saved cohorts",
  description:
    "Saved cohorts (groups of users): id, name, how big when last computed. To get the members: fetch_profiles with cohort_id. One query, then cached.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({ search: search().optional(), limit: limit(100, 1000), offset: offset(), refresh: refresh() }),
  output: () =>
    z.object({
      cohorts: z.array(
        z.object({
          id: z.number(),
          name: z.string(),
          count: z.number().nullable(),
          description: z.string().nullable(),
          created: z.string().nullable(),
          is_visible: z.boolean(),
        }),
      ),
      total: z.int(),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const list = await workspace.discovery.cohorts({ refresh: args.refresh, signal });
    const found = matching(list, args.search, ({ name, description }) => `${name}\n${description ?? ""}`);
    const { page, total, truncated } = pageOf(found, args.limit, args.offset);
    const cohorts = page.map(({ isVisible, created, ...cohort }) => {
      return { ...cohort, created: utcTime(created), is_visible: isVisible };
    });
    const none = list.length === 0 && "The project has no saved cohorts.";
    return { cohorts, total, truncated, ...notesKey(none) };
  },
  summary: ({ cohorts, total }) => `${countOf(cohorts.length, total, "saved cohort")}.`,
  cut: cutList("cohorts"),
});
