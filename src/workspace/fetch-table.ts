/** What the catalogue says of a table while it is fetched, and afterwards: always what the ledger can prove. */
import type { Fault } from "../fault.ts";
import type { DateRange } from "../mixpanel/dates.ts";
import type { TableChange } from "../store/tables.ts";
import type { Task } from "./fetch-plan.ts";
import type { FetchRequest } from "./fetch-request.ts";
import { warnOfStore } from "./ingest-count.ts";
import type { JobControl } from "./jobs.ts";
import { missingRanges, storedChunks } from "./ledger.ts";
import { intersectRanges, subtractRanges } from "./ranges.ts";
import type { Workspace } from "./workspace.ts";

export type FetchRun = {
  workspace: Workspace;
  request: FetchRequest;
  tasks: Task[];
  workers: number;
  /** Nobody could say how many events there are. */
  uncounted: boolean;
  /** Not over yet, so that its request stays alone. */
  today: string;
  job: JobControl;
};

export type Reason = DateRange & { reason: string; fault: Fault };

/** The catalogue says what is missing before the first byte is asked for: a kill at any moment leaves it true. */
export async function openTable({ workspace, request, tasks, job }: FetchRun): Promise<void> {
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

/** What a run that was stopped had not come to. */
export function untried(
  { tasks, workspace, request, job }: FetchRun,
  reasons: readonly Reason[],
  stopped: Fault,
): Reason[] {
  const stored = storedChunks(workspace.store, request.table).filter(({ jobId }) => jobId === job.id);
  return subtractRanges(tasks, [...reasons, ...stored]).map((range) => reasonFor(range, stopped));
}

export function reasonFor(range: DateRange, fault: Fault): Reason {
  return { fromDate: range.fromDate, toDate: range.toDate, reason: `${fault.code}: ${fault.message}`, fault };
}

/** What this job still owes: days that are not stored, and stored days whose second download failed. */
export function missingNow({ workspace, request, tasks }: FetchRun, reasons: readonly Reason[]) {
  const again = tasks.filter((task) => task.replace);
  const failedAgain = intersectRanges(reasons, again);
  const stored = subtractRanges(storedChunks(workspace.store, request.table), failedAgain);
  return missingRanges(request.asked, stored, reasons);
}

/** Leaves the catalogue true: complete, partial with reasons, or no table at all when nothing was stored. */
export async function closeTable(
  run: FetchRun,
  reasons: Reason[],
  stored: number,
  stopped: Fault | undefined,
): Promise<void> {
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
