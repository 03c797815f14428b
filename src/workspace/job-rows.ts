/** Jobs as their rows in `_mp_job` tell: of other processes, and of earlier runs of this one. */
import type { Store } from "../store/store.ts";
import { findTable } from "../store/tables.ts";
import type { JobRow } from "../store/writer.ts";
import { type JobStatus, type JobView, liveView, type Progress } from "./job-view.ts";

/** Which process, and which workspace within it, a job belongs to. A pid alone is reused, in containers at once. */
export type Owner = { pid: number; processStartedAt: number; instance: string };

/** A process that runs but has not written for this long is not the one that wrote the row. */
const DEAD_AFTER_MS = 10 * 60_000;
/** Another workspace of this very process writes every few seconds, unless its writer is at work on a very large day. */
const NEIGHBOUR_DEAD_AFTER_MS = 3 * 60_000;

export function thisProcess(): Omit<Owner, "instance"> {
  return { pid: process.pid, processStartedAt: Math.round(performance.timeOrigin) };
}

export function pidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Whether the process that wrote the row still works on it. `mine`: this workspace runs the job itself. */
export function isRowAlive(row: JobRow, me: Owner, mine: boolean): boolean {
  if (row.status !== "running") return false;
  if (mine) return true;
  const owner = ownerOf(row);
  const silentMs = Date.now() - Date.parse(row.heartbeat_at ?? row.started_at);
  if (row.pid === null || owner?.instance === me.instance) return false;
  if (row.pid === me.pid) {
    return owner?.processStartedAt === me.processStartedAt && silentMs < NEIGHBOUR_DEAD_AFTER_MS;
  }
  return pidAlive(row.pid) && silentMs < DEAD_AFTER_MS;
}

function ownerOf(row: JobRow): Owner | undefined {
  const progress = row.progress as { owner?: Owner } | null;
  return progress?.owner;
}

/** The job rows, all or of one status, oldest first. */
export function readJobRows(store: Store, status?: string): JobRow[] {
  const rows = store
    .db()
    .query("SELECT * FROM _mp_job WHERE status = coalesce(?1, status) ORDER BY rowid")
    .all(status ?? null) as Record<string, unknown>[];
  return rows.map((row) => ({
    id: String(row["id"]),
    kind: String(row["kind"]),
    table_name: String(row["table_name"]),
    status: String(row["status"]),
    request: parse(row["request"]),
    progress: parse(row["progress"]),
    pid: typeof row["pid"] === "number" ? row["pid"] : null,
    started_at: String(row["started_at"]),
    heartbeat_at: text(row["heartbeat_at"]),
    finished_at: text(row["finished_at"]),
  }));
}

function parse(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** What the row says; a running row of a dead process reads as interrupted, with what its table is missing. */
export function viewOfRow(store: Store, row: JobRow, alive: boolean): JobView {
  const saved = row.progress as (Partial<Progress> & { error?: { code: string; message: string } }) | null;
  const status = (row.status === "running" && !alive ? "interrupted" : row.status) as JobStatus;
  const missing =
    status === "interrupted" ? (findTable(store, row.table_name)?.missing_ranges ?? []) : (saved?.missing ?? []);
  const end = row.finished_at ?? (alive ? null : row.heartbeat_at);
  return liveView({
    id: row.id,
    kind: row.kind === "profiles" ? "profiles" : "events",
    table: row.table_name,
    status,
    progress: {
      unit: row.kind === "profiles" ? "pages" : "days",
      done: saved?.done ?? 0,
      total: saved?.total ?? 0,
      rows: saved?.rows ?? 0,
      duplicates: saved?.duplicates ?? 0,
      rejected: saved?.rejected ?? 0,
      bytes: saved?.bytes ?? 0,
      missing,
      warnings: saved?.warnings ?? [],
      note: alive ? saved?.note : undefined,
    },
    startedAt: Date.parse(row.started_at),
    finishedAt: end === null ? undefined : Date.parse(end),
    fault: saved?.error as never,
  });
}
