/** Several events, or one event by the values of a property, over time: GET /events and /events/properties. */
import { type Api, jsonParam, path } from "./api.ts";
import type { DateRange, Unit } from "./dates.ts";
import type { CountType } from "./segmentation.ts";
import { type Sparse, sparseReply } from "./sparse.ts";

export type EventCountsQuery = DateRange & { events: string[]; unit: Unit; type: CountType };

/** Counts per event and bucket. An unknown event is missing from `values` or all zeros. */
export function eventCounts(api: Api, query: EventCountsQuery, signal?: AbortSignal): Promise<Sparse> {
  const { events, unit, type, fromDate, toDate } = query;
  return api.call(
    {
      family: "query",
      path: path`/events`,
      query: { event: jsonParam(events), type, unit, from_date: fromDate, to_date: toDate },
      reply: sparseReply(unit, query),
    },
    signal,
  );
}

export type PropertyCountsQuery = DateRange & {
  event: string;
  /** The bare name: this endpoint takes no expressions. */
  property: string;
  values?: string[];
  unit: Unit;
  type: CountType;
  /** Values returned; Mixpanel's own default is 255. */
  limit: number;
};

/** Counts per value of a property and bucket. Values are texts (`"3"`, `"true"`, `undefined` where it is missing). */
export function propertyCounts(api: Api, query: PropertyCountsQuery, signal?: AbortSignal): Promise<Sparse> {
  const { event, property, values, unit, type, limit, fromDate, toDate } = query;
  return api.call(
    {
      family: "query",
      path: path`/events/properties`,
      query: {
        event,
        name: property,
        values: values === undefined ? undefined : jsonParam(values),
        type,
        unit,
        limit,
        from_date: fromDate,
        to_date: toDate,
      },
      reply: sparseReply(unit, query),
    },
    signal,
  );
}
