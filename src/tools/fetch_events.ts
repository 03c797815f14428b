import { z } from "zod";
import { FETCH_MAX_WAIT_SECONDS, FETCH_WAIT_SECONDS, MAX_WORKERS } from "../limits.ts";
import { fetchEvents as run } from "../workspace/fetch-events.ts";
import { jobSchema, jobSummary } from "./jobs.ts";
import { day, fromDate, table, where } from "./params.ts";
import { defineTool, FETCH_WRITE } from "./tool.ts";

export const fetchEvents = defineTool({
  name: "fetch_events",
  title: "Fetch events",
  description:
    "Downloads raw events of whole days into a local table for sql (no query quota; 60 exports an hour). Goes on in the background after wait_seconds: then poll fetch_status. mode: create a table, append other days, resume what is missing (no dates needed). For a few example events use stream_events.",
  toolset: "fetch",
  annotations: FETCH_WRITE,
  input: () =>
    z.strictObject({
      from_date: fromDate().optional(),
      to_date: day().optional(),
      table: table().default("events"),
      events: z.array(z.string().min(1)).optional(),
      where: where().optional(),
      limit: z.int().min(1).max(100_000).optional(),
      mode: z.enum(["create", "append", "resume"]).default("create"),
      parallel: z.boolean().optional(),
      workers: z.int().min(1).max(MAX_WORKERS).default(4),
      estimate_only: z.boolean().default(false),
      wait_seconds: z.number().min(0).max(FETCH_MAX_WAIT_SECONDS).default(FETCH_WAIT_SECONDS),
    }),
  output: () =>
    jobSchema().extend({
      job_id: z.string().nullable(),
      estimate: z
        .looseObject({ requests: z.int(), minutes: z.number().nullable(), minutes_parallel: z.number().nullable() })
        .optional(),
    }),
  handler: (workspace, args, context) => run(workspace, args, context),
  summary: (result) => jobSummary(result),
});
