/** The run of a profiles fetch: page 0 opens a result set, the other pages of it are downloaded a few at once. */
import { Fault } from "../fault.ts";
import type { Download } from "../mixpanel/api.ts";
import { downloadProfiles, idOf, type ProfilePage, type ProfileQuery } from "../mixpanel/engage.ts";
import type { TableChange, TableInfo } from "../store/tables.ts";
import type { IngestResult } from "../store/writer.ts";
import { runChunks, Settled } from "./chunk-runner.ts";
import { countIngest, warnOfStore } from "./ingest-count.ts";
import type { Progress } from "./job-view.ts";
import type { JobControl } from "./jobs.ts";
import { atMost, oneAtATime } from "./pause.ts";
import { readHead } from "./profile-page.ts";
import type { ProfileFilters } from "./profile-request.ts";
import { patiently, whenFree } from "./quota-wait.ts";
import { removeSpool, spoolDownload, spoolPath } from "./spool.ts";
import type { Workspace } from "./workspace.ts";

export type ProfileRun = {
  workspace: Workspace;
  table: string;
  existing: TableInfo | undefined;
  filters: ProfileFilters;
  queries: ProfileQuery[];
  workers: number;
  job: JobControl;
};

/** `first`: number of the query's page 0 in the table's ledger. */
type Session = { query: ProfileQuery; first: number; sessionId: string | undefined };

type State = {
  run: ProfileRun;
  store: ReturnType<typeof oneAtATime>;
  download: ReturnType<typeof atMost>;
  stored: number;
  failures: { page: number; fault: Fault }[];
};

/** Throws the cause when nothing could be stored, and leaves no table that was not there before. */
export async function runProfiles(run: ProfileRun): Promise<void> {
  if (run.queries.length === 0) return;
  await openTable(run);
  const state: State = { run, store: oneAtATime(), download: atMost(run.workers), stored: 0, failures: [] };
  let stopped: Fault | undefined;
  let first = 0;
  for (const query of run.queries) {
    const outcome = await fetchQuery(state, query, first);
    first = outcome.next;
    stopped = outcome.stopped;
    if (stopped !== undefined) break;
  }
  await closeTable(state, stopped);
}

type Outcome = { next: number; stopped: Fault | undefined };

/** One result set, all its pages; a session that went stale is opened again once. */
async function fetchQuery(state: State, query: ProfileQuery, first: number): Promise<Outcome> {
  for (let restarts = 0; ; restarts++) {
    const before = { done: state.run.job.progress.done, total: state.run.job.progress.total };
    const outcome = await fetchSession(state, query, first);
    if (outcome.stopped === undefined || !isStale(outcome.stopped) || restarts > 0) return outcome;
    Object.assign(state.run.job.progress, before);
    state.failures = state.failures.filter(({ fault }) => !isStale(fault));
    state.run.job.progress.warnings.push(
      "Mixpanel dropped the result set half-way; it was downloaded again from its first page.",
    );
  }
}

function isStale(fault: Fault): boolean {
  return fault.code === "QUERY_INVALID" && /uncached query/i.test(fault.message);
}

async function fetchSession(state: State, query: ProfileQuery, first: number): Promise<Outcome> {
  const { progress } = state.run.job;
  let head: ProfilePage | undefined;
  const opened = await runPages(state, [0], first, async (page) => {
    const fetched = await fetchPage(state, { query, first, sessionId: undefined }, page, true);
    head = fetched.head;
    return true;
  });
  if (opened !== undefined || head === undefined)
    return { next: first + 1, stopped: opened ?? state.failures.at(-1)?.fault };
  const session: Session = { query, first, sessionId: head.sessionId };
  const pages = pageCount(head);
  progress.total += Math.max(1, pages ?? 1);
  progress.done++;
  if (pages === undefined) return inOrder(state, session, head);
  const outcome = await atOnce(state, session, head, pages);
  if (outcome.stopped === undefined) warnOfFewer(progress, head.total);
  return outcome;
}

