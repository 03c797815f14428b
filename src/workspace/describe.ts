/** What this session works with: account, connection, tables, jobs, quota. Asks Mixpanel only when told to, and then for free. */
import { existsSync } from "node:fs";
import { Fault } from "../fault.ts";
import type { QuotaState } from "../mixpanel/api.ts";
import { listTables, type TableInfo } from "../store/tables.ts";
import { VERSION } from "../version.ts";
import type { JobView } from "./job-view.ts";
import type { Workspace } from "./workspace.ts";

export type WorkspaceView = {
  account: string | null;
  project_id: string | null;
  region: string | null;
  timezone?: string;
  connected?: boolean;
  connection_problem?: string;
  data_path: string;
  size_bytes: number;
  tables: Omit<TableInfo, "id" | "version">[];
  /** The latest ones. */
  jobs: JobView[];
  /** The query pool, and the export pool beside it; null without credentials. */
  quota: (QuotaState["query"] & { export: QuotaState["export"] }) | null;
  version: string;
  demo: boolean;
  notes?: string[];
};

const MOST_JOBS = 10;

export async function describeWorkspace(
  workspace: Workspace,
  checkConnection: boolean,
  signal: AbortSignal,
): Promise<WorkspaceView> {
  const { config, store } = workspace;
  const account = config.account instanceof Fault ? undefined : config.account;
  const connection =
    account === undefined
      ? withoutAccount(workspace, checkConnection)
      : await connected(workspace, checkConnection, signal);
  const stored = existsSync(store.path);
  const notes = account === undefined ? [] : workspace.api().notes();
  return {
    account: account?.name ?? null,
    project_id: account?.projectId ?? null,
    region: account?.region ?? null,
    ...connection,
    data_path: store.path,
    size_bytes: stored ? store.sizeBytes() : 0,
    tables: stored ? listTables(store).map(({ id: _id, version: _version, ...table }) => table) : [],
    jobs: stored ? workspace.jobs.list().slice(0, MOST_JOBS) : [],
    quota: account === undefined ? null : quotaOf(workspace.api().quota()),
    version: VERSION,
    demo: config.demo,
    notes: notes.length > 0 ? notes : undefined,
  };
}

function quotaOf({ query, export: exports }: QuotaState) {
  return { ...query, export: exports };
}

type Connection = Pick<WorkspaceView, "timezone" | "connected" | "connection_problem">;

/** What is stored can be worked with all the same; only a check that was asked for fails. */
function withoutAccount({ config }: Workspace, check: boolean): Connection {
  if (!(config.account instanceof Fault)) return {};
  if (check) throw config.account;
  return { connected: false, connection_problem: `${config.account.code}: ${config.account.message}` };
}

async function connected(workspace: Workspace, check: boolean, signal: AbortSignal): Promise<Connection> {
  const { projectId, region } = workspace.api();
  if (!check) {
    const timezone = workspace.discovery.knownTimezone();
    return timezone === undefined ? {} : { timezone };
  }
  try {
    const { projects } = await workspace.discovery.me({ refresh: true, signal });
    if (projects.has(projectId)) return { timezone: workspace.discovery.knownTimezone(), connected: true };
    return {
      connected: false,
      connection_problem: `The credentials work in region ${region}, but have no access to project ${projectId}: an admin must add the service account to the project, or the project id is wrong.`,
    };
  } catch (error) {
    if (!(error instanceof Fault) || error.code === "CANCELLED") throw error;
    return {
      connected: false,
      connection_problem: [`${error.code}: ${error.message}`, ...error.suggestions].join(" "),
    };
  }
}
