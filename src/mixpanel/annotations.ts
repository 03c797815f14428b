/** Notes on the timeline: GET /api/app/projects/{id}/annotations. Not counted in the query quota. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { numericId, optionalText } from "./ids.ts";

/** `date` as Mixpanel writes it: `2026-02-15 12:00:00`, or ISO 8601 with an offset. */
export type Annotation = { id: number; date: string; description: string; tags: string[] };

const tag = () => z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]);
const item = () =>
  z.object({ id: numericId(), date: z.string(), description: optionalText(), tags: z.array(tag()).nullish() });

/** Wrapped in `results`, or in `annotations` by the older service. */
const listReply = () =>
  z.union([
    z.object({ results: z.array(item()) }).transform(({ results }) => results),
    z.object({ annotations: z.array(item()) }).transform(({ annotations }) => annotations),
  ]);

/** Oldest first; both dates are days, included, and either may be left out. */
export async function listAnnotations(
  api: Api,
  query: { fromDate?: string; toDate?: string },
  signal?: AbortSignal,
): Promise<Annotation[]> {
  const reply = await api.call(
    {
      family: "app",
      path: path`/projects/${api.projectId}/annotations`,
      query: { fromDate: query.fromDate, toDate: query.toDate },
      reply: listReply(),
    },
    signal,
  );
  return reply
    .map(({ id, date, description, tags }) => ({ id, date, description: description ?? "", tags: tags ?? [] }))
    .sort((a, b) => a.date.replace("T", " ").localeCompare(b.date.replace("T", " ")) || a.id - b.id);
}
