/** What given users did: GET /stream/query. */
import { z } from "zod";
import { type Api, jsonParam, path } from "./api.ts";
import type { DateRange } from "./dates.ts";
import { mapOf } from "./reply.ts";

export type ActivityQuery = DateRange & { distinctIds: string[] };

/** One event of a user. `time` in epoch seconds where it is known; `properties` as Mixpanel sent them. */
export type Activity = { event: string; time?: number; distinctId?: string; properties: Map<string, unknown> };

const eventSchema = () =>
  z.object({
    event: z.string().nullish(),
    properties: mapOf(z.unknown()).nullish(),
  });

const eventList = () => z.array(eventSchema());

/**
 * `{status, results: {events: [...]}}`; unknown users give an empty list, written as `events: []` or as empty results. A reply
 * without its list is not an answer of nothing.
 */
const replySchema = () =>
  z.object({
    results: z.union([
      z.object({ events: eventList() }).transform((results) => results.events),
      z.strictObject({}).transform((): z.output<ReturnType<typeof eventList>> => []),
      eventList(),
    ]),
  });

function secondsOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return undefined;
  // Seconds by rule; a number this large can only be milliseconds.
  return number > 100_000_000_000 ? number / 1000 : number;
}

function idOf(properties: ReadonlyMap<string, unknown>): string | undefined {
  const id = properties.get("distinct_id") ?? properties.get("$distinct_id");
  return typeof id === "string" || typeof id === "number" ? String(id) : undefined;
}

/** Events of the users, newest first. No paging and no stated maximum at Mixpanel; the order it sends them in is not promised. */
export async function activity(api: Api, query: ActivityQuery, signal?: AbortSignal): Promise<Activity[]> {
  const { results } = await api.call(
    {
      family: "query",
      path: path`/stream/query`,
      query: { distinct_ids: jsonParam(query.distinctIds), from_date: query.fromDate, to_date: query.toDate },
      reply: replySchema(),
      exactIntegers: true,
    },
    signal,
  );
  return results
    .map((item): Activity => {
      const properties = item.properties ?? new Map<string, unknown>();
      return {
        event: item.event ?? "",
        time: secondsOf(properties.get("time") ?? properties.get("$time")),
        distinctId: idOf(properties),
        properties,
      };
    })
    .sort((a, b) => (b.time ?? Number.NEGATIVE_INFINITY) - (a.time ?? Number.NEGATIVE_INFINITY) || 0);
}
