/** The saved funnels: GET /funnels/list, and how many steps each has, out of the saved reports. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { numericId, optionalText } from "./ids.ts";

export type FunnelName = { funnelId: number; name: string };

const listReply = () => z.array(z.object({ funnel_id: numericId(), name: optionalText() }));

export async function listFunnels(api: Api, signal?: AbortSignal): Promise<FunnelName[]> {
  const reply = await api.call({ family: "query", path: path`/funnels/list`, reply: listReply() }, signal);
  return reply.map(({ funnel_id: funnelId, name }) => ({ funnelId, name: name ?? "" }));
}

/** Where the steps of a funnel stand in the definition of a saved report: today's dialect, then older ones. */
const STEP_LISTS: readonly (readonly string[])[] = [
  ["sections", "show", "0", "behavior", "behaviors"],
  ["sections", "show", "0", "behavior", "steps"],
  ["behavior", "behaviors"],
  ["steps"],
  ["events"],
  ["funnel", "steps"],
  ["funnel", "events"],
  ["filter", "steps"],
];

/**
 * Number of steps in the `params` of a saved funnel report (an object, or the same as a JSON text); undefined where the
 * definition has none of the known forms.
 */
export function stepsOf(params: unknown): number | undefined {
  const definition = typeof params === "string" ? parsed(params) : params;
  for (const names of STEP_LISTS) {
    const list = names.reduce<unknown>((value, name) => field(value, name), definition);
    if (Array.isArray(list) && list.length > 0) return list.length;
  }
  return undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
