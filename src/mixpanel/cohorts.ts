/** The saved cohorts: POST /cohorts/list, everything in the query string, an empty body. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { numericId, optionalText } from "./ids.ts";
import { amount } from "./sparse.ts";

/** `count` is the size as last computed; `created` is Mixpanel's text (`2025-11-03 09:12:44`, UTC), null when it sent none. */
export type Cohort = {
  id: number;
  name: string;
  count: number | null;
  description: string | null;
  created: string | null;
  isVisible: boolean;
};

const listReply = () =>
  z.array(
    z.object({
      id: numericId(),
      name: optionalText(),
      count: amount().optional(),
      description: optionalText(),
      created: optionalText(),
      // 0 or 1, at times a boolean; a cohort is visible unless it says otherwise.
      is_visible: z.union([z.number(), z.boolean()]).nullish(),
    }),
  );

export async function listCohorts(api: Api, signal?: AbortSignal): Promise<Cohort[]> {
  const reply = await api.call(
    { family: "query", method: "POST", path: path`/cohorts/list`, reply: listReply() },
    signal,
  );
  return reply.map(({ id, name, count, description, created, is_visible: visible }) => {
    return { id, name: name ?? "", count: count ?? null, description, created, isVisible: Boolean(visible ?? true) };
  });
}
