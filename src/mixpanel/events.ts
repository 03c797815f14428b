/** Names of events and properties, values of a property, today's top events: the discovery endpoints below /events. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { mapOf } from "./reply.ts";
import { amount } from "./sparse.ts";

/** Mixpanel clamps a larger limit silently. */
export const MOST_EVENT_NAMES = 5_000;
/** The largest number of property names that is known to be safe to ask for. */
export const MOST_PROPERTY_NAMES = 500;

export type EventNamesQuery = { limit: number; fromDate?: string; toDate?: string };

/**
 * Event names, in no order to rely on. Without dates only those seen in the last 31 days. The dates are honoured but
 * undocumented; DATE_RANGE when they reach further back than the project may look, with `details.earliest_date`.
 */
export function eventNames(api: Api, query: EventNamesQuery, signal?: AbortSignal): Promise<string[]> {
  const { limit, fromDate, toDate } = query;
  return api.call(
    {
      family: "query",
      path: path`/events/names`,
      query: { type: "general", limit, from_date: fromDate, to_date: toDate },
      reply: z.array(z.string()),
    },
    signal,
  );
}

export type TopEventsType = "general" | "unique" | "average";
/** `change` is a fraction against yesterday up to the same time of day; null where Mixpanel gives none. */
export type TopEvent = { event: string; amount: number; change: number | null };

const topReply = () =>
  z.object({
    events: z.array(z.object({ event: z.string(), amount: amount(), percent_change: amount().optional() })),
  });

/** Today's most frequent events so far, in the project's time zone. Mixpanel's own default limit is 100. */
export async function topEvents(
  api: Api,
  query: { type: TopEventsType; limit: number },
  signal?: AbortSignal,
): Promise<TopEvent[]> {
  const reply = await api.call({ family: "query", path: path`/events/top`, query, reply: topReply() }, signal);
  return reply.events.map(({ event, amount, percent_change: change }) => ({
    event,
    amount: amount ?? 0,
    change: change ?? null,
  }));
}

/** How many of the event's occurrences had the property; undefined where Mixpanel does not say. */
export type PropertyName = { name: string; count?: number };

const propertiesReply = () => {
  const found = mapOf(z.object({ count: amount().optional() }).nullable());
  // Some servers write an empty object as an empty list.
  return z.union([found, z.array(z.never()).transform((): z.output<typeof found> => new Map())]);
};

/** Property names of an event, unordered. An unknown event has none (an empty object, or 400 from some projects). */
export async function propertyNames(
  api: Api,
  query: { event: string; limit: number },
  signal?: AbortSignal,
): Promise<PropertyName[]> {
  const reply = await api.call(
    { family: "query", path: path`/events/properties/top`, query, reply: propertiesReply(), keyedByData: true },
    signal,
  );
  return [...reply].map(([name, entry]) => ({ name, count: entry?.count ?? undefined }));
}

/**
 * Values of a property, as they were sent: texts, numbers, booleans, lists, null; 12 and "12" are two. Presumably the most
 * frequent first. Unknown events and properties have none.
 */
export function propertyValues(
  api: Api,
  query: { event: string; property: string; limit: number },
  signal?: AbortSignal,
): Promise<unknown[]> {
  const { event, property, limit } = query;
  return api.call(
    {
      family: "query",
      path: path`/events/properties/values`,
      query: { event, name: property, limit },
      reply: z.array(z.unknown()),
      exactIntegers: true,
    },
    signal,
  );
}
