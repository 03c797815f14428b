/** The run of an events fetch: chunks downloaded at once by a few workers, stored one after the other by the writer. */
import { Fault } from "../fault.ts";
import type { Download } from "../mixpanel/api.ts";
import { type DateRange, daysIn } from "../mixpanel/dates.ts";
import { exportEvents } from "../mixpanel/export.ts";
import type { TimezoneRule } from "../store/event-time.ts";
import type { TableChange } from "../store/tables.ts";
import { runChunks, Settled } from "./chunk-runner.ts";
import { projectedWarning } from "./fetch-plan.ts";
import type { FetchRequest } from "./fetch-request.ts";
import { countIngest, warnOfStore } from "./ingest-count.ts";
import type { JobControl } from "./jobs.ts";
import { missingRanges, storedChunks } from "./ledger.ts";
import { guessTimezone } from "./old-project.ts";
import { atMost, oneAtATime } from "./pause.ts";
import { patiently, whenFree } from "./quota-wait.ts";
import { subtractRanges } from "./ranges.ts";
import { removeSpool, spoolDownload, spoolPath } from "./spool.ts";
import type { Workspace } from "./workspace.ts";

/** One request: `replace` when its days are stored already. */
export type Task = DateRange & { replace: boolean };

export type FetchRun = { workspace: Workspace; request: FetchRequest; tasks: Task[]; workers: number; job: JobControl };

type Reason = DateRange & { reason: string; fault: Fault };

/** Downloads and stores; throws the cause when nothing could be stored, and leaves no table that was not there before. */
export async function runFetch(run: FetchRun): Promise<void> {
  const { request, job } = run;
  const { progress } = job;
  await openTable(run);
  const reasons: Reason[] = [];
  const done = new Set<Task>();
  const timezone = timezoneRule(run);
  const store = oneAtATime();
  const download = atMost(run.workers);
  const state = { arriving: 0, stored: () => done.size > 0 };
  const stopped = await runChunks<Task>({
    chunks: run.tasks,
    // One more than download at once: it stores while the others download.
    workers: request.filters.limit === undefined ? run.workers + 1 : 1,
    signal: job.signal,
    attempt: (task) => attempt(run, task, { state, timezone, store, download }),
    done(task) {
      done.add(task);
      progress.done += daysIn(task);
      progress.missing = missingNow(run, reasons);
      const large = projectedWarning(progress.rows, progress.done, progress.total, progress.warnings);
      if (large !== undefined) progress.warnings.push(large);
    },
    failed(task, fault) {
      reasons.push(reasonFor(task, fault));
      progress.missing = missingNow(run, reasons);
      progress.warnings.push(
        `${task.fromDate} to ${task.toDate} could not be fetched: ${fault.code}: ${fault.message}`,
      );
    },
  });
  const failed = new Set(reasons.map((reason) => reason.fromDate));
  const untried = run.tasks.filter((task) => !done.has(task) && !failed.has(task.fromDate));
  if (stopped !== undefined) reasons.push(...untried.map((task) => reasonFor(task, stopped)));
  await closeTable(run, reasons, done.size, stopped);
}

/** The catalogue says what is missing before the first byte is asked for: a kill at any moment leaves it true. */
async function openTable({ workspace, request, tasks, job }: FetchRun): Promise<void> {
  const writer = workspace.store.writer();
  const asked = request.asked;
  const stored = request.existing === undefined ? [] : storedChunks(workspace.store, request.table);
  job.progress.missing = missingRanges(asked, stored);
  if (tasks.length === 0) return;
  const change = {
    from_date: asked[0]?.fromDate ?? null,
    to_date: asked.at(-1)?.toDate ?? null,
    filters: Object.keys(request.filters).length === 0 ? null : request.filters,
    status: "running" as const,
    missing_ranges: job.progress.missing,
  };
  if (request.existing === undefined) {
    await writer.create({ name: request.table, type: "events", timezone: "UTC", ...change });
    workspace.tableChanged(request.table);
  } else await writer.update(request.table, change);
}

type Shared = {
  /** `arriving`: chunks that Mixpanel has begun to send and that are not stored yet. */
  state: { arriving: number; stored(): boolean };
  timezone(spool: { path: string; encoding: "gzip" | "identity" }): Promise<TimezoneRule>;
  store: ReturnType<typeof oneAtATime>;
  download: ReturnType<typeof atMost>;
};

