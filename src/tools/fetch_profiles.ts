import { z } from "zod";
import { FETCH_MAX_WAIT_SECONDS, FETCH_WAIT_SECONDS, MAX_WORKERS } from "../limits.ts";
import { fetchProfiles as run } from "../workspace/fetch-profiles.ts";
import { jobSchema, jobSummary } from "./jobs.ts";
import { table } from "./params.ts";
import { profileFilters } from "./profile-filters.ts";
import { defineTool, FETCH_WRITE } from "./tool.ts";

export const fetchProfiles = defineTool({
  name: "fetch_profiles",
  title: "Fetch profiles",
  description:
    "Downloads user (or group) profiles into a local table for sql. Costs one query in all. Select by one of where, distinct_id, distinct_ids, cohort_id, behaviors; all profiles otherwise. Works in the background like fetch_events.",
  toolset: "fetch",
  annotations: FETCH_WRITE,
  input: () =>
    z.strictObject({
      table: table().default("profiles"),
      ...profileFilters(),
      mode: z.enum(["create", "append", "resume"]).default("create"),
      workers: z.int().min(1).max(MAX_WORKERS).default(3),
      wait_seconds: z.number().min(0).max(FETCH_MAX_WAIT_SECONDS).default(FETCH_WAIT_SECONDS),
    }),
  output: jobSchema,
  handler: (workspace, args, context) => run(workspace, args, context),
  summary: jobSummary,
});
