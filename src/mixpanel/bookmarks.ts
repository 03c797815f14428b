/** Saved reports: GET /api/app/projects/{id}/bookmarks. Not counted in the query quota. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { stepsOf } from "./funnels-list.ts";
import { numericId, optionalText } from "./ids.ts";

export const BOOKMARK_TYPES = ["insights", "funnels", "retention", "flows", "launch-analysis"] as const;
export type BookmarkType = (typeof BOOKMARK_TYPES)[number];

/** Times are Mixpanel's own texts, without a zone (UTC, as its other times of saved things). `steps` is known for funnels only. */
export type Bookmark = {
  id: number;
  name: string;
  type: string;
  description: string | null;
  created: string | null;
  modified: string | null;
  creator: string | null;
  steps?: number;
};

const item = () =>
  z.object({
    id: numericId(),
    name: optionalText(),
    type: optionalText(),
    original_type: optionalText(),
    description: optionalText(),
    created: optionalText(),
    modified: optionalText(),
    creator_name: optionalText(),
    creator_email: optionalText(),
    params: z.unknown().optional(),
  });

/** Some deployments nest the list once more. */
const listReply = () =>
  z
    .object({ results: z.union([z.array(item()), z.object({ results: z.array(item()) })]) })
    .transform(({ results }) => (Array.isArray(results) ? results : results.results));

/** All saved reports, or those of a type; one reply without paging. The definitions (`params`) are dropped: they are most of it. */
export async function listBookmarks(
  api: Api,
  query: { type?: BookmarkType },
  signal?: AbortSignal,
): Promise<Bookmark[]> {
  const reply = await api.call(
    {
      family: "app",
      path: path`/projects/${api.projectId}/bookmarks`,
      query: { v: 2, type: query.type },
      reply: listReply(),
    },
    signal,
  );
  return reply
    .map((report) => ({
      id: report.id,
      name: report.name ?? "",
      type: report.type ?? report.original_type ?? "",
      description: report.description === "" ? null : report.description,
      created: report.created,
      modified: report.modified,
      creator: report.creator_name ?? report.creator_email,
      steps: stepsOf(report.params),
    }))
    .filter(({ type }) => query.type === undefined || type === "" || type === query.type);
}
