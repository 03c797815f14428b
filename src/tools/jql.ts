import { z } from "zod";
import { jql as runScript } from "../mixpanel/jql.ts";
import { openLive } from "../workspace/live.ts";
import { metaSchema } from "./params.ts";
import { defineTool, LIVE_READ } from "./tool.ts";

const MAINTENANCE =
  "JQL is in maintenance mode at Mixpanel and may go away. Usual questions without it: counts and breakdowns - segmentation; conversion - funnel; return - retention; anything else - fetch_events, then sql.";

const MAX_ROWS = 1_000;

/** Runs a JQL script. */
export const jql = defineTool({
  name: "jql",
  title: "Run a JQL script",
  description:
    "Runs a JavaScript query defining main() on Mixpanel's servers; params becomes its global. In maintenance mode at Mixpanel: prefer segmentation, funnel, retention, or fetch_events with sql. One query.",
  toolset: "query",
  annotations: LIVE_READ,
  input: () =>
    z.strictObject({ script: z.string().min(1).max(100_000), params: z.record(z.string(), z.unknown()).optional() }),
  output: () => z.object({ result: z.unknown(), row_count: z.int(), truncated: z.boolean(), meta: metaSchema() }),
  async handler(workspace, args, { signal }) {
    const live = await openLive(workspace, signal);
    const answer = await runScript(live.api, args.script, args.params, signal);
    const rows = Array.isArray(answer) ? answer : undefined;
    const notes = [MAINTENANCE];
    if (rows?.length === 0)
      notes.unshift(
        "The script returned nothing: event names are case-sensitive, dates are YYYY-MM-DD in the project's time zone.",
      );
    return {
      result: rows?.slice(0, MAX_ROWS) ?? answer,
      row_count: rows?.length ?? 1,
      truncated: (rows?.length ?? 0) > MAX_ROWS,
      meta: live.meta({ notes }),
    };
  },
  summary: ({ row_count }) => `The script returned ${row_count} ${row_count === 1 ? "row" : "rows"}.`,
  cut: {
    size: (result) => (Array.isArray(result.result) ? result.result.length : 1),
    keep: (result, count) => {
      if (!Array.isArray(result.result)) return result;
      return { ...result, result: result.result.slice(0, count), truncated: count < result.row_count };
    },
    shown: (result) =>
      `${Array.isArray(result.result) ? result.result.length : 1} of ${result.row_count} rows shown; aggregate in the script`,
  },
});
