/** The project's SQLite file and the two child processes that work on it. Opened on first use. */
import type { Database } from "bun:sqlite";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../fault.ts";
import type { Log } from "../log.ts";
import { createAccelerator } from "./accelerate.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { openDatabase } from "./schema.ts";
import { createWriter, type Writer } from "./writer.ts";

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
  /** Downloads on their way into the store. Created on first use of `db()`. */
  readonly spoolDir: string;
  /** Where `export_table` writes unless the user allowed another folder. */
  readonly exportDir: string;
  /** The main process' own connection, migrated on first use: small reads only. Throws a Fault for a foreign or newer file. */
  db(): Database;
  writer(): Writer;
  sandbox(): Sandbox;
  /** Bytes of the file and its log. */
  sizeBytes(): number;
  close(): Promise<void>;
};

/** Reads of the main process never wait for the writer (WAL); this is for the moments of recovery and migration. */
const MAIN_BUSY_MS = 2_000;

export function openStore(options: StoreOptions): Store {
  const dir = options.ephemeral ? mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-")) : options.dataDir;
  const path = join(dir, `${options.name}.sqlite`);
  let db: Database | undefined;
  let writer: Writer | undefined;
  let sandbox: Sandbox | undefined;
  const store: Store = {
    path,
    spoolDir: join(dir, "spool"),
    exportDir: join(dir, "exports"),
    db() {
      db ??= openMain(dir, path, store.spoolDir);
      return db;
    },
    writer() {
      // The file must exist and be ours before a child opens it.
      store.db();
      writer ??= createWriter({ path, log: options.log });
      return writer;
    },
    sandbox() {
      store.db();
      sandbox ??= createSandbox({
        path,
        timeoutMs: options.sqlTimeoutMs,
        log: options.log,
        rewrite: createAccelerator({ store, log: options.log }),
      });
      return sandbox;
    },
    sizeBytes() {
      return [path, `${path}-wal`].reduce(
        (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
    },
    async close() {
      await Promise.all([writer?.close(), sandbox?.close()]);
      db?.close();
      db = undefined;
      if (options.ephemeral) rmSync(dir, { recursive: true, force: true });
    },
  };
  return store;
}

function openMain(dir: string, path: string, spoolDir: string): Database {
  try {
    mkdirSync(spoolDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    throw new Fault(
      /ENOSPC|EDQUOT/.test(code) ? "STORE_FULL" : "CONFIG_INVALID",
      `The data folder ${dir} cannot be used (${code}).`,
      {
        suggestions: ["Make it a writable folder, or choose another with MP_DATA_DIR or --data-dir."],
        cause,
      },
    );
  }
  const db = openDatabase(path, MAIN_BUSY_MS);
  // Raw user data: nobody else's business.
  chmodSync(path, 0o600);
  // The main process must never wait for the write lock: all changes go through the writer.
  db.run("PRAGMA query_only = ON");
  return db;
}
