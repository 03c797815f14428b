import { z } from "zod";
import { Fault } from "../fault.ts";
import { resolveDay } from "../mixpanel/dates.ts";
import { notesKey } from "../workspace/page.ts";
import { zonedTime } from "../workspace/times.ts";
import { fromDate, notes, refresh, toDate } from "./params.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

/** Notes that people put on the timeline. */
export const listAnnotations = defineTool({
  name: "list_annotations",
  title: "List annotations",
  description:
    "Notes people put on the timeline (releases, campaigns, incidents): look here when a number jumps. All of them, or those of a range. Costs no query.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () => z.strictObject({ from_date: fromDate().optional(), to_date: toDate().optional(), refresh: refresh() }),
  output: () =>
    z.object({
      annotations: z.array(
        z.object({ id: z.number(), date: z.string(), description: z.string(), tags: z.array(z.string()).optional() }),
      ),
      truncated: z.boolean().optional(),
      notes: notes(),
    }),
  async handler({ discovery }, args, { signal }) {
    const asked = args.from_date !== undefined || args.to_date !== undefined;
    const today = asked ? await discovery.today(signal) : "";
    const from = args.from_date === undefined ? undefined : resolveDay(args.from_date, today, "from_date");
    const to = args.to_date === undefined ? undefined : resolveDay(args.to_date, today, "to_date");
    if (from !== undefined && to !== undefined && from > to) {
      throw new Fault("DATE_RANGE", `from_date ${from} is after to_date ${to}.`, { suggestions: ["Swap them."] });
    }
    const list = await discovery.annotations({ fromDate: from, toDate: to }, { refresh: args.refresh, signal });
    const timezone = list.length === 0 ? undefined : await discovery.timezone(signal);
    const annotations = list.map(({ tags, ...annotation }) => ({
      ...annotation,
      date: zonedTime(annotation.date, timezone),
      tags: tags.length > 0 ? tags : undefined,
    }));
    const none = list.length === 0 && (asked ? "No annotations in this range." : "The project has no annotations.");
    return { annotations, ...notesKey(none) };
  },
  summary: ({ annotations }) => `${annotations.length} ${annotations.length === 1 ? "annotation" : "annotations"}.`,
  cut: cutList("annotations"),
});
