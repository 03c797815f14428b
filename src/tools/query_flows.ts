import { z } from "zod";
import { flows } from "../mixpanel/flows.ts";
import { withIdAdvice } from "../workspace/advice.ts";
import { keepFlow, nodesOf } from "../workspace/flow-cut.ts";
import { flowConversion, flowPaths, flowStart, flowSteps } from "../workspace/flow-paths.ts";
import { openLive } from "../workspace/live.ts";
import { nameOfReport } from "../workspace/report-names.ts";
import { id, metaSchema, tableSchema } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const READING =
  'share is of everyone who started. "(drop-off)" nodes count all who have left so far; drop_off counts only those who left right after that node. "(other events)" are the less frequent events together. A waypoint reached early stands again in its own step with the full count: do not add the two. paths: a pair that occurs at several steps has a row for each.';

/** A saved flow report. */
export const queryFlows = defineTool({
  name: "query_flows",
  title: "Run a saved flow report",
  description:
    "A saved flow report (list_bookmarks with type flows): what users did step by step, who left where, the most frequent paths. Dates are the report's own. Other reports: query_saved_report. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () => z.strictObject({ bookmark_id: id() }),
  output: () =>
    z.object({
      name: z.string().nullable(),
      total: z.number(),
      conversion_rate: z.number().optional(),
      steps: z.array(
        z.object({
          step: z.int(),
          nodes: z.array(
            z.object({
              event: z.string(),
              count: z.number(),
              share: z.number().nullable(),
              drop_off: z.number().optional(),
            }),
          ),
        }),
      ),
      paths: tableSchema(),
      path_count: z.int(),
      truncated: z.boolean(),
      meta: metaSchema(),
    }),
  async handler(workspace, args, { signal }) {
    const live = await openLive(workspace, signal);
    const { name } = await nameOfReport(workspace, args.bookmark_id, "flows", signal);
    const reply = await withIdAdvice(
      flows(live.api, args.bookmark_id, signal),
      "list_bookmarks with type flows shows the valid ids.",
    );
    const paths = flowPaths(reply.steps, reply.paths);
    const rate = flowConversion(reply);
    const empty = reply.steps.length === 0 ? ["The report found nobody in its range."] : [READING];
    return {
      name,
      total: flowStart(reply.steps),
      ...(rate === null ? {} : { conversion_rate: rate }),
      steps: flowSteps(reply.steps),
      paths,
      path_count: paths.rows.length,
      truncated: false,
      meta: live.meta({ notes: empty, computedAt: reply.computedAt }),
    };
  },
  summary: ({ total, steps, path_count, conversion_rate }, args) => {
    const rate = conversion_rate === undefined ? "" : `, conversion ${conversion_rate}`;
    return `Flow ${args.bookmark_id}: ${total} started, ${steps.length} steps, ${path_count} paths${rate}.`;
  },
  cut: {
    size: (result) => nodesOf(result) + result.paths.rows.length,
    keep: keepFlow,
    shown: (result) =>
      `${result.paths.rows.length} of ${result.path_count} paths shown, up to ${nodesOf(result)} nodes per step`,
  },
});
