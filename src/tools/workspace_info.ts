import { z } from "zod";
import { describeWorkspace } from "../workspace/describe.ts";
import { cutList, defineTool, LIVE_READ } from "./tool.ts";

const pool = () => z.object({ used: z.int(), limit: z.int(), resets_at: z.string().nullable() });

/** Account, project, quota, and what is stored. */
export const workspaceInfo = defineTool({
  name: "workspace_info",
  title: "Workspace",
  description:
    "Which account and project this is, what is fetched, running jobs, and how much of the hourly quota is used. Asks Mixpanel nothing unless check_connection is set, and even then no quota.",
  toolset: "discovery",
  annotations: LIVE_READ,
  input: () => z.strictObject({ check_connection: z.boolean().default(false) }),
  output: () =>
    z.looseObject({
      account: z.string().nullable(),
      project_id: z.string().nullable(),
      region: z.string().nullable(),
      timezone: z.string().optional(),
      connected: z.boolean().optional(),
      connection_problem: z.string().optional(),
      data_path: z.string(),
      size_bytes: z.int(),
      tables: z.array(z.looseObject({ name: z.string(), type: z.string(), row_count: z.int(), status: z.string() })),
      jobs: z.array(z.looseObject({ job_id: z.string(), status: z.string() })),
      quota: pool().extend({ export: pool() }).nullable(),
      version: z.string(),
      demo: z.boolean(),
    }),
  handler: (workspace, args, { signal }) => describeWorkspace(workspace, args.check_connection, signal),
  summary: ({ tables, jobs, quota, connected }) => {
    const used = quota === null ? "no credentials are set" : `${quota.used} of ${quota.limit} queries of the hour used`;
    const connection = connected === undefined ? "" : connected ? " Connected." : " Not connected.";
    return `${tables.length} ${tables.length === 1 ? "table" : "tables"}, ${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}, ${used}.${connection}`;
  },
  cut: cutList("tables"),
});
