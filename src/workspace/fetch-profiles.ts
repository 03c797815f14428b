/** fetch_profiles from request to reply. */
import { Fault } from "../fault.ts";
import { QUERY_CONCURRENT } from "../limits.ts";
import { checkTableName } from "../store/table-name.ts";
import { findTable, type TableInfo } from "../store/tables.ts";
import { type FetchMode, tableExists } from "./fetch-request.ts";
import type { JobView } from "./job-view.ts";
import type { WaitContext } from "./jobs.ts";
import { type ProfileFilters, profileQueries, readProfileFilters } from "./profile-request.ts";
import { runProfiles } from "./profile-run.ts";
import type { Workspace } from "./workspace.ts";

export type FetchProfilesArgs = ProfileFilters & {
  table: string;
  mode: FetchMode;
  workers: number;
  wait_seconds: number;
};

/** As fetchEvents: a job that outlives the call, cancelled together with a call that is cancelled while it waits. */
export async function fetchProfiles(
  workspace: Workspace,
  args: FetchProfilesArgs,
  context: WaitContext,
): Promise<JobView> {
  workspace.api();
  await workspace.jobs.recover();
  await workspace.jobs.requireFree(args.table);
  const warnings: string[] = [];
  const given = readProfileFilters(args, warnings);
  const existing = checkTable(workspace, args);
  const filters = existing === undefined ? given : keptFilters(existing, given, args.mode);
  const queries = profileQueries(filters);
  if (queries.length === 0) warnings.push("distinct_ids is empty: Mixpanel was not asked, no table was made.");
  if (existing !== undefined && queries.length > 0) {
    warnings.push(
      "Mixpanel keeps no result sets: all pages are downloaded again, profiles that are there are updated.",
    );
  }
  const table = existing?.name ?? args.table;
  const job = await workspace.jobs.start(
    {
      kind: "profiles",
      table,
      request: { ...args },
      unit: "pages",
      total: 0,
      warnings,
      run: (control) =>
        runProfiles({
          workspace,
          table,
          existing,
          filters,
          queries,
          workers: Math.min(args.workers, QUERY_CONCURRENT - 2),
          job: control,
        }),
    },
    context.signal,
  );
  const view = await workspace.jobs.wait(job.id, args.wait_seconds, context, { cancelOnAbort: true });
  const fault = job.fault();
  if (view.status === "failed" && fault !== undefined) throw fault;
  return view;
}

function checkTable(workspace: Workspace, { table, mode }: FetchProfilesArgs): TableInfo | undefined {
  const existing = findTable(workspace.store, table);
  if (existing === undefined) {
    if (mode === "resume") {
      throw new Fault("TABLE_NOT_FOUND", `There is no table ${JSON.stringify(table.slice(0, 80))} to resume.`, {
        suggestions: ['Start it with mode "create".', "list_tables shows what is stored."],
      });
    }
    checkTableName(table);
    return undefined;
  }
  if (mode === "create") throw tableExists(existing);
  if (existing.type !== "profiles") {
    throw new Fault("INVALID_ARGUMENT", `Table "${existing.name}" holds ${existing.type}, not profiles.`, {
      suggestions: ["Choose another table name."],
    });
  }
  return existing;
}

/** The table's own filters; a call may repeat them, not change them. */
function keptFilters(table: TableInfo, given: ProfileFilters, mode: FetchMode): ProfileFilters {
  const kept = (table.filters ?? {}) as ProfileFilters;
  for (const key of Object.keys(given) as (keyof ProfileFilters)[]) {
    if (key === "as_of_timestamp" || JSON.stringify(given[key]) === JSON.stringify(kept[key])) continue;
    const stored = kept[key] === undefined ? `no ${key}` : `${key} ${JSON.stringify(kept[key]).slice(0, 200)}`;
    throw new Fault(
      "INVALID_ARGUMENT",
      `Table "${table.name}" was fetched with ${stored}; ${mode} must use the same.`,
      {
        suggestions: [`Leave ${key} out: the stored filters are used.`, "Or fetch into a new table."],
        details: { filters: kept },
      },
    );
  }
  return kept;
}
