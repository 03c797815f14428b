/**
 * The quota ledger: one SQLite file in the data folder, shared by every running copy of the server, because Mixpanel counts
 * per project and not per client. Keyed by scope (host and project) and pool. Every decision is one IMMEDIATE transaction.
 */
import { Database } from "bun:sqlite";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { EXPORT_PER_HOUR, EXPORT_PER_SECOND, QUERY_CONCURRENT, QUERY_PER_HOUR } from "../limits.ts";
import type { PoolState } from "./api.ts";
import type { Limits } from "./ratelimit-headers.ts";

export type Pool = "query" | "export";
/** A place in the hour, to be used at `at` (later than now only for exports, three a second), or how long none is free. */
export type Reservation = { id: number; at: number } | { waitMs: number; used: number; limit: number };

export type Ledger = {
  reserve(pool: Pool, now: number): Reservation;
  /** Gives the place back: Mixpanel does not count 401, 402 and 429, nor what was never sent. */
  refund(id: number): void;
  /** Takes one of the places at once and stamps the reservation with the time of sending; undefined when all are taken. */
  start(pool: Pool, id: number | undefined, now: number, holdMs: number): number | undefined;
  finish(slot: number): void;
  /** Mixpanel says that the hour is used up (someone else used it): nothing is sent before `until`. */
  exhaust(pool: Pool, until: number): void;
  learn(pool: Pool, limits: Limits): void;
  state(pool: Pool, now: number): PoolState;
  concurrent(pool: Pool): number;
  /** Milliseconds until our own oldest request leaves the hour; undefined when we made none. */
  nextSlotMs(pool: Pool, now: number): number | undefined;
  /** Why the count is not shared, when it is not. */
  note(): string | undefined;
  close(): void;
};