/** Small differences are normal while data changes; nothing is dropped silently. */
function warnOfFewer(progress: Progress, announced: number | undefined): void {
  const came = progress.rows + progress.duplicates + progress.rejected;
  if (announced === undefined || came >= announced) return;
  progress.warnings.push(`Mixpanel announced ${announced} profiles, ${came} came: normal while profiles change.`);
}

function sizeOf({ pageSize, results }: ProfilePage): number {
  return Math.max(1, pageSize > 0 ? pageSize : results);
}

/** undefined: the reply does not say how many profiles there are. */
function pageCount(head: ProfilePage): number | undefined {
  const { total, results, sessionId } = head;
  if (results === 0 || sessionId === undefined) return 1;
  const size = sizeOf(head);
  if (total === undefined) return results < size ? 1 : undefined;
  return Math.max(1, Math.ceil(total / size));
}

/** With a known total: all pages, a few at once, unless one turns out empty or only repeats what is stored. */
async function atOnce(state: State, session: Session, head: ProfilePage, pages: number): Promise<Outcome> {
  const { progress } = state.run.job;
  let last = head.results;
  // In a table that was there before, a page without new profiles says nothing.
  const firstTime = state.run.existing === undefined;
  let end = pages;
  const rest = Array.from({ length: pages - 1 }, (_, index) => index + 1);
  const stopped = await runPages(state, rest, session.first, async (page) => {
    if (page >= end) return false;
    const { result } = await fetchPage(state, session, page, false);
    if (page === pages - 1) last = resultsIn(result);
    if (resultsIn(result) === 0 || (firstTime && result.rows === 0 && result.rejected === 0)) end = Math.min(end, page);
    return true;
  });
  progress.total -= pages - end;
  progress.done = Math.min(progress.done, progress.total);
  const size = sizeOf(head);
  // The last page should have been short: there are more profiles by now than were announced.
  const more = stopped === undefined && end === pages && last >= size && (head.total ?? 0) % size !== 0;
  return more ? beyond(state, session, pages, size) : { next: session.first + pages, stopped };
}

/** Pages nobody announced: one after the other until one is short or brings nothing new. */
async function beyond(state: State, session: Session, from: number, size: number): Promise<Outcome> {
  for (let page = from; ; page++) {
    let last: IngestResult | undefined;
    state.run.job.progress.total++;
    const stopped = await runPages(state, [page], session.first, async (number) => {
      last = (await fetchPage(state, session, number, false)).result;
      return true;
    });
    if (stopped !== undefined || last === undefined || last.rows === 0 || resultsIn(last) < size)
      return { next: session.first + page + 1, stopped };
  }
}

/** Without a total: one page after the other until one is short, empty, or only repeats ids that came before. */
async function inOrder(state: State, session: Session, opening: ProfilePage): Promise<Outcome> {
  const { progress } = state.run.job;
  const size = sizeOf(opening);
  const seen = new Set(opening.profiles.map(idOf));
  for (let page = 1; ; page++) {
    let head: ProfilePage | undefined;
    progress.total++;
    const stopped = await runPages(state, [page], session.first, async (number) => {
      head = (await fetchPage(state, session, number, true)).head;
      return true;
    });
    const known = seen.size;
    for (const profile of head?.profiles ?? []) seen.add(idOf(profile));
    const ended = head === undefined || head.results < size || seen.size === known;
    if (stopped !== undefined || ended) return { next: session.first + page + 1, stopped };
  }
}

/** `ask` says whether the page was asked for at all. */
function runPages(
  state: State,
  pages: number[],
  first: number,
  ask: (page: number) => Promise<boolean>,
): Promise<Fault | undefined> {
  const { job, workers } = state.run;
  return runChunks<number>({
    queue: [...pages],
    workers: workers + 1,
    signal: job.signal,
    attempt: async (page) => {
      if ((await ask(page)) && page > 0) job.progress.done++;
    },
    done: () => {
      state.stored++;
    },
    failed: (page, fault) => {
      state.failures.push({ page: first + page, fault });
      if (isStale(fault)) return false;
      job.progress.warnings.push(`Page ${first + page} could not be fetched: ${fault.code}: ${fault.message}`);
    },
  });
}

