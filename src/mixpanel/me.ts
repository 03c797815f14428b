/** Whom the credentials belong to and what they see: GET /api/app/me. Free, and answered on every plan. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { looseMap } from "./sparse.ts";

export type Project = { name?: string; timezone?: string; domain?: string };
export type Me = { projects: Map<string, Project> };

/** The fields vary by kind of account: everything but the keys is optional. */
const text = () => z.string().optional().catch(undefined);
const project = () =>
  z
    .object({ name: text(), timezone: text(), domain: text() })
    .catch({ name: undefined, timezone: undefined, domain: undefined });
const meReply = () => z.object({ results: z.object({ projects: looseMap(project()) }) });

/** The projects this account sees, by id. A missing project means that the account has no role in it. */
export async function me(api: Api, signal?: AbortSignal): Promise<Me> {
  const reply = await api.call({ family: "app", path: path`/me`, reply: meReply() }, signal);
  return { projects: reply.results.projects };
}
