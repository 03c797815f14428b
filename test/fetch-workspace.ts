/** A workspace without the server in front, for tests of fetching: jobs, plans, broken streams. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../src/config.ts";
import { Fault } from "../src/fault.ts";
import { createLog, type LogLevel } from "../src/log.ts";
import { fetchEvents } from "../src/workspace/fetch-events.ts";
import type { FetchEventsArgs } from "../src/workspace/fetch-request.ts";
import type { JobView } from "../src/workspace/job-view.ts";
import { openWorkspace, type Workspace } from "../src/workspace/workspace.ts";

export type FetchWorkspace = {
  workspace: Workspace;
  dataDir: string;
  /** fetch_events with its defaults; table `events`. */
  fetch(args: Partial<FetchEventsArgs>, signal?: AbortSignal): Promise<JobView>;
  /** The Fault a fetch ends with. */
  fault(args: Partial<FetchEventsArgs>): Promise<Fault>;
  /** One value out of the store, read by the main connection. */
  value(sql: string): unknown;
  /** All rows of a table, in an order that does not depend on how they came. */
  content(table?: string): string[];
  close(): Promise<void>;
};

export type FetchWorkspaceOptions = {
  url: string;
  credentials?: { username: string; secret: string; projectId: string };
  /** Kept on close when given. */
  dataDir?: string;
  logLevel?: LogLevel;
};

const DEFAULTS: FetchEventsArgs = {
  table: "events",
  mode: "create",
  workers: 4,
  estimate_only: false,
  wait_seconds: 45,
};

export async function openFetchWorkspace(options: FetchWorkspaceOptions): Promise<FetchWorkspace> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "fetch-test-"));
  const credentials = options.credentials ?? { username: "test-account", secret: "not-a-real-secret", projectId: "1" };
  const config = await loadConfig(
    {},
    {
      MP_CONFIG_PATH: join(dataDir, "no-config.toml"),
      MP_DATA_DIR: dataDir,
      MP_API_URL: options.url,
      MP_USERNAME: credentials.username,
      MP_SECRET: credentials.secret,
      MP_PROJECT_ID: credentials.projectId,
    },
  );
  const workspace = openWorkspace(
    config,
    createLog(options.logLevel ?? "silent", (text) => text),
  );
  const fetch = (args: Partial<FetchEventsArgs>, signal = new AbortController().signal) =>
    fetchEvents(workspace, { ...DEFAULTS, ...args }, { signal, progress: () => undefined }) as Promise<JobView>;
  return {
    workspace,
    dataDir,
    fetch,
    async fault(args) {
      const outcome = await fetch(args).catch((error: unknown) => error);
      if (outcome instanceof Fault) return outcome;
      throw new Error(`no Fault: ${JSON.stringify(outcome)}`);
    },
    value: (sql) => Object.values((workspace.store.db().query(sql).get() ?? {}) as object)[0],
    content: (table = "events") =>
      workspace.store
        .db()
        .query<{ line: string }, []>(
          `SELECT event_name || event_time || distinct_id || insert_id || properties AS line FROM "${table}" ORDER BY 1`,
        )
        .all()
        .map((row) => row.line),
    async close() {
      await workspace.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
