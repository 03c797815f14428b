/** What every live query checks before it spends quota: expressions, ranges, and combinations Mixpanel has no answer for. */
import { Fault } from "../fault.ts";
import { bucketsOf, type DateRange, daysIn, resolveRange, type Unit } from "../mixpanel/dates.ts";
import { checkExpression, toAccessor } from "../mixpanel/expression.ts";
import type { CountType } from "./series.ts";

/** More rows than this do not fit into a reply, so the query would be spent for nothing. */
const MAX_BUCKETS = 1_000;
/** Cells asked of Mixpanel at most, so that one reply stays a few megabytes. */
const MAX_CELLS = 200_000;
const MOST_SEGMENTS = 1_000;

/** `on` as Mixpanel wants it: bare names quoted, expressions checked. */
export function accessorOf(on: string): string {
  const accessor = toAccessor(on);
  checkExpression(accessor, "on");
  return accessor;
}

/** A property's bare name where an expression may have been given: `properties["plan"]` is `plan`. Throws QUERY_INVALID for others. */
export function bareName(property: string, tool: string): string {
  const accessor = /^\s*properties\["((?:[^"\\]|\\.)*)"\]\s*$/s.exec(property);
  if (accessor !== null) return (accessor[1] ?? "").replace(/\\(.)/gs, "$1");
  if (toAccessor(property) !== property) return property;
  throw new Fault("QUERY_INVALID", `${tool} takes one property of the event, not an expression.`, {
    suggestions: ["Give the bare name, or use segmentation with `on` for the expression."],
  });
}

/** A filter, checked; undefined stays undefined. */
export function filterOf(where: string | undefined, parameter = "where"): string | undefined {
  if (where !== undefined) checkExpression(where, parameter);
  return where;
}

type Today = { today: string; latest: string };

/** The range resolved and checked, and its buckets counted. Throws DATE_RANGE, INVALID_ARGUMENT. */
export function rangeOf(args: { from_date: string; to_date: string }, unit: Unit, live: Today): DateRange {
  const range = resolveRange(args, live.today, live);
  const buckets = daysIn(range) * (unit === "hour" ? 24 : 1);
  if ((unit === "hour" || unit === "day") && buckets > MAX_BUCKETS) {
    const most = unit === "hour" ? Math.floor(MAX_BUCKETS / 24) : MAX_BUCKETS;
    const coarser = unit === "hour" ? "day" : "week or month";
    throw new Fault(
      "DATE_RANGE",
      `${range.fromDate} to ${range.toDate} by ${unit} is ${buckets} buckets; at most ${MAX_BUCKETS} fit into a reply.`,
      {
        suggestions: [`Use unit ${coarser}, or a range of at most ${most} days.`],
      },
    );
  }
  return range;
}

/** Mixpanel does not count unique users by the hour. */
export function refuseHourlyUsers(type: CountType, unit: Unit): void {
  if (type !== "unique" || unit !== "hour") return;
  throw new Fault("INVALID_ARGUMENT", "Mixpanel does not count unique users per hour.", {
    suggestions: ['Use unit "day" or coarser with type "unique", or type "general" with unit "hour".'],
  });
}

/** Segments to ask for: all there are, within reason, so that the rest can be counted and not only cut off. */
export function segmentsToAsk(limit: number, range: DateRange, unit: Unit): number {
  const buckets = Math.max(1, unit === "hour" ? daysIn(range) * 24 : bucketsOf(range, unit).length);
  return Math.max(limit + 1, Math.min(MOST_SEGMENTS, Math.floor(MAX_CELLS / buckets)));
}
