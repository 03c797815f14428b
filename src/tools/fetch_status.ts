import { z } from "zod";
import { FETCH_MAX_WAIT_SECONDS } from "../limits.ts";
import { jobSchema, jobSummary } from "./jobs.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

export const fetchStatus = defineTool({
  name: "fetch_status",
  title: "Status of fetches",
  description:
    "Progress and outcome of one fetch job (a download), or of all, newest first. wait_seconds waits for the end of a running one.",
  toolset: "fetch",
  annotations: LOCAL_READ,
  input: () =>
    z.strictObject({
      job_id: z.string().optional(),
      wait_seconds: z.number().min(0).max(FETCH_MAX_WAIT_SECONDS).default(0),
    }),
  output: () =>
    z.object({
      jobs: z.array(
        jobSchema().extend({ rows_per_second: z.number().nullable(), seconds_left: z.number().nullable() }),
      ),
      truncated: z.boolean().optional(),
    }),
  async handler(workspace, { job_id, wait_seconds }, context) {
    const { jobs } = workspace;
    await jobs.recover();
    const id = job_id ?? jobs.list().find((job) => job.status === "running")?.job_id;
    const waited = id === undefined ? undefined : await jobs.wait(id, wait_seconds, context);
    return { jobs: job_id !== undefined && waited !== undefined ? [waited] : jobs.list() };
  },
  summary: ({ jobs }) => {
    const [only] = jobs;
    if (only === undefined) return "No fetch jobs yet.";
    if (jobs.length === 1) return jobSummary(only);
    return `${jobs.length} jobs, ${jobs.filter((job) => job.status === "running").length} running.`;
  },
  cut: cutList("jobs"),
});
