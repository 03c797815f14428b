import { z } from "zod";
import { insights } from "../mixpanel/insights.ts";
import { withIdAdvice } from "../workspace/advice.ts";
import { openLive } from "../workspace/live.ts";
import { readReport } from "../workspace/report.ts";
import { keepReport, reportSize } from "../workspace/report-cut.ts";
import { nameOfReport } from "../workspace/report-names.ts";
import { openEnd } from "../workspace/report-series.ts";
import { id, metaSchema, tableSchema } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const step = () =>
  z.object({
    step: z.int(),
    event: z.string(),
    count: z.number(),
    step_conversion_rate: z.number(),
    overall_conversion_rate: z.number(),
    avg_time_seconds: z.number().optional(),
  });

const averages = () => ({
  average: z.array(z.number().nullable()),
  average_finished: z.array(z.number().nullable()).optional(),
});

/** A saved insights, funnel or retention report. */
export const querySavedReport = defineTool({
  name: "query_saved_report",
  title: "Run a saved report",
  description:
    "Runs a saved insights, funnel or retention report (ids: list_bookmarks) as it was saved, with its own dates and filters: series, steps or cohorts as its type asks. Flow reports: query_flows. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () => z.strictObject({ bookmark_id: id() }),
  output: () =>
    z.object({
      name: z.string().nullable(),
      type: z.enum(["insights", "funnels", "retention"]),
      series: tableSchema().optional(),
      counts: tableSchema().optional(),
      totals: tableSchema().optional(),
      conversion_rate: z.number().optional(),
      steps: z.array(step()).optional(),
      by_date: tableSchema().optional(),
      cohorts: tableSchema().optional(),
      average: averages().average.optional(),
      average_finished: averages().average_finished,
      segments: z
        .array(
          z.union([
            z.object({ segment: z.string(), conversion_rate: z.number(), steps: z.array(step()) }),
            z.object({ segment: z.string(), cohorts: tableSchema(), ...averages() }),
          ]),
        )
        .optional(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const live = await openLive(workspace, signal);
    const { name } = await nameOfReport(workspace, args.bookmark_id, "report", signal);
    const reply = await withIdAdvice(
      insights(live.api, args.bookmark_id, signal),
      "list_bookmarks shows the valid ids; a deleted report answers with an error.",
    );
    const { answer, unit, labels, notes } = readReport(reply, live.today);
    if (reply.series.size === 0) notes.push("The report found nothing in its range.");
    if (reply.segmentsCut) notes.push("Mixpanel cut the list of segments: there are more than it returned.");
    if (reply.compared) notes.push("The report also compares with another period, which is not shown here.");
    const open = openEnd(labels, reply.toDate, live.today);
    const range = reply.fromDate && reply.toDate ? { fromDate: reply.fromDate, toDate: reply.toDate } : undefined;
    return {
      name,
      ...answer,
      truncated: false,
      meta: live.meta({ range, unit, labels, open, notes, computedAt: reply.computedAt }),
    };
  },
  summary: ({ type, series, steps, cohorts, conversion_rate }, args) => {
    const about =
      steps !== undefined
        ? `${steps.length} steps, conversion ${conversion_rate}`
        : cohorts !== undefined
          ? `${cohorts.rows.length} cohorts`
          : `${series?.rows.length ?? 0} rows, ${Math.max(0, (series?.columns.length ?? 1) - 1)} columns`;
    return `Report ${args.bookmark_id} (${type}): ${about}.`;
  },
  cut: {
    size: reportSize,
    keep: keepReport,
    shown: () => "meta.notes says what is left out",
  },
});
