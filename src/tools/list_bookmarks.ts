import { z } from "zod";
import { BOOKMARK_TYPES } from "../mixpanel/bookmarks.ts";
import { countOf, matching, notesKey, pageOf } from "../workspace/page.ts";
import { utcTime } from "../workspace/times.ts";
import { limit, notes, offset, refresh, search } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** The saved reports, without their definitions. */
export const listBookmarks = defineTool({
  name: "list_bookmarks",
  title: "List saved reports",
  description:
    "Saved reports with their ids: run one with query_saved_report, flows with query_flows. Costs no query; give a type on big projects.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      type: z.enum(BOOKMARK_TYPES).optional(),
      search: search().optional(),
      limit: limit(100, 1000),
      offset: offset(),
      refresh: refresh(),
    }),
  output: () =>
    z.object({
      bookmarks: z.array(
        z.object({
          id: z.number(),
          name: z.string(),
          type: z.string(),
          description: z.string().optional(),
          created: z.string().nullable(),
          modified: z.string().nullable(),
          creator: z.string().optional(),
        }),
      ),
      total: z.int(),
      truncated: z.boolean(),
      notes: notes(),
    }),
  async handler(workspace, args, { signal }) {
    const list = await workspace.discovery.bookmarks(args.type, { refresh: args.refresh, signal });
    const found = matching(list, args.search, ({ name, description }) => `${name}\n${description ?? ""}`);
    const { page, total, truncated } = pageOf(found, args.limit, args.offset);
    const bookmarks = page.map(({ id, name, type, description, created, modified, creator }) => {
      return {
        id,
        name,
        type,
        description: description ?? undefined,
        created: utcTime(created),
        modified: utcTime(modified),
        creator: creator ?? undefined,
      };
    });
    const none =
      list.length === 0 &&
      `The project has no saved reports${args.type === undefined ? "" : " of this type"} that this account may see.`;
    return { bookmarks, total, truncated, ...notesKey(none) };
  },
  summary: ({ bookmarks, total }, { type }) =>
    `${countOf(bookmarks.length, total, "saved report")}${type === undefined ? "" : ` of type ${type}`}.`,
  cut: cutList("bookmarks"),
});
