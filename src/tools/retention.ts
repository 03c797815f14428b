import { z } from "zod";
import { Fault } from "../fault.ts";
import { retention as retentionQuery } from "../mixpanel/retention.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { accessorOf, filterOf, rangeOf } from "../workspace/query-input.ts";
import { HOW_TO_READ, retentionAnswer } from "../workspace/retention-answer.ts";
import { keepRetention } from "../workspace/retention-cut.ts";
import type { Step } from "../workspace/retention-shares.ts";
import { event, fromDate, metaSchema, on, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const MAX_INTERVAL_DAYS = 90;
const DAYS = { day: 1, week: 7, month: 30 } as const;

const BORN_IGNORED = "compounded: cohorts are the users who did return_event; Mixpanel ignores born_event.";

const averages = () => ({
  average: z.array(z.number().nullable()),
  average_finished: z.array(z.number().nullable()).optional(),
});

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

/** Of the users who did one thing, how many came back. */
export const retention = defineTool({
  name: "retention",
  title: "Cohort retention",
  description:
    "Do new users come back or churn: of those who did born_event on a day (week, month), the share that did return_event (default: anything) in each following interval, per cohort and on average weighted by cohort size. One query.",
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
      ...averages(),
      segments: z.array(z.object({ segment: z.string(), cohorts: tableSchema(), ...averages() })).optional(),
      segment_count: z.int().optional(),
      cohort_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const { unit, retention_type: type, born_event: bornEvent } = args;
    const { step, query, notes } = stepOf(unit, args.interval);
    const on = args.on === undefined ? undefined : accessorOf(args.on);
    const bornWhere = filterOf(args.born_where, "born_where");
    const where = filterOf(args.return_where, "return_where");
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live);
    // Compounded retention has no birth: its cohorts are the users who did the returning event.
    const event = args.return_event ?? (type === "compounded" ? bornEvent : undefined);
    if (type === "compounded" && event !== bornEvent) notes.push(BORN_IGNORED);
    const asked = { ...range, type, bornEvent, event, bornWhere, where, step: query, on };
    const reply = await retentionQuery(live.api, { ...asked, intervalCount: args.interval_count }, signal);
    const { answer, notes: reading } = retentionAnswer(reply, step, live.today);
    const empty = reply.cohorts.length === 0 && reply.segments.size === 0;
    const events = [bornEvent, ...(args.return_event === undefined ? [] : [args.return_event])];
    const why = empty
      ? await emptyNotes(workspace, live, { events, where: bornWhere ?? where }, signal)
      : [HOW_TO_READ];
    const labels = reply.cohorts.map((cohort) => cohort.date);
    return {
      ...answer,
      truncated: false,
      meta: live.meta({ range, unit, labels, notes: [...why, ...reading, ...notes] }),
    };
  },
  summary: ({ average, average_finished, cohort_count, meta }, args) => {
    const shown = (average_finished ?? average)
      .map((share) => share ?? "-")
      .slice(0, 8)
      .join(", ");
    const returned = args.return_event ?? (args.retention_type === "compounded" ? args.born_event : "anything");
    return `${args.born_event} then ${returned}, ${meta.from_date} to ${meta.to_date}: ${cohort_count} cohorts by ${args.unit}; average retention from interval 0${average_finished ? " (finished intervals only)" : ""}: ${shown}.`;
  },
  cut: {
    size: (result) => result.cohorts.rows.length + (result.segments?.length ?? 0),
    keep: keepRetention,
    shown: (result) => `${result.cohorts.rows.length} of ${result.cohort_count} cohorts shown, averages cover all`,
  },
});
