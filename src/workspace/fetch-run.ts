/** The run of an events fetch: chunks downloaded at once by a few workers, stored one after the other by the writer. */
import { Fault } from "../fault.ts";
import type { Download } from "../mixpanel/api.ts";
import { daysIn } from "../mixpanel/dates.ts";
import { exportEvents } from "../mixpanel/export.ts";
import type { TimezoneRule } from "../store/event-time.ts";
import { type ChunkRun, runChunks, Settled } from "./chunk-runner.ts";
import { FEW_DAYS, halves, mergeQuiet, type Task } from "./fetch-plan.ts";
import { projectedWarning } from "./fetch-size.ts";
import { closeTable, type FetchRun, missingNow, openTable, type Reason, reasonFor, untried } from "./fetch-table.ts";
import { createTurns } from "./fetch-turns.ts";
import { countIngest } from "./ingest-count.ts";
import { guessTimezone } from "./old-project.ts";
import { atMost, oneAtATime } from "./pause.ts";
import { patiently, whenFree } from "./quota-wait.ts";
import { countDays, describeRange } from "./ranges.ts";
import { removeSpool, spoolDownload, spoolPath } from "./spool.ts";

/** A broken stream of several days is asked for in halves after this. */
const ATTEMPTS_TOGETHER = 2;
const ATTEMPTS_ALONE = 3;

/** Downloads and stores; throws the cause when nothing could be stored, and leaves no table that was not there before. */
export async function runFetch(run: FetchRun): Promise<void> {
  await openTable(run);
  const outcome: Outcome = { stored: 0, reasons: [] };
  const stopped = await runChunks(chunksOf(run, outcome));
  if (stopped !== undefined) outcome.reasons.push(...untried(run, outcome.reasons, stopped));
  await closeTable(run, outcome.reasons, outcome.stored, stopped);
}

type Outcome = { stored: number; reasons: Reason[] };

function chunksOf(run: FetchRun, outcome: Outcome): ChunkRun<Task> {
  const { request, job } = run;
  const { progress } = job;
  const queue = [...run.tasks];
  const merges = request.filters.limit === undefined;
  const turns = createTurns(run.uncounted && merges && countDays(queue) > FEW_DAYS, job.signal);
  const shared: Shared = {
    state: { arriving: 0, stored: () => outcome.stored > 0 },
    timezone: timezoneRule(run),
    store: oneAtATime(),
    download: atMost(run.workers),
  };
  let busiest = 0;
  return {
    queue,
    // One more than download at once: it stores while the others download.
    workers: merges ? run.workers + 1 : 1,
    signal: job.signal,
    turn: () => turns.next(),
    attempts: (task) => (daysIn(task) > 1 ? ATTEMPTS_TOGETHER : ATTEMPTS_ALONE),
    async attempt(task) {
      const received = await attempt(run, task, shared);
      busiest = Math.max(busiest, received / daysIn(task));
    },
    done(task) {
      outcome.stored++;
      progress.done += daysIn(task);
      if (merges) queue.splice(0, queue.length, ...mergeQuiet(queue, busiest, run.today));
      turns.measured();
      progress.missing = missingNow(run, outcome.reasons);
      const large = projectedWarning(progress.rows, progress.done, progress.total, progress.warnings);
      if (large !== undefined) progress.warnings.push(large);
    },
    failed(task, fault) {
      if (fault.code === "UPSTREAM_TRUNCATED" && daysIn(task) > 1 && !task.replace && merges) {
        queue.unshift(...halves(task));
        return true;
      }
      giveUp(run, outcome, task, fault);
      return false;
    },
  };
}

function giveUp(run: FetchRun, { reasons }: Outcome, task: Task, fault: Fault): void {
  const { progress } = run.job;
  reasons.push(reasonFor(task, fault));
  progress.missing = missingNow(run, reasons);
  progress.warnings.push(`${describeRange(task)} could not be fetched: ${fault.code}: ${fault.message}`);
}

