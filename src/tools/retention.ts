import { z } from "zod";
import { Fault } from "../fault.ts";
import { type Cohort, retention as retentionQuery } from "../mixpanel/retention.ts";
import { addUp } from "../workspace/arithmetic.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { accessorOf, filterOf, rangeOf } from "../workspace/query-input.ts";
import { keepRetention } from "../workspace/retention-cut.ts";
import { retentionShares, type Step } from "../workspace/retention-shares.ts";
import { event, fromDate, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const MAX_INTERVAL_DAYS = 90;
const DAYS = { day: 1, week: 7, month: 30 } as const;

const HOW_TO_READ =
  "Column N is the share of the cohort (of its size) that returned in interval N after birth. Interval 0 is less than one interval after the birth event, not the birth itself, so it is not always 1; shares may rise again. Blank: not reached yet.";

type Sent = { step: Step; query: { unit: Step["unit"] } | { intervalDays: number }; notes: string[] };

/** Mixpanel takes a unit, or an interval in days, never both. */
function stepOf(unit: Step["unit"], interval: number): Sent {
  if (interval === 1) return { step: { unit, count: 1 }, query: { unit }, notes: [] };
  const days = interval * DAYS[unit];
  if (days > MAX_INTERVAL_DAYS) {
    throw new Fault(
      "INVALID_ARGUMENT",
      `An interval of ${interval} ${unit}s is longer than ${MAX_INTERVAL_DAYS} days, the most Mixpanel allows.`,
      {
        suggestions: [
          `Use interval ${Math.floor(MAX_INTERVAL_DAYS / DAYS[unit])} or less with unit "${unit}", or a larger unit with interval 1.`,
        ],
      },
    );
  }
  const notes =
    unit === "day"
      ? []
      : [`Intervals were sent as ${days} days: Mixpanel does not take a unit together with an interval.`];
  return { step: { unit: "day", count: days }, query: { intervalDays: days }, notes };
}

/** The largest segments by users born, with their own tables. */
function segmentsOf(segments: ReadonlyMap<string, Cohort[]>, step: Step, today: string) {
  return [...segments]
    .map(([segment, cohorts]) => ({ segment, cohorts, size: addUp(cohorts.map((cohort) => cohort.size)) }))
    .sort((a, b) => b.size - a.size || (a.segment < b.segment ? -1 : 1))
    .map(({ segment, cohorts }) => {
      const { table, average } = retentionShares(cohorts, step, today);
      return { segment, cohorts: table, average };
    });
}

/** Of the users who did one thing, how many came back. */
export const retention = defineTool({
  name: "retention",
  title: "Cohort retention",
  description:
    "Of the users who did born_event on a day (week, month), the share that did return_event (default: anything) in each following interval, per cohort and on average weighted by cohort size. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      born_event: event(),
      return_event: event().optional(),
      from_date: fromDate(),
      to_date: toDate(),
      retention_type: z.enum(["birth", "compounded"]).default("birth").describe("first time, or every time"),
      unit: z.enum(["day", "week", "month"]).default("day"),
      interval: z.int().min(1).default(1),
      interval_count: z.int().min(1).max(365).default(7),
      born_where: where().optional(),
      return_where: where().optional(),
      on: on().optional(),
    }),
  output: () =>
    z.object({
      cohorts: tableSchema(),
      average: z.array(z.number().nullable()),
      segments: z
        .array(z.object({ segment: z.string(), cohorts: tableSchema(), average: z.array(z.number().nullable()) }))
        .optional(),
      segment_count: z.int().optional(),
      cohort_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const { unit, retention_type: type } = args;
    const { step, query, notes } = stepOf(unit, args.interval);
    const on = args.on === undefined ? undefined : accessorOf(args.on);
    const bornWhere = filterOf(args.born_where, "born_where");
    const where = filterOf(args.return_where, "return_where");
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live.today);
    // Compounded retention has no birth: its cohorts are the users who did the returning event.
    const returning = args.return_event ?? (type === "compounded" ? args.born_event : undefined);
    const asked = { ...range, type, bornEvent: args.born_event, event: returning, bornWhere, where, step: query, on };
    const reply = await retentionQuery(live.api, { ...asked, intervalCount: args.interval_count }, signal);
    const shares = retentionShares(reply.cohorts, step, live.today);
    if (type === "compounded" && returning !== args.born_event)
      notes.push("compounded: cohorts are the users who did return_event; Mixpanel ignores born_event.");
    const segments = on === undefined ? undefined : segmentsOf(reply.segments, step, live.today);
    if (segments !== undefined && segments.length > 0 && reply.cohorts.length === 0) {
      notes.push(
        "Mixpanel gave segments only; users may be in several, so they are not added up. Ask without `on` for the whole.",
      );
    }
    if (shares.running.length > 0)
      notes.push(`Cohorts from ${shares.running[0]} on: the last interval shown is still running and will rise.`);
    const empty = reply.cohorts.length === 0 && reply.segments.size === 0;
    const names = [args.born_event, ...(args.return_event === undefined ? [] : [args.return_event])];
    const reasons = empty
      ? await emptyNotes(workspace, live, { events: names, where: bornWhere ?? where }, signal)
      : [HOW_TO_READ];
    return {
      cohorts: shares.table,
      average: shares.average,
      ...(segments === undefined ? {} : { segments, segment_count: segments.length }),
      cohort_count: shares.table.rows.length,
      truncated: false,
      meta: live.meta({
        range,
        unit,
        labels: reply.cohorts.map((cohort) => cohort.date),
        notes: [...reasons, ...notes],
      }),
    };
  },
  summary: ({ average, cohort_count, meta }, args) => {
    const shown = average
      .map((share) => share ?? "-")
      .slice(0, 8)
      .join(", ");
    const returned = args.return_event ?? (args.retention_type === "compounded" ? args.born_event : "anything");
    return `${args.born_event} then ${returned}, ${meta.from_date} to ${meta.to_date}: ${cohort_count} cohorts by ${args.unit}; average retention from interval 0: ${shown}.`;
  },
  cut: {
    size: (result) => result.cohorts.rows.length + (result.segments?.length ?? 0),
    keep: keepRetention,
    shown: (result) => `${result.cohorts.rows.length} of ${result.cohort_count} cohorts shown, averages cover all`,
  },
});
