/** One open project: the API and the store, and what needs both. Nothing is opened before it is first used. */

import type { Config } from "../config.ts";
import { Fault } from "../fault.ts";
import type { Log } from "../log.ts";
import type { Api } from "../mixpanel/api.ts";
import { createApi } from "../mixpanel/client.ts";
import { openStore, type Store } from "../store/store.ts";
import { createDiscovery, type Discovery } from "./discovery.ts";
import { createJobs, type Jobs } from "./jobs.ts";

export type Workspace = {
  readonly config: Config;
  readonly log: Log;
  /** Throws CONFIG_MISSING or CONFIG_INVALID when there are no usable credentials. */
  api(): Api;
  /** The project's names, kept for the session. */
  readonly discovery: Discovery;
  readonly store: Store;
  readonly jobs: Jobs;
  /** Called with a table's name whenever a table appears, changes or goes. Returns the way to stop listening. */
  onTableChange(listener: (table: string) => void): () => void;
  tableChanged(table: string): void;
  /** Stops jobs and children, keeps every committed chunk. Safe to call twice. */
  close(): Promise<void>;
};

export function openWorkspace(config: Config, log: Log): Workspace {
  const listeners = new Set<(table: string) => void>();
  let opened: Api | undefined;
  let closing: Promise<void> | undefined;
  const account = config.account instanceof Fault ? undefined : config.account;
  const workspace: Workspace = {
    config,
    log,
    api() {
      if (config.account instanceof Fault) throw config.account;
      opened ??= createApi(config.account, { dataDir: config.dataDir, apiUrl: config.apiUrl, log });
      return opened;
    },
    discovery: createDiscovery(() => workspace.api()),
    store: openStore({
      dataDir: config.dataDir,
      name: config.demo ? "demo" : (account?.projectId ?? "local"),
      ephemeral: config.ephemeral,
      sqlTimeoutMs: config.sqlTimeoutMs,
      log,
    }),
    jobs: createJobs(() => workspace),
    onTableChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tableChanged(table) {
      for (const listener of listeners) listener(table);
    },
    close() {
      closing ??= (async () => {
        await workspace.jobs.close();
        await workspace.store.close();
        opened?.close();
      })();
      return closing;
    },
  };
  return workspace;
}
