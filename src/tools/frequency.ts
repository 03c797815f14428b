import { z } from "zod";
import { Fault } from "../fault.ts";
import { frequency as frequencyQuery } from "../mixpanel/frequency.ts";
import { emptyNotes } from "../workspace/empty.ts";
import { openLive } from "../workspace/live.ts";
import { filterOf, rangeOf } from "../workspace/query-input.ts";
import { withRest } from "../workspace/segments.ts";
import type { Cell } from "../workspace/series.ts";
import { event, fromDate, metaSchema, tableSchema, toDate, where } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

/** How many distinct hours or days of a period users are active in. */
export const frequency = defineTool({
  name: "frequency",
  title: "How often users come back",
  description:
    "Stickiness: per day, week or month, how many users were active in at least 1, 2, 3 ... distinct hours or days of it (addiction_unit). For return after a first event use retention. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({
      event: event().optional(),
      from_date: fromDate(),
      to_date: toDate(),
      unit: z.enum(["day", "week", "month"]).default("day"),
      addiction_unit: z.enum(["hour", "day"]).default("hour"),
      where: where().optional(),
    }),
  output: () =>
    z.object({ distribution: tableSchema(), column_count: z.int(), truncated: z.boolean(), meta: metaSchema() }),
  async handler(workspace, args, { signal }) {
    const { unit, addiction_unit: addictionUnit } = args;
    if (unit === "day" && addictionUnit === "day") {
      throw new Fault(
        "INVALID_ARGUMENT",
        'A day has only one day: with unit "day" the addiction_unit must be "hour".',
        {
          suggestions: ['Use unit "week" or "month" with addiction_unit "day".'],
        },
      );
    }
    const where = filterOf(args.where);
    const live = await openLive(workspace, signal);
    const range = rangeOf(args, unit, live);
    const periods = await frequencyQuery(live.api, { ...range, event: args.event, unit, addictionUnit, where }, signal);
    const width = Math.max(0, ...periods.map((period) => period.atLeast.length));
    const columns = Array.from({ length: width }, (_, index) => String(index + 1));
    const rows = periods.map((period): Cell[] => [
      period.date,
      ...columns.map((_, index) => period.atLeast[index] ?? null),
    ]);
    const names = args.event === undefined ? [] : [args.event];
    const silent = periods.every((period) => (period.atLeast[0] ?? 0) === 0);
    const empty = silent ? await emptyNotes(workspace, live, { events: names, where }, signal) : [];
    const reading = `Column N: users active in at least N distinct ${addictionUnit}s of the ${unit} that starts on the date; column 1 is all active users. Columns overlap (N+1 is part of N) and users repeat over rows: add neither up. In exactly N: column N minus column N+1.`;
    return {
      distribution: { columns: ["date", ...columns], rows },
      column_count: width,
      truncated: false,
      meta: live.meta({ range, unit, labels: periods.map((period) => period.date), notes: [...empty, reading] }),
    };
  },
  summary: ({ distribution, meta }, args) =>
    `${args.event ?? "Any event"}, ${meta.from_date} to ${meta.to_date}: users active in at least N ${args.addiction_unit}s per ${args.unit}, ${distribution.rows.length} ${args.unit}s.`,
  cut: {
    size: (result) => result.distribution.columns.length - 1,
    keep: (result, count) => {
      const { columns, rows } = result.distribution;
      const hidden = result.column_count - count;
      const rest = hidden > 0 ? `the ${hidden} highest columns (from ${count + 1} on).` : undefined;
      return {
        ...result,
        distribution: { columns: columns.slice(0, count + 1), rows: rows.map((row) => row.slice(0, count + 1)) },
        truncated: hidden > 0,
        meta: { ...result.meta, notes: withRest(result.meta.notes, rest) },
      };
    },
    shown: (result) => `${result.distribution.columns.length - 1} of ${result.column_count} columns shown`,
  },
});
