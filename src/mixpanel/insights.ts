/** A saved insights, funnel or retention report: GET /insights. The dates are the report's own; no parameter changes them. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { mapOf } from "./reply.ts";
import { looseMap } from "./sparse.ts";

/** A report as sent; `series` is a tree whose depth `headers` hint at and only the reader of it can settle. */
export type InsightsReply = {
  headers: string[];
  series: Map<string, unknown>;
  /** Counts behind a line of rates (funnels and retention). */
  secondary?: Map<string, unknown>;
  fromDate?: string;
  toDate?: string;
  computedAt?: string;
  /** Series keys in the order of the report's metrics. */
  metricKeys: string[];
  /** Mixpanel cut the list of segments. */
  segmentsCut: boolean;
  /** Cohort dates of a retention line whose bucket is still running. */
  incomplete: string[];
  /** The report compares with another period, which comes besides the series. */
  compared: boolean;
};

const tree = () => mapOf(z.unknown());
const text = () => z.string().nullish().catch(undefined);

const showSchema = () => z.looseObject({ metric_key: text(), incomplete_buckets: tree().nullish().catch(undefined) });
const metaSchema = () =>
  z
    .looseObject({
      is_segmentation_limit_hit: z.boolean().nullish().catch(undefined),
      report_sections: z
        .looseObject({ show: z.array(showSchema()).nullish().catch(undefined) })
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined);

const replySchema = () =>
  z.looseObject({
    headers: z.array(z.string()).nullish().catch(undefined),
    series: looseMap(z.unknown()),
    secondary: z.looseObject({ series: tree().nullish() }).nullish().catch(undefined),
    date_range: z.looseObject({ from_date: text(), to_date: text() }).nullish().catch(undefined),
    computed_at: text(),
    meta: metaSchema(),
    time_comparison: z.unknown().optional(),
    lift_comparison: z.unknown().optional(),
  });

function running(buckets: ReadonlyMap<string, unknown>): string[] {
  return [...buckets]
    .filter(([, ends]) => Array.isArray(ends) && ends.some((end) => end !== null))
    .map(([date]) => date.slice(0, 10));
}

/** No data is `series: {}`. An unknown or deleted report is 404, 400, 500 or an error inside a 200. */
export async function insights(api: Api, bookmarkId: number, signal?: AbortSignal): Promise<InsightsReply> {
  const reply = await api.call(
    { family: "query", path: path`/insights`, query: { bookmark_id: bookmarkId }, reply: replySchema() },
    signal,
  );
  const show = reply.meta?.report_sections?.show ?? [];
  return {
    headers: reply.headers ?? [],
    series: reply.series,
    secondary: reply.secondary?.series ?? undefined,
    fromDate: reply.date_range?.from_date?.slice(0, 10),
    toDate: reply.date_range?.to_date?.slice(0, 10),
    computedAt: reply.computed_at ?? undefined,
    metricKeys: show.flatMap((clause) => (clause.metric_key ? [clause.metric_key] : [])),
    segmentsCut: reply.meta?.is_segmentation_limit_hit === true,
    incomplete: show.flatMap((clause) => (clause.incomplete_buckets ? running(clause.incomplete_buckets) : [])),
    compared: present(reply.time_comparison) || present(reply.lift_comparison),
  };
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}
