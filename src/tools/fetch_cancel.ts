import { z } from "zod";
import { jobSchema, jobSummary } from "./jobs.ts";
import { defineTool } from "./tool.ts";

export const fetchCancel = defineTool({
  name: "fetch_cancel",
  title: "Cancel a fetch",
  description:
    "Stops (aborts) a running fetch job, a download. Finished days stay in the table, the unfinished one goes; resume continues later.",
  toolset: "fetch",
  // Nothing stored is removed: finished days stay. What is lost is unfinished work.
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: () => z.strictObject({ job_id: z.string() }),
  output: jobSchema,
  async handler(workspace, { job_id }) {
    await workspace.jobs.recover();
    return workspace.jobs.cancel(job_id);
  },
  summary: jobSummary,
});
