/** What a fetch will take, and the sentences said about it. Pure. */
import { FETCH_WARN_DAYS, FETCH_WARN_EVENTS } from "../limits.ts";
import type { DateRange } from "../mixpanel/dates.ts";
import { countDays } from "./ranges.ts";

// Rough by nature: what Mixpanel's export usually delivers, and what a request costs before its first byte.
const EVENTS_PER_SECOND = 15_000;
const STORE_EVENTS_PER_SECOND = 150_000;
const SECONDS_PER_REQUEST = 3;
/** Uncompressed size of one event in the store when nothing better is known. */
export const EVENT_BYTES = 900;

export type Estimate = {
  days: number;
  requests: number;
  /** null when nobody counted. */
  rows: number | null;
  /** In the store, not on the wire. */
  bytes: number | null;
  minutes: number | null;
  minutes_parallel: number | null;
  quota_left: number;
};

/** What a plan will take. `bytesPerEvent` from a table that is already there, when there is one. */
export function estimate(
  plan: readonly DateRange[],
  rows: number | undefined,
  options: { quotaLeft: number; workers: number; bytesPerEvent?: number },
): Estimate {
  const minutes = (parallel: number) => {
    if (rows === undefined) return null;
    const download =
      (rows / EVENTS_PER_SECOND + plan.length * SECONDS_PER_REQUEST) / Math.min(parallel, plan.length || 1);
    return Math.max(0.1, Math.round((Math.max(download, rows / STORE_EVENTS_PER_SECOND) / 60) * 10) / 10);
  };
  return {
    days: countDays(plan),
    requests: plan.length,
    rows: rows ?? null,
    bytes: rows === undefined ? null : Math.round(rows * (options.bytesPerEvent ?? EVENT_BYTES)),
    minutes: minutes(1),
    minutes_parallel: minutes(options.workers),
    quota_left: options.quotaLeft,
  };
}

const LARGE = "Large fetch";

/** The sentences said before a big fetch; none for a small one. `filtered`: the count knows nothing of the `where`. */
export function sizeWarnings(
  size: Estimate,
  options: { parallel: boolean; filtered?: boolean; always?: boolean },
): string[] {
  const long = size.days > FETCH_WARN_DAYS;
  const large = (size.rows ?? 0) > FETCH_WARN_EVENTS;
  if (!long && !large && options.always !== true) return [];
  const requests = `${size.requests} of the ${size.quota_left} export requests left this hour`;
  if (size.rows === null) {
    return [
      `${long ? LARGE : "Estimate"}: ${size.days} days in up to ${requests}; the number of events is not known beforehand.`,
    ];
  }
  const most = options.filtered === true ? "at most " : "about ";
  const time = options.parallel
    ? `about ${size.minutes_parallel} min in parallel (${size.minutes} min without)`
    : `about ${size.minutes} min, with parallel: true about ${size.minutes_parallel} min`;
  const megabytes = Math.max(1, Math.round((size.bytes ?? 0) / 1e6));
  const prefix = long || large ? LARGE : "Estimate";
  return [
    `${prefix}: ${most}${size.rows.toLocaleString("en-US")} events over ${size.days} days, ${megabytes} MB in the store, ${requests}, ${time}.`,
  ];
}

/** The same warning when nobody counted beforehand: from what the first days brought. Once. */
export function projectedWarning(
  rows: number,
  done: number,
  total: number,
  warnings: readonly string[],
): string | undefined {
  const projected = done === 0 ? 0 : (rows / done) * total;
  if (projected <= FETCH_WARN_EVENTS || done === total || warnings.some((warning) => / events over /.test(warning)))
    return undefined;
  return `${LARGE}: about ${Math.round(projected).toLocaleString("en-US")} events over ${total} days, going by the first ${done}.`;
}