async function attempt(run: FetchRun, task: Task, shared: Shared): Promise<void> {
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
    warnOfLimit(run, limit, result.rows + result.duplicates + result.rejected);
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

function reasonFor(range: DateRange, fault: Fault): Reason {
  return { fromDate: range.fromDate, toDate: range.toDate, reason: `${fault.code}: ${fault.message}`, fault };
}

/** What this job still owes: days that are not stored, and stored days whose second download failed. */
function missingNow({ workspace, request, tasks }: FetchRun, reasons: readonly Reason[]) {
  const failedAgain = reasons.filter((reason) =>
    tasks.some((task) => task.replace && task.fromDate === reason.fromDate),
  );
  const stored = subtractRanges(storedChunks(workspace.store, request.table), failedAgain);
  return missingRanges(request.asked, stored, reasons);
}

/** Leaves the catalogue true: complete, partial with reasons, or no table at all when nothing was stored. */
async function closeTable(run: FetchRun, reasons: Reason[], stored: number, stopped: Fault | undefined): Promise<void> {
  const { workspace, request, tasks, job } = run;
  if (tasks.length === 0) return;
  const writer = workspace.store.writer();
  const failed = stored === 0 && job.stopReason() !== "interrupted" ? (stopped ?? reasons[0]?.fault) : undefined;
  if (failed !== undefined) {
    await undoTable(run);
    throw failed;
  }
  job.progress.missing = missingNow(run, reasons);
  const missing = missingRanges(request.asked, storedChunks(workspace.store, request.table), reasons);
  await describeTable(run, {
    status: missing.length === 0 ? "complete" : "partial",
    missing_ranges: missing,
    ...(stored === 0 ? {} : { fetched_at: `${new Date().toISOString().slice(0, 19)}Z` }),
  });
  if (job.signal.aborted) return;
  if (request.existing === undefined && job.progress.rows === 0) job.progress.warnings.push(nothingFound(run));
  job.progress.note = "Computing statistics.";
  await writer.finish(request.table).catch((fault: unknown) => warnOfStore(run.job, fault));
}

/** What is stored is stored: a disk that is full now may keep the catalogue from saying so, and the ledger says it anyway. */
async function describeTable(run: FetchRun, change: TableChange): Promise<void> {
  const writer = run.workspace.store.writer();
  await writer.update(run.request.table, change).catch((fault: unknown) => warnOfStore(run.job, fault));
}

/** An empty answer is no error to Mixpanel, and usually a name that is written differently. */
function nothingFound({ workspace, request }: FetchRun): string {
  const { events, where } = request.filters;
  if (events === undefined)
    return where === undefined ? "There are no events in these days." : "No event of these days matches the filter.";
  const near = [...new Set(events.flatMap((event) => workspace.discovery.nearest(event)))].filter(
    (name) => !events.includes(name),
  );
  const hint =
    near.length === 0
      ? "list_events shows the names there are"
      : `did you mean ${near
          .slice(0, 5)
          .map((name) => JSON.stringify(name))
          .join(", ")}`;
  return `No events found: names are case-sensitive; ${hint}.`;
}

/** Nothing was stored: the table is as it was before, or is not. */
async function undoTable(run: FetchRun): Promise<void> {
  const { existing, table } = run.request;
  run.job.progress.missing = [];
  if (existing !== undefined) {
    const { from_date, to_date, status, missing_ranges, filters } = existing;
    return describeTable(run, { from_date, to_date, status, missing_ranges, filters });
  }
  const { store } = run.workspace;
  await store
    .writer()
    .drop([table])
    .catch((fault: unknown) => warnOfStore(run.job, fault));
}

/** Everything a plan downloads: missing days as planned, stored chunks again as they are. */
export function tasksOf(chunks: readonly DateRange[], replaced: readonly DateRange[]): Task[] {
  return [
    ...chunks.map((chunk) => ({ ...chunk, replace: false })),
    ...replaced.map((chunk) => ({ ...chunk, replace: true })),
  ].sort((a, b) => (a.fromDate < b.fromDate ? -1 : 1));
}
