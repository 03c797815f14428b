/**
 * Durable jobs: work that outlives the call that asked for it. A job runs in this process; its row in `_mp_job` tells
 * other processes, and this one after a restart, what became of it. Nothing resumes by itself.
 */
import { randomBytes } from "node:crypto";
import { Fault } from "../fault.ts";
import { CALL_MS } from "../limits.ts";
import type { JobRow } from "../store/writer.ts";
import { type JobSpec, newJob, type Running, rowOf, stop, viewOf } from "./job-record.ts";
import { isRowAlive, type Owner, pidAlive, readJobRows, thisProcess, viewOfRow } from "./job-rows.ts";
import type { JobView } from "./job-view.ts";
import { type WaitContext, waitFor } from "./job-wait.ts";
import { cleanSpools } from "./spool.ts";
import type { Workspace } from "./workspace.ts";

/** The row is written this often while a job runs, so that others can tell a live job from a dead one. */
const HEARTBEAT_MS = 5_000;
/** Time a closing server leaves a job to stop; its children may be killed at any moment without damage. */
const CLOSE_MS = 1_200;
/** How often the row of another process' job is looked at. */
const ROW_POLL_MS = 500;
/** A client that goes away cancels its calls first; a server that shuts down interrupts its jobs instead of cancelling. */
const ABORT_GRACE_MS = 100;
/** Room for the reply within the time a call may take. */
export const LONGEST_WAIT_MS = CALL_MS - 1_500;

export type { JobControl, JobSpec, StopReason } from "./job-record.ts";
export type { WaitContext } from "./job-wait.ts";

export type Job = {
  readonly id: string;
  readonly table: string;
  readonly done: Promise<void>;
  view(): JobView;
  /** Set when the job failed and left nothing behind. */
  fault(): Fault | undefined;
};

export type Jobs = {
  /** Registers and starts; STORE_BUSY when a live job works on the same table. `call`: of the call that will wait for it. */
  start(spec: JobSpec, call?: AbortSignal): Promise<Job>;
  /** Waits for the end of a job or until the time is up, with progress notices every second. */
  wait(jobId: string, seconds: number, context: WaitContext, options?: { cancelOnAbort?: boolean }): Promise<JobView>;
  /** The jobs of this project, newest first: of this process and, from their rows, of all others. */
  list(): JobView[];
  /** Throws JOB_NOT_FOUND. */
  get(jobId: string): JobView;
  /** Stops a running job, keeps what is stored; a job that has ended is left as it is. */
  cancel(jobId: string): Promise<JobView>;
  /** Throws STORE_BUSY while a live job of any process works on the table. */
  requireFree(table: string): Promise<void>;
  /** Marks jobs of dead processes `interrupted` and removes their spool files. */
  recover(): Promise<void>;
  /** Whether a job of this process is still at work. */
  busy(): boolean;
  close(): Promise<void>;
};

