/** A job as the tools show it. */
import type { Fault } from "../fault.ts";
import type { MissingRange } from "../store/tables.ts";

export type Unit = "days" | "pages";
export type JobStatus = "completed" | "running" | "partial" | "cancelled" | "interrupted" | "failed";

/** The counters a running job keeps up to date. */
export type Progress = {
  unit: Unit;
  done: number;
  /** 0 while it is not known. */
  total: number;
  rows: number;
  duplicates: number;
  rejected: number;
  /** Bytes received, compressed. */
  bytes: number;
  missing: MissingRange[];
  warnings: string[];
  /** What it is doing or waiting for right now. */
  note: string | undefined;
  /** While it waits for the quota: when it goes on (ms since 1970). */
  pausedUntil?: number;
};

export type JobView = {
  job_id: string;
  kind: "events" | "profiles";
  status: JobStatus;
  table: string;
  rows: number;
  duplicates: number;
  rejected: number;
  days?: { done: number; total: number };
  pages?: { done: number; total: number };
  missing_ranges: MissingRange[];
  seconds: number;
  bytes: number;
  warnings: string[];
  next: string;
  rows_per_second: number | null;
  seconds_left: number | null;
  started_at: string;
  error?: string;
};

export type JobFacts = {
  id: string;
  kind: "events" | "profiles";
  table: string;
  status: JobStatus;
  progress: Progress;
  startedAt: number;
  finishedAt: number | undefined;
  fault: Pick<Fault, "code" | "message"> | undefined;
};

/** Warnings shown in one reply: lists of rejected lines must not fill it. */
const MAX_WARNINGS = 12;

export function liveView(job: JobFacts): JobView {
  const { progress, status } = job;
  const seconds = Math.max(0, ((job.finishedAt ?? Date.now()) - job.startedAt) / 1000);
  const rate = seconds > 0 && progress.rows > 0 ? Math.round(progress.rows / seconds) : null;
  const left = progress.total - progress.done;
  const running = status === "running";
  const counts = { done: progress.done, total: progress.total };
  return {
    job_id: job.id,
    kind: job.kind,
    status,
    table: job.table,
    rows: progress.rows,
    duplicates: progress.duplicates,
    rejected: progress.rejected,
    ...(progress.unit === "days" ? { days: counts } : { pages: counts }),
    missing_ranges: progress.missing,
    seconds: Math.round(seconds * 100) / 100,
    bytes: progress.bytes,
    warnings: shownWarnings(progress),
    next: nextStep(job),
    rows_per_second: rate,
    seconds_left: running && progress.done > 0 && left > 0 ? Math.ceil((seconds / progress.done) * left) : null,
    started_at: new Date(job.startedAt).toISOString(),
    ...(job.fault === undefined ? {} : { error: `${job.fault.code}: ${job.fault.message}` }),
  };
}

function shownWarnings({ warnings, note }: Progress): string[] {
  const shown = warnings.slice(0, MAX_WARNINGS);
  if (warnings.length > shown.length) shown.push(`${warnings.length - shown.length} more warnings are not shown.`);
  if (note !== undefined) shown.push(note);
  return shown;
}

function nextStep({ status, table, kind, id, progress }: JobFacts): string {
  const tool = kind === "events" ? "fetch_events" : "fetch_profiles";
  const resume = `Call ${tool} with table "${table}" and mode "resume" to download only what is missing.`;
  switch (status) {
    case "running":
      return `Call fetch_status with job_id "${id}" and wait_seconds 45; fetch_cancel stops it.`;
    case "completed":
      return kind === "events"
        ? `Query table "${table}" with sql; event_breakdown and table_schema show what is in it.`
        : `Query table "${table}" with sql; table_schema shows its properties.`;
    case "failed":
      return "Nothing was stored. Mend the cause and call the fetch again.";
    default:
      return progress.missing.length === 0 && progress.rows === 0
        ? "Nothing was stored; call the fetch again."
        : resume;
  }
}
