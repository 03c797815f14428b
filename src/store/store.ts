/** The project's SQLite file and the two child processes that work on it. Opened on first use. */
import type { Database } from "bun:sqlite";
import type { Log } from "../log.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Writer } from "./writer.ts";

export type StoreOptions = {
  dataDir: string;
  /** File name without the ending: the project id, `demo` or `local`. */
  name: string;
  /** A temporary folder instead of `dataDir`, removed on close. */
  ephemeral: boolean;
  sqlTimeoutMs: number;
  log: Log;
};

export type Store = {
  readonly path: string;
  /** Downloads on their way into the store; files of dead processes are removed when the store is opened. */
  readonly spoolDir: string;
  /** Where `export_table` may write. */
  readonly exportDir: string;
  /** The main process' own connection, migrated on first use: small reads only. Throws a Fault for a foreign or newer file. */
  db(): Database;
  writer(): Writer;
  sandbox(): Sandbox;
  /** Bytes of the file and its log. */
  sizeBytes(): number;
  close(): Promise<void>;
};

export declare function openStore(options: StoreOptions): Store;