export function createJobs(workspace: () => Workspace): Jobs {
  const owner: Owner = { ...thisProcess(), instance: randomBytes(8).toString("hex") };
  const running = new Map<string, Running>();
  let recovered: Promise<void> | undefined;
  let closed = false;

  const rows = (status?: "running") => readJobRows(workspace().store, status);
  const alive = (row: JobRow) => isRowAlive(row, owner, running.get(row.id)?.status === "running");

  async function save(job: Running): Promise<boolean> {
    try {
      await workspace().store.writer().saveJob(rowOf(job, owner));
      return true;
    } catch (cause) {
      workspace().log.warn(`the row of job ${job.id} could not be saved`, cause);
      return false;
    }
  }

  /** One at a time: the writer may be at work on a chunk for longer than a heartbeat. */
  function beat(job: Running): void {
    if (job.saving) return;
    job.saving = true;
    void save(job).finally(() => {
      job.saving = false;
    });
  }

  /** The end of a job must be written down: with a full disk it is tried again until there is room. */
  async function saveEnd(job: Running): Promise<void> {
    if ((await save(job)) || closed) return;
    setTimeout(() => void saveEnd(job), HEARTBEAT_MS).unref();
  }

  async function requireFree(table: string): Promise<void> {
    // A job that is being cancelled with its call is as good as gone.
    const ending = [...running.values()].filter((job) => job.ending && sameName(job.spec.table, table));
    await Promise.all(ending.map((job) => job.done));
    const busy = rows("running").find((row) => sameName(row.table_name, table) && alive(row));
    if (busy !== undefined) throw busyFault(busy);
  }

  async function start(spec: JobSpec, call?: AbortSignal): Promise<Job> {
    if (call?.aborted) throw new Fault("CANCELLED", "The call was cancelled.");
    if (closed) throw new Fault("CANCELLED", "The server is shutting down.");
    await recover();
    await requireFree(spec.table);
    const job = newJob(spec);
    call?.addEventListener("abort", () => {
      job.ending = !job.detached && givenUp(call);
    });
    running.set(job.id, job);
    try {
      // The first row in the table wins: both processes write theirs, then look for an earlier live one.
      await workspace().store.writer().saveJob(rowOf(job, owner));
      const others = rows("running");
      const rival = others
        .slice(
          0,
          Math.max(
            0,
            others.findIndex((row) => row.id === job.id),
          ),
        )
        .find((row) => sameName(row.table_name, spec.table) && alive(row));
      if (rival !== undefined) throw busyFault(rival);
    } catch (fault) {
      job.status = "failed";
      running.delete(job.id);
      job.end();
      void save(job);
      throw fault;
    }
    void execute(job).finally(job.end);
    return handle(job);
  }

  async function execute(job: Running): Promise<void> {
    const heart = setInterval(() => beat(job), HEARTBEAT_MS);
    const { log } = workspace();
    try {
      await job.spec.run({
        id: job.id,
        signal: job.controller.signal,
        progress: job.progress,
        stopReason: () => job.stopReason,
      });
      job.status = job.progress.missing.length === 0 ? "completed" : (job.stopReason ?? "partial");
    } catch (cause) {
      job.fault = cause instanceof Fault ? cause : new Fault("INTERNAL", "The fetch failed unexpectedly.", { cause });
      if (job.fault.code === "INTERNAL") log.error(`job ${job.id} failed`, cause);
      job.status = job.stopReason ?? "failed";
    } finally {
      clearInterval(heart);
      job.finishedAt = Date.now();
      job.progress.note = undefined;
      workspace().tableChanged(job.spec.table);
      // A closing server has little time; the row of a job it did not get to write reads as interrupted anyway.
      await (closed ? Promise.race([save(job), Bun.sleep(300)]) : saveEnd(job));
    }
  }

  function recover(): Promise<void> {
    recovered ??= (async () => {
      const { store } = workspace();
      await cleanSpools(store.spoolDir, pidAlive);
      for (const row of rows("running")) {
        if (alive(row)) continue;
        await store.writer().saveJob({ ...row, status: "interrupted", finished_at: row.heartbeat_at });
      }
    })().catch((cause: unknown) => {
      recovered = undefined;
      throw cause;
    });
    return recovered;
  }

  function list(): JobView[] {
    const stored = rows().filter((row) => !running.has(row.id));
    const views = [...running.values()].map((job) => viewOf(job));
    return [...views, ...stored.map((row) => viewOfRow(workspace().store, row, alive(row)))].sort((a, b) =>
      a.started_at < b.started_at ? 1 : -1,
    );
  }

  function get(jobId: string): JobView {
    const job = running.get(jobId);
    if (job !== undefined) return viewOf(job);
    const row = rows().find((candidate) => candidate.id === jobId);
    if (row === undefined) throw notFound(jobId);
    return viewOfRow(workspace().store, row, alive(row));
  }

  async function cancel(jobId: string): Promise<JobView> {
    const job = running.get(jobId);
    if (job !== undefined) {
      stop(job, "cancelled");
      await job.done;
      return viewOf(job);
    }
    const view = get(jobId);
    if (view.status === "running") {
      throw new Fault("STORE_BUSY", "The job runs in another copy of this server; only that one can cancel it.", {
        suggestions: ["Cancel it in the client that started it, or close that client: what is stored is kept."],
      });
    }
    return view;
  }

  async function wait(
    jobId: string,
    seconds: number,
    context: WaitContext,
    options: { cancelOnAbort?: boolean } = {},
  ): Promise<JobView> {
    const job = running.get(jobId);
    if (job === undefined) return waitForRow(jobId, seconds, context);
    if (job.finishedAt === undefined) {
      const waitMs = Math.min(seconds * 1000, LONGEST_WAIT_MS);
      const aborted = await waitFor(job, waitMs, context, () => viewOf(job), options.cancelOnAbort);
      if (aborted && options.cancelOnAbort === true && givenUp(context.signal)) {
        job.ending = true;
        await Promise.race([job.done, Bun.sleep(ABORT_GRACE_MS)]);
        stop(job, closed ? "interrupted" : "cancelled");
        await job.done;
      }
      if (aborted) throw new Fault("CANCELLED", "The call was cancelled.");
      job.detached = true;
    }
    return viewOf(job);
  }

  /** A job of another process: its row is all there is to watch. */
  async function waitForRow(jobId: string, seconds: number, { signal, progress }: WaitContext): Promise<JobView> {
    const until = Date.now() + Math.min(seconds * 1000, LONGEST_WAIT_MS);
    for (;;) {
      const view = get(jobId);
      if (view.status !== "running" || Date.now() >= until || signal.aborted) return view;
      const { done, total } = view.days ?? view.pages ?? { done: 0, total: 0 };
      progress(done, total > 0 ? total : undefined, `${done} of ${total} done by another copy of this server`);
      await Bun.sleep(Math.min(ROW_POLL_MS, until - Date.now()));
    }
  }

  async function close(): Promise<void> {
    closed = true;
    const open = [...running.values()].filter((job) => job.finishedAt === undefined);
    for (const job of open) stop(job, "interrupted");
    await Promise.race([Promise.all(open.map((job) => job.done)), Bun.sleep(CLOSE_MS)]);
  }

  const handle = (job: Running): Job => ({
    id: job.id,
    table: job.spec.table,
    done: job.done,
    view: () => viewOf(job),
    fault: () => job.fault,
  });

  const busy = () => [...running.values()].some((job) => job.finishedAt === undefined);

  return { start, wait, list, get, cancel, requireFree, recover, busy, close };
}

/** The client cancelled or went away; a call that merely ran out of its time leaves its job running. */
function givenUp({ reason }: AbortSignal): boolean {
  return !(reason instanceof Fault && reason.code === "LIMIT_EXCEEDED");
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function busyFault(row: JobRow): Fault {
  return new Fault(
    "STORE_BUSY",
    `Table ${JSON.stringify(row.table_name)} is being written by job ${row.id} (process ${row.pid}) since ${row.started_at}.`,
    {
      suggestions: [
        `Wait for it: fetch_status with job_id "${row.id}" and wait_seconds 45.`,
        row.pid === process.pid
          ? "Or stop it with fetch_cancel, or fetch into another table."
          : "Or fetch into another table; only the copy of this server that runs it can cancel it.",
      ],
      details: { job_id: row.id, pid: row.pid, since: row.started_at },
    },
  );
}

function notFound(jobId: string): Fault {
  return new Fault("JOB_NOT_FOUND", `There is no job ${JSON.stringify(jobId.slice(0, 80))} in this project's store.`, {
    suggestions: ["Call fetch_status without job_id to see all jobs."],
  });
}
