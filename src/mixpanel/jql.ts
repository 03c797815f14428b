/** A script in Mixpanel's JQL: POST /jql. In maintenance mode at Mixpanel; kept for the questions nothing else answers. */
import { z } from "zod";
import { type Api, jsonParam, path } from "./api.ts";

/**
 * Runs a script; `params` becomes its global of that name. The body is a form, in which `params` is JSON encoded once.
 * The answer is a list of rows of any shape. A failed script is QUERY_INVALID with its line and reason.
 */
export function jql(
  api: Api,
  script: string,
  params: Record<string, unknown> | undefined,
  signal?: AbortSignal,
): Promise<unknown> {
  return api.call(
    {
      family: "query",
      method: "POST",
      path: path`/jql`,
      form: { script, params: params === undefined ? undefined : jsonParam(params) },
      reply: z.unknown(),
      exactIntegers: true,
    },
    signal,
  );
}
