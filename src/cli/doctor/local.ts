/** What the local store needs: a folder it may write to, with room, and a SQLite that is new enough. */
import { Database } from "bun:sqlite";
import { existsSync, mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "./checks.ts";

const LOW_SPACE_BYTES = 1_000_000_000;
/** What our SQL is tested on: macOS 14 and 15 have this one. */
const TESTED_SQLITE = "3.43.2";

export function checkDataFolder(dataDir: string): Check {
  const name = "data folder";
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory()) {
    return { name, ok: false, message: `${dataDir} is a file.`, fix: "Point MP_DATA_DIR or --data-dir to a folder." };
  }
  const probe = join(dataDir, `.doctor-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(probe, "");
    rmSync(probe);
  } catch {
    return {
      name,
      ok: false,
      message: `${dataDir} cannot be written.`,
      fix: "Make it writable, or point MP_DATA_DIR or --data-dir elsewhere.",
    };
  }
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  const message = `${dataDir}, ${(free / 1e9).toFixed(1)} GB free`;
  return free < LOW_SPACE_BYTES
    ? {
        name,
        ok: false,
        message: `${message}.`,
        fix: "A million events take about 1 GB: free some space or drop tables.",
      }
    : { name, ok: true, message };
}

/** `version`: for tests; the one this program runs on otherwise. */
export function checkSqlite(version = sqliteVersion()): Check {
  const message = `SQLite ${version}${process.platform === "darwin" ? " (the system's)" : ""}`;
  if (Bun.semver.order(version, TESTED_SQLITE) >= 0) return { name: "SQLite", ok: true, message };
  return {
    name: "SQLite",
    ok: false,
    message: `${message} is older than ${TESTED_SQLITE}.`,
    fix: "Update macOS to 14 or later for all SQL features.",
  };
}

function sqliteVersion(): string {
  const db = new Database(":memory:");
  try {
    return db.query<{ version: string }, []>("SELECT sqlite_version() AS version").get()?.version ?? "0";
  } finally {
    db.close();
  }
}