async function fetchPage(
  state: State,
  session: Session,
  page: number,
  read: boolean,
): Promise<{ head: ProfilePage | undefined; result: IngestResult }> {
  const { workspace, table, job } = state.run;
  const path = spoolPath(workspace.store.spoolDir, job.id, `page-${session.first + page}`);
  try {
    const { encoding } = await state.download(async () => {
      const download = await openPage(state, session, page);
      await spoolDownload(download, path, {
        signal: job.signal,
        onBytes: (bytes) => {
          job.progress.bytes += bytes;
        },
      });
      return download;
    });
    const head = read ? await readHead(path, encoding) : undefined;
    const result = await state.store(() =>
      whenFree(
        () =>
          workspace.store
            .writer()
            .ingestProfiles({ table, jobId: job.id, page: session.first + page, path, encoding }, job.signal),
        job,
      ),
    );
    countIngest(job.progress, result);
    return { head, result };
  } finally {
    await removeSpool(path);
  }
}

function resultsIn(result: IngestResult): number {
  return result.results ?? result.rows + result.duplicates + result.rejected;
}

async function openPage(state: State, { query, sessionId }: Session, page: number): Promise<Download> {
  const { workspace, job } = state.run;
  try {
    return await patiently(() => downloadProfiles(workspace.api(), query, { page, sessionId }, job.signal, true), {
      job,
      stored: () => state.stored > 0,
      others: () => false,
    });
  } catch (error) {
    throw error instanceof Fault ? new Settled(error) : error;
  }
}

async function openTable({ workspace, table, existing, filters }: ProfileRun): Promise<void> {
  const writer = workspace.store.writer();
  // Until the end the table is not complete, however the process ends.
  const missing = [{ from_date: "page 0", to_date: "last page", reason: "the fetch did not end" }];
  if (existing !== undefined) return writer.update(table, { status: "running", missing_ranges: missing });
  const kept = Object.keys(filters).length === 0 ? null : filters;
  await writer.create({ name: table, type: "profiles", filters: kept, status: "running", missing_ranges: missing });
  workspace.tableChanged(table);
}

async function closeTable({ run, stored, failures }: State, stopped: Fault | undefined): Promise<void> {
  const { workspace, table, existing, job } = run;
  const writer = workspace.store.writer();
  const fault = stopped ?? failures[0]?.fault;
  if (stored === 0 && fault !== undefined && job.stopReason() !== "interrupted") {
    const undone =
      existing === undefined
        ? writer.drop([table])
        : writer.update(table, { status: existing.status, missing_ranges: existing.missing_ranges });
    await undone.catch((cause: unknown) => warnOfStore(job, cause));
    throw fault;
  }
  const missing = failures.map(({ page, fault: reason }) => named(page, reason));
  if (stopped !== undefined && failures.length === 0)
    missing.push({ ...named(job.progress.done, stopped), to_date: "last page" });
  job.progress.missing = missing;
  const change: TableChange = {
    status: missing.length === 0 ? "complete" : "partial",
    missing_ranges: missing,
    fetched_at: `${new Date().toISOString().slice(0, 19)}Z`,
  };
  await writer.update(table, change).catch((cause: unknown) => warnOfStore(job, cause));
  if (job.signal.aborted) return;
  job.progress.note = "Computing statistics.";
  await writer.finish(table).catch((cause: unknown) => warnOfStore(job, cause));
}

/** Pages have no dates; the ranges of replies name them all the same. */
function named(page: number, fault: Fault) {
  return { from_date: `page ${page}`, to_date: `page ${page}`, reason: `${fault.code}: ${fault.message}` };
}
