/** A small store as the writer leaves it, another database beside it, and a sandbox on the first. */
import { Database } from "bun:sqlite";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/fault.ts";
import { createLog } from "../../../src/log.ts";
import { createSandbox, type QueryResult, type Sandbox } from "../../../src/store/sandbox.ts";

export const SECRET = "canary-7f3a9c";

export type Fixture = {
  dir: string;
  path: string;
  other: string;
  /** The tests' own connection, as the writer's. */
  db: Database;
  sandbox: Sandbox;
  query(sql: string, rows?: number): Promise<QueryResult>;
  /** The rows, or the Fault. */
  attempt(sql: string): Promise<QueryResult | Fault>;
  close(): Promise<void>;
};

/** Ten events of three users over five days, three profiles. */
export function fillEvents(db: Database): void {
  db.run("CREATE TABLE events (event_name TEXT, event_time TEXT, distinct_id TEXT, insert_id TEXT, properties TEXT)");
  const insert = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?)");
  const names = ["Sign Up", "Page View", "Purchase", "Page View", "Purchase"];
  for (let index = 0; index < 10; index++) {
    const name = names[index % 5] ?? "";
    const properties = {
      plan: index % 2 === 0 ? "pro" : "free",
      amount: name === "Purchase" ? index * 10.5 : undefined,
      $os: ["iOS", "Android", "Linux"][index % 3],
      items: name === "Purchase" ? [`sku-${index}`, "gift"] : undefined,
      "first seen": `2026-01-0${(index % 5) + 1}`,
    };
    insert.run(
      name,
      `2026-01-0${Math.floor(index / 2) + 1} 1${index}:00:00`,
      `user-${index % 3}`,
      `i${index}`,
      JSON.stringify(properties),
    );
  }
  db.run("CREATE TABLE people (distinct_id TEXT, last_seen TEXT, properties TEXT)");
  for (let index = 0; index < 3; index++)
    db.run("INSERT INTO people VALUES (?, ?, ?)", [
      `user-${index}`,
      `2026-01-0${index + 1} 00:00:00`,
      `{"age":${20 + index}}`,
    ]);
}

export function createFixture({ timeoutMs = 30_000, fill = fillEvents } = {}): Fixture {
  const dir = mkdtempSync(join(tmpdir(), "sql-test-"));
  const path = join(dir, "store.sqlite");
  mkdirSync(join(dir, "spool"));
  const db = new Database(path);
  db.run("PRAGMA journal_mode = WAL");
  db.run("CREATE TABLE _mp_table (name TEXT, note TEXT)");
  db.run("INSERT INTO _mp_table VALUES ('events', ?)", [SECRET]);
  fill(db);
  const other = join(dir, "other.sqlite");
  const secrets = new Database(other);
  secrets.run("CREATE TABLE secrets (text TEXT)");
  secrets.run("INSERT INTO secrets VALUES (?)", [SECRET]);
  secrets.close();
  const sandbox = createSandbox({ path, timeoutMs, log: createLog("silent", (text) => text) });
  const query = (sql: string, rows = 1_000) => sandbox.query(sql, { rows, chars: 40_000 });
  return {
    dir,
    path,
    other,
    db,
    sandbox,
    query,
    attempt: (sql) =>
      query(sql).catch((error: unknown) => {
        if (error instanceof Fault) return error;
        throw error;
      }),
    async close() {
      await sandbox.close();
      db.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Every file below `dir`, sorted. */
export function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true }).map(String).sort();
}
