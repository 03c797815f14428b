/** A saved funnel over a range: GET /funnels. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { bucketLabel, type DateRange } from "./dates.ts";
import { type Amount, amount, looseMap } from "./sparse.ts";

export type FunnelQuery = DateRange & {
  funnelId: number;
  /** Bucket size of the entry dates. Never sent together with `interval`: Mixpanel answers that with a bare 500. */
  unit: "day" | "week" | "month";
  /** An expression. */
  on?: string;
  where?: string;
  /** Conversion window; the saved one where absent. */
  length?: { value: number; unit: "second" | "minute" | "hour" | "day" };
  /** Segments returned with `on`; Mixpanel's own default is 255, its maximum 10,000. */
  limit?: number;
};

/** Users who reached a step from entries of one date; `avgTime` is the mean of seconds since the step before. */
export type FunnelStep = { event: string; count: Amount; avgTime: Amount };

/** Entries of one date. `overall` is undefined where a broken-down answer leaves the whole out. */
export type FunnelDate = { date: string; overall?: FunnelStep[]; segments: Map<string, FunnelStep[]> };

/** In order of time. `segmented` tells whether the answer is broken down. */
export type FunnelResult = { dates: FunnelDate[]; segmented: boolean; computedAt?: string };

const optionalText = () => z.string().nullish().catch(undefined);

const stepSchema = () =>
  z
    .object({
      count: amount(),
      avg_time: amount().optional().catch(null),
      step_label: optionalText(),
      event: optionalText(),
      goal: optionalText(),
    })
    .transform(
      (step): FunnelStep => ({
        event: step.step_label || step.event || step.goal || "",
        count: step.count,
        avgTime: step.avg_time ?? null,
      }),
    );

const steps = () => z.array(stepSchema());
/** One date without breakdown: `{steps, analysis}`, or the bare list of steps. */
const plainDate = () => z.union([steps(), z.object({ steps: steps() }).transform((date) => date.steps)]);

const OVERALL = "$overall";

function replySchema(segmented: boolean) {
  const date = segmented
    ? z.union([
        z.object({ steps: steps(), analysis: z.object({}) }).transform((whole) => whole.steps),
        looseMap(plainDate()),
      ])
    : z.union([plainDate(), looseMap(plainDate())]);
  return z.object({
    computed_at: z.string().nullish(),
    meta: z.object({ dates: z.array(z.string()).nullish() }).nullish(),
    data: looseMap(date),
  });
}

function funnelDate(date: string, value: FunnelStep[] | Map<string, FunnelStep[]> | undefined): FunnelDate {
  if (value === undefined) return { date, segments: new Map() };
  if (Array.isArray(value)) return { date, overall: value, segments: new Map() };
  const segments = new Map(value);
  segments.delete(OVERALL);
  return { date, overall: value.get(OVERALL), segments };
}

/**
 * Counts per step and entry date; completions after `toDate` but within the conversion window count. The funnel's name
 * is not in the answer. With `on`, each date holds segments, `$overall` among them or not.
 */
export async function runFunnel(api: Api, query: FunnelQuery, signal?: AbortSignal): Promise<FunnelResult> {
  const { funnelId, fromDate, toDate, unit, on, where, length, limit } = query;
  const reply = await api.call(
    {
      family: "query",
      path: path`/funnels`,
      query: {
        funnel_id: funnelId,
        from_date: fromDate,
        to_date: toDate,
        unit,
        on,
        where,
        length: length?.value,
        length_unit: length?.unit,
        limit: on === undefined ? undefined : limit,
      },
      reply: replySchema(on !== undefined),
    },
    signal,
  );
  const named = new Set([...(reply.meta?.dates ?? []), ...[...reply.data.keys()].sort()]);
  const dates = [...named].map((key) => funnelDate(bucketLabel(key, "day"), reply.data.get(key)));
  dates.sort((a, b) => (a.date < b.date ? -1 : 1));
  const segmented = dates.some((date) => date.segments.size > 0);
  return { dates, segmented, computedAt: reply.computed_at ?? undefined };
}
