import { z } from "zod";
import { profileQueries, readProfileFilters } from "../workspace/profile-request.ts";
import { streamProfiles as stream } from "../workspace/stream.ts";
import { limit } from "./params.ts";
import { profileFilters } from "./profile-filters.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

export const streamProfiles = defineTool({
  name: "stream_profiles",
  title: "Look at profiles",
  description:
    "A few user (or group) profiles straight from Mixpanel, nothing stored; `total` says how many match. Costs one query. To analyse all of them use fetch_profiles and sql.",
  toolset: "fetch",
  annotations: LIVE_READ,
  input: () => z.strictObject({ ...profileFilters(), limit: limit(50, 1_000) }),
  output: () =>
    z.object({
      profiles: z.array(
        z.looseObject({
          distinct_id: z.string().nullable(),
          last_seen: z.string().nullable(),
          properties: z.looseObject({}),
        }),
      ),
      total: z.int().nullable(),
      truncated: z.boolean(),
      notes: z.array(z.string()),
    }),
  async handler(workspace, args, { signal }) {
    const notes: string[] = [];
    const [query] = profileQueries(readProfileFilters(args, notes));
    const api = workspace.api();
    if (query === undefined) return { profiles: [], total: 0, truncated: false, notes };
    const result = await stream(api, query, args.limit, signal);
    return {
      profiles: result.items,
      total: result.total ?? null,
      truncated: result.truncated,
      notes: [...notes, ...result.notes],
    };
  },
  summary: ({ profiles, total }) =>
    `${profiles.length} profiles${total === null ? "" : ` of ${total}`}; nothing was stored.`,
  cut: {
    size: ({ profiles }) => profiles.length,
    keep: (result, rows) => ({ ...result, profiles: result.profiles.slice(0, rows), truncated: true }),
  },
});