/** The rolling hour, and the margin for clocks that disagree. */
const WINDOW_S = 3_600;
const MARGIN_MS = 10_000;
/** Exports are counted by a second that is a little longer. */
export const EXPORT_SECOND_MS = 1_020;
const BUSY_MS = 3_000;
const STALE_MS = 2 * 86_400_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY, scope TEXT NOT NULL, pool TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS request_at ON request (scope, pool, at);
  CREATE TABLE IF NOT EXISTS in_flight (id INTEGER PRIMARY KEY, scope TEXT NOT NULL, pool TEXT NOT NULL, pid INTEGER NOT NULL,
    expires_at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS pool (scope TEXT NOT NULL, pool TEXT NOT NULL, quota INTEGER, window_s INTEGER, concurrent INTEGER,
    blocked_until INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (scope, pool));
`;

type Rules = { quota: number; windowMs: number; concurrent: number; blockedUntil: number };
type PoolRow = { quota: number | null; window_s: number | null; concurrent: number | null; blocked_until: number };

function openFile(dataDir: string): Database {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, "quota.sqlite");
  // Made with its mode before SQLite opens it, so that the log beside it gets the same one.
  closeSync(openSync(path, "a", 0o600));
  const db = new Database(path, { create: true, readwrite: true, strict: true });
  try {
    db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    useWal(db);
    db.run("PRAGMA synchronous = NORMAL");
    db.run(SCHEMA);
    // What other projects and hosts left behind long ago.
    db.query("DELETE FROM request WHERE at < ?").run(Date.now() - STALE_MS);
    db.query("DELETE FROM in_flight WHERE expires_at < ?").run(Date.now() - STALE_MS);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * The change to WAL does not wait for another copy that is making it at the same moment: SQLite answers "locked" at once, whatever
 * the busy timeout says. Two copies started together are the usual case, so it is tried again for as long.
 */
function useWal(db: Database): void {
  for (const until = Date.now() + BUSY_MS; ; Bun.sleepSync(5)) {
    try {
      db.run("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (Date.now() >= until || !/locked|busy/i.test(String(error))) throw error;
    }
  }
}

function openMemory(): Database {
  const db = new Database(":memory:", { strict: true });
  db.run(SCHEMA);
  return db;
}

/** `dataDir` undefined keeps the count in memory. `scope` is the host and project that Mixpanel counts by. */
export function openLedger(options: { dataDir?: string; scope: string; onDegrade?: (cause: unknown) => void }): Ledger {
  let db: Database | undefined;
  let degraded = false;
  const degrade = (cause: unknown): Database => {
    options.onDegrade?.(cause);
    degraded = true;
    db?.close();
    db = openMemory();
    return db;
  };
  const opened = (): Database => {
    if (db !== undefined) return db;
    if (options.dataDir === undefined) db = openMemory();
    else {
      try {
        db = openFile(options.dataDir);
      } catch (error) {
        return degrade(error);
      }
    }
    return db;
  };
  /** A ledger that fails must not stop queries: from then on this copy counts alone. */
  const run = <T>(work: (db: Database) => T): T => {
    const current = opened();
    try {
      return current.transaction(work).immediate(current);
    } catch (error) {
      if (degraded || options.dataDir === undefined) throw error;
      return work(degrade(error));
    }
  };
  const { scope } = options;
  return {
    reserve: (pool, now) => run((at) => reserve(at, scope, pool, now)),
    refund: (id) => run((at) => void at.query("DELETE FROM request WHERE id = ?").run(id)),
    start: (pool, id, now, holdMs) => run((at) => start(at, scope, pool, id, now, holdMs)),
    finish: (slot) => run((at) => void at.query("DELETE FROM in_flight WHERE id = ?").run(slot)),
    exhaust: (pool, until) => run((at) => upsert(at, scope, pool, { blocked_until: until })),
    learn: (pool, limits) => run((at) => learn(at, scope, pool, limits)),
    state: (pool, now) => run((at) => state(at, scope, pool, now)),
    concurrent: (pool) => run((at) => rulesOf(at, scope, pool).concurrent),
    nextSlotMs: (pool, now) =>
      run((at) => {
        const oldest = nthOldest(at, scope, pool, 0);
        return oldest === undefined ? undefined : untilFree(oldest, rulesOf(at, scope, pool), now);
      }),
    note: () =>
      degraded
        ? `The quota count is not shared with other copies of this server: ${join(options.dataDir ?? "", "quota.sqlite")} cannot be written.`
        : undefined,
    close: () => {
      db?.close();
      db = undefined;
    },
  };
}

function rulesOf(db: Database, scope: string, pool: Pool): Rules {
  const row = db
    .query<PoolRow, [string, string]>(
      "SELECT quota, window_s, concurrent, blocked_until FROM pool WHERE scope = ? AND pool = ?",
    )
    .get(scope, pool);
  return {
    quota: row?.quota ?? (pool === "query" ? QUERY_PER_HOUR : EXPORT_PER_HOUR),
    windowMs: (row?.window_s ?? WINDOW_S) * 1_000,
    concurrent: row?.concurrent ?? QUERY_CONCURRENT,
    blockedUntil: row?.blocked_until ?? 0,
  };
}

function reserve(db: Database, scope: string, pool: Pool, now: number): Reservation {
  const rules = rulesOf(db, scope, pool);
  prune(db, scope, pool, rules, now);
  const used = count(db, scope, pool);
  if (rules.blockedUntil > now)
    return { waitMs: rules.blockedUntil - now, used: Math.max(used, rules.quota), limit: rules.quota };
  if (used >= rules.quota) {
    const freeing = nthOldest(db, scope, pool, used - rules.quota) ?? now;
    return { waitMs: untilFree(freeing, rules, now), used, limit: rules.quota };
  }
  const at = pool === "export" ? nextExportStart(db, scope, now) : now;
  const { lastInsertRowid } = db.query("INSERT INTO request (scope, pool, at) VALUES (?, ?, ?)").run(scope, pool, at);
  return { id: Number(lastInsertRowid), at };
}

/** Forgets what left the hour. Times ahead of the clock (it was set back) count from now, or they would block for long. */
function prune(db: Database, scope: string, pool: Pool, rules: Rules, now: number): void {
  db.query("DELETE FROM request WHERE scope = ? AND pool = ? AND at <= ?").run(
    scope,
    pool,
    now - rules.windowMs - MARGIN_MS,
  );
  db.query("UPDATE request SET at = ? WHERE scope = ? AND pool = ? AND at > ?").run(now, scope, pool, now + 120_000);
  if (rules.blockedUntil > now + 2 * 86_400_000) upsert(db, scope, pool, { blocked_until: 0 });
}

function count(db: Database, scope: string, pool: Pool): number {
  const row = db
    .query<{ n: number }, [string, string]>("SELECT count(*) AS n FROM request WHERE scope = ? AND pool = ?")
    .get(scope, pool);
  return row?.n ?? 0;
}

function nthOldest(db: Database, scope: string, pool: Pool, n: number): number | undefined {
  const row = db
    .query<{ at: number }, [string, string, number]>(
      "SELECT at FROM request WHERE scope = ? AND pool = ? ORDER BY at LIMIT 1 OFFSET ?",
    )
    .get(scope, pool, n);
  return row?.at;
}

function untilFree(at: number, rules: Rules, now: number): number {
  return Math.max(1, at + rules.windowMs + MARGIN_MS - now);
}

/** Three starts a second: this one no earlier than a second after the third last. */
function nextExportStart(db: Database, scope: string, now: number): number {
  const row = db
    .query<{ at: number }, [string, number]>(
      "SELECT at FROM request WHERE scope = ? AND pool = 'export' ORDER BY at DESC LIMIT 1 OFFSET ?",
    )
    .get(scope, EXPORT_PER_SECOND - 1);
  return row === null || row === undefined ? now : Math.max(now, row.at + EXPORT_SECOND_MS);
}

function start(
  db: Database,
  scope: string,
  pool: Pool,
  id: number | undefined,
  now: number,
  holdMs: number,
): number | undefined {
  const { concurrent } = rulesOf(db, scope, pool);
  const rows = db
    .query<{ id: number; pid: number; expires_at: number }, [string, string]>(
      "SELECT id, pid, expires_at FROM in_flight WHERE scope = ? AND pool = ?",
    )
    .all(scope, pool);
  const gone = rows.filter((row) => row.expires_at <= now || row.expires_at > now + 3_600_000 || !isAlive(row.pid));
  for (const row of gone) db.query("DELETE FROM in_flight WHERE id = ?").run(row.id);
  if (rows.length - gone.length >= concurrent) return undefined;
  if (id !== undefined) db.query("UPDATE request SET at = ? WHERE id = ?").run(now, id);
  const inserted = db
    .query("INSERT INTO in_flight (scope, pool, pid, expires_at) VALUES (?, ?, ?, ?)")
    .run(scope, pool, process.pid, now + holdMs);
  return Number(inserted.lastInsertRowid);
}

/** A copy that was killed leaves its rows behind; they must not hold places until they expire. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function learn(db: Database, scope: string, pool: Pool, limits: Limits): void {
  if (limits.quota !== undefined) upsert(db, scope, pool, { quota: limits.quota });
  if (limits.windowSeconds !== undefined && limits.windowSeconds > 0) {
    upsert(db, scope, pool, { window_s: Math.min(limits.windowSeconds, 86_400) });
  }
  if (limits.concurrent !== undefined) upsert(db, scope, pool, { concurrent: limits.concurrent });
}

function upsert(db: Database, scope: string, pool: Pool, change: Partial<Record<keyof PoolRow, number>>): void {
  db.query("INSERT OR IGNORE INTO pool (scope, pool) VALUES (?, ?)").run(scope, pool);
  for (const [column, value] of Object.entries(change)) {
    db.query(`UPDATE pool SET ${column} = ? WHERE scope = ? AND pool = ?`).run(value, scope, pool);
  }
}

function state(db: Database, scope: string, pool: Pool, now: number): PoolState {
  const rules = rulesOf(db, scope, pool);
  prune(db, scope, pool, rules, now);
  const used = count(db, scope, pool);
  const oldest = nthOldest(db, scope, pool, 0);
  const blocked = rules.blockedUntil > now;
  const resets = blocked ? rules.blockedUntil : oldest === undefined ? undefined : now + untilFree(oldest, rules, now);
  return {
    used: blocked ? Math.max(used, rules.quota) : used,
    limit: rules.quota,
    resets_at: resets === undefined ? null : `${new Date(resets).toISOString().slice(0, 19)}Z`,
  };
}
