/** A job of this process: what it was asked, how far it is, and how it is written down. */
import { randomBytes } from "node:crypto";
import { Fault, faultData } from "../fault.ts";
import type { JobRow } from "../store/writer.ts";
import type { Owner } from "./job-rows.ts";
import { type JobView, liveView, type Progress, type Unit } from "./job-view.ts";

export type JobSpec = {
  kind: "events" | "profiles";
  table: string;
  /** What was asked, for people who look at the row later. */
  request: Record<string, unknown>;
  unit: Unit;
  /** Units of work; 0 when not known yet. */
  total: number;
  warnings?: string[];
  run(job: JobControl): Promise<void>;
};

/** What the running work sees of its job. It throws a Fault when nothing could be stored. */
export type JobControl = {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Why the signal was aborted. */
  stopReason(): StopReason | undefined;
};

export type StopReason = "cancelled" | "interrupted";

export type Running = {
  spec: JobSpec;
  id: string;
  controller: AbortController;
  progress: Progress;
  status: JobView["status"];
  startedAt: number;
  finishedAt: number | undefined;
  fault: Fault | undefined;
  stopReason: StopReason | undefined;
  /** Its call was given up: it is about to be stopped. */
  ending: boolean;
  /** Its call has returned, the job goes on by itself. */
  detached: boolean;
  done: Promise<void>;
  /** Resolves `done`. */
  end(): void;
  /** Its row is being written. */
  saving: boolean;
};

export function newJob(spec: JobSpec): Running {
  const ended = Promise.withResolvers<void>();
  return {
    spec,
    // 160 bits: a job id is also the right to cancel.
    id: `job_${randomBytes(20).toString("hex")}`,
    controller: new AbortController(),
    progress: {
      unit: spec.unit,
      done: 0,
      total: spec.total,
      rows: 0,
      duplicates: 0,
      rejected: 0,
      bytes: 0,
      missing: [],
      warnings: [...(spec.warnings ?? [])],
      note: undefined,
    },
    status: "running",
    startedAt: Date.now(),
    finishedAt: undefined,
    fault: undefined,
    stopReason: undefined,
    ending: false,
    detached: false,
    done: ended.promise,
    end: ended.resolve,
    saving: false,
  };
}

export function stop(job: Running, reason: StopReason): void {
  if (job.finishedAt !== undefined || job.stopReason !== undefined) return;
  job.stopReason = reason;
  job.controller.abort(new Fault("CANCELLED", `The fetch was ${reason}.`));
}

export function viewOf(job: Running): JobView {
  return liveView({
    id: job.id,
    kind: job.spec.kind,
    table: job.spec.table,
    status: job.status,
    progress: job.progress,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    fault: job.fault,
  });
}

export function rowOf(job: Running, owner: Owner): JobRow {
  const iso = (time: number) => new Date(time).toISOString();
  const progress = { ...job.progress, owner, error: job.fault && faultData(job.fault) };
  return {
    id: job.id,
    kind: job.spec.kind,
    table_name: job.spec.table,
    status: job.status,
    request: job.spec.request,
    progress,
    pid: process.pid,
    started_at: iso(job.startedAt),
    heartbeat_at: iso(Date.now()),
    finished_at: job.finishedAt === undefined ? null : iso(job.finishedAt),
  };
}