type Shared = {
  /** `arriving`: chunks that Mixpanel has begun to send and that are not stored yet. */
  state: { arriving: number; stored(): boolean };
  timezone(spool: { path: string; encoding: "gzip" | "identity" }): Promise<TimezoneRule>;
  store: ReturnType<typeof oneAtATime>;
  download: ReturnType<typeof atMost>;
};

/** Returns the events that came, duplicates and rejected lines included. */
async function attempt(run: FetchRun, task: Task, shared: Shared): Promise<number> {
  const { workspace, request, job } = run;
  const path = spoolPath(workspace.store.spoolDir, job.id, `${task.fromDate}-${task.toDate}`);
  const limit = limitLeft(run);
  if (limit !== undefined && limit <= 0) throw new Settled(limitReached(request.filters.limit ?? 0));
  let arriving = 0;
  try {
    const { encoding, framing } = await shared.download(async () => {
      const download = await openDownload(run, task, limit, shared.state);
      arriving = 1;
      shared.state.arriving++;
      await spoolDownload(download, path, {
        signal: job.signal,
        onBytes: (bytes) => {
          job.progress.bytes += bytes;
        },
      });
      return download;
    });
    const result = await shared.store(async () => {
      const { fromDate, toDate, replace } = task;
      const timezone = await shared.timezone({ path, encoding });
      const chunk = {
        table: request.table,
        jobId: job.id,
        fromDate,
        toDate,
        path,
        encoding,
        framing,
        timezone,
        replace,
      };
      return whenFree(() => workspace.store.writer().ingestEvents(chunk, job.signal), job);
    });
    countIngest(job.progress, result);
    const received = result.rows + result.duplicates + result.rejected;
    warnOfLimit(run, limit, received);
    return received;
  } finally {
    shared.state.arriving -= arriving;
    await removeSpool(path);
  }
}

/** A request that fails before its body has been tried enough by the client: the chunk is settled. */
async function openDownload(
  run: FetchRun,
  task: Task,
  limit: number | undefined,
  state: Shared["state"],
): Promise<Download> {
  const { request, job, workspace } = run;
  const query = {
    fromDate: task.fromDate,
    toDate: task.toDate,
    events: request.filters.events,
    where: request.filters.where,
    limit,
  };
  try {
    return await patiently(() => exportEvents(workspace.api(), query, job.signal, true), {
      job,
      others: () => state.arriving > 0,
      stored: state.stored,
    });
  } catch (error) {
    throw error instanceof Fault ? new Settled(error) : error;
  }
}

/** Events that may still be asked for; undefined without a limit. */
function limitLeft({ request, job }: FetchRun): number | undefined {
  if (request.filters.limit === undefined) return undefined;
  const { rows, duplicates, rejected } = job.progress;
  return request.filters.limit - rows - duplicates - rejected;
}

function limitReached(limit: number): Fault {
  return new Fault("LIMIT_EXCEEDED", `the limit of ${limit} events was reached before these days`);
}

function warnOfLimit({ request, job }: FetchRun, limit: number | undefined, received: number): void {
  if (limit === undefined || received < limit) return;
  job.progress.warnings.push(
    `The limit of ${request.filters.limit} events was reached: which events Mixpanel sends then is arbitrary. The table is a sample, do not read totals from it.`,
  );
}

/** Decided once, by the first chunk that has enough events, and kept with the table; a table that is there has its rule. */
function timezoneRule({ workspace, request, job }: FetchRun): Shared["timezone"] {
  const kept = request.existing?.timezone;
  let decided: TimezoneRule | undefined;
  if (kept !== undefined && kept !== null) decided = kept === "UTC" ? { kind: "utc" } : { kind: "local", zone: kept };
  return async (spool) => {
    if (decided !== undefined) return decided;
    const guess = await guessTimezone(spool, () => workspace.discovery.timezone().catch(() => undefined));
    if (guess === undefined) return { kind: "utc" };
    decided = guess;
    if (guess.kind === "local") {
      await workspace.store.writer().update(request.table, { timezone: guess.zone });
      job.progress.warnings.push(
        `Event times came as wall-clock times of ${guess.zone}, as projects from before 2023 send them; event_time is converted to UTC.`,
      );
    }
    return guess;
  };
}
