/** One event over time: GET /segmentation, /segmentation/numeric, /segmentation/sum and /segmentation/average. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import type { DateRange, Unit } from "./dates.ts";
import { type Amount, amount, gather, looseMap, type Sparse, sparseReply } from "./sparse.ts";

export type CountType = "general" | "unique" | "average";

export type SegmentationQuery = DateRange & {
  /** Bare name, or `$custom_event:<id>`. */
  event: string;
  unit: Unit;
  type: CountType;
  /** An expression (`properties["plan"]`); a bare name is refused with "unknown variable". */
  on?: string;
  where?: string;
  /** Segments returned, largest first by total; Mixpanel's own default is 60, its maximum 10,000; no effect without `on`. */
  limit?: number;
};

function common(query: Omit<SegmentationQuery, "unit" | "type">) {
  return { event: query.event, from_date: query.fromDate, to_date: query.toDate, on: query.on, where: query.where };
}

/**
 * Counts per bucket. Without `on` the one key of `values` is the event's name, with `on` the keys are the segments
 * (texts; `undefined` where the property is missing). An unknown event is no error: `values` is empty or all zeros.
 */
export function segmentation(api: Api, query: SegmentationQuery, signal?: AbortSignal): Promise<Sparse> {
  const { unit, type, on, limit } = query;
  return api.call(
    {
      family: "query",
      path: path`/segmentation`,
      query: { ...common(query), unit, type, limit: on === undefined ? undefined : limit },
      reply: sparseReply(unit, query),
    },
    signal,
  );
}

export type NumericQuery = DateRange & {
  event: string;
  unit: "hour" | "day";
  type: CountType;
  /** An expression that gives numbers. */
  on: string;
  where?: string;
};

/** Counts per range of a number. Keys are labels such as `2,000 - 2,100`; Mixpanel chooses the bounds. Knows hours and days only. */
export function segmentationNumeric(api: Api, query: NumericQuery, signal?: AbortSignal): Promise<Sparse> {
  const { unit, type } = query;
  return api.call(
    {
      family: "query",
      path: path`/segmentation/numeric`,
      query: { ...common(query), unit, type },
      reply: sparseReply(unit, query),
    },
    signal,
  );
}

export type MeasureQuery = Omit<NumericQuery, "type">;
/** A measure per bucket, in the order of time; buckets without events may be missing. */
export type Measure = { values: Map<string, Amount>; computedAt?: string };

function measureReply(unit: Unit): z.ZodType<Measure> {
  return z
    .object({ results: looseMap(amount()), computed_at: z.string().nullish() })
    .transform(({ results, computed_at }) => {
      const { buckets, values } = gather(new Map([["", results]]), [], unit);
      const measured = values.get("") ?? new Map<string, Amount>();
      return {
        values: new Map(buckets.map((bucket): [string, Amount] => [bucket, measured.get(bucket) ?? null])),
        computedAt: computed_at ?? undefined,
      };
    });
}

/** Sum of a numeric expression per bucket; values that are no numbers count as 0. Envelope `results`, no `data.series`. */
export function segmentationSum(api: Api, query: MeasureQuery, signal?: AbortSignal): Promise<Measure> {
  const { unit } = query;
  return api.call(
    { family: "query", path: path`/segmentation/sum`, query: { ...common(query), unit }, reply: measureReply(unit) },
    signal,
  );
}

/** Mean of a numeric expression per event and bucket. Same shape as the sum. */
export function segmentationAverage(api: Api, query: MeasureQuery, signal?: AbortSignal): Promise<Measure> {
  const { unit } = query;
  return api.call(
    {
      family: "query",
      path: path`/segmentation/average`,
      query: { ...common(query), unit },
      reply: measureReply(unit),
    },
    signal,
  );
}
