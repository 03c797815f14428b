/** fetch_events from request to reply: check, plan, estimate, start the job, wait as long as the caller wants. */
import { isDay, resolveDay, todayIn } from "../mixpanel/dates.ts";
import { type Counted, countEvents } from "./fetch-estimate.ts";
import { chooseWorkers, planChunks, type Task, tasksOf } from "./fetch-plan.ts";
import { type FetchEventsArgs, type FetchRequest, readFetchRequest } from "./fetch-request.ts";
import { runFetch } from "./fetch-run.ts";
import { type Estimate, estimate, sizeWarnings } from "./fetch-size.ts";
import type { JobView } from "./job-view.ts";
import { LONGEST_WAIT_MS, type WaitContext } from "./jobs.ts";
import { countDays, describeRange, joinRanges } from "./ranges.ts";
import type { Workspace } from "./workspace.ts";

export type EstimateView = Omit<
  JobView,
  "job_id" | "kind" | "status" | "started_at" | "rows_per_second" | "seconds_left"
> & {
  job_id: null;
  status: "estimated";
  estimate: Estimate;
};

/**
 * Starts the job and waits up to `wait_seconds`; the job then goes on by itself. A call that is cancelled while it waits
 * takes its job with it: finished days stay, the unfinished one goes. Throws the cause when nothing could be stored.
 */
export async function fetchEvents(
  workspace: Workspace,
  args: FetchEventsArgs,
  context: WaitContext,
): Promise<JobView | EstimateView> {
  const startedAt = Date.now();
  workspace.api();
  await workspace.jobs.recover();
  if (!args.estimate_only) await workspace.jobs.requireFree(args.table);
  const request = readFetchRequest(workspace.store, await withDays(workspace, args, context.signal), utcToday());
  const uncounted: string[] = [];
  const counted = await countEvents(workspace, joinRanges([...request.missing, ...request.replaced]), request.filters, {
    asked: args.estimate_only,
    signal: context.signal,
    uncounted: (why) => uncounted.push(`The events could not be counted: ${why}`),
  });
  const plan = makePlan(workspace, request, args, counted);
  if (args.estimate_only) return estimateView([...echoedDays(args, request), ...uncounted], request, plan);
  const job = await workspace.jobs.start(
    {
      kind: "events",
      table: request.table,
      request: { ...args },
      unit: "days",
      total: countDays(plan.tasks),
      warnings: [...echoedDays(args, request), ...request.warnings, ...plan.warnings],
      run: (control) => runFetch({ workspace, request, ...plan, today: utcToday(), job: control }),
    },
    context.signal,
  );
  const waitSeconds = Math.min(args.wait_seconds, LONGEST_WAIT_MS / 1000) - (Date.now() - startedAt) / 1000;
  const view = await workspace.jobs.wait(job.id, Math.max(0, waitSeconds), context, { cancelOnAbort: true });
  const fault = job.fault();
  if (view.status === "failed" && fault !== undefined) throw fault;
  return view;
}

/** Days of the export are UTC days, for projects since 2023; what is `today` in words is the project's. */
function utcToday(): string {
  return todayIn("UTC", new Date());
}

async function withDays(workspace: Workspace, args: FetchEventsArgs, signal: AbortSignal): Promise<FetchEventsArgs> {
  const { from_date, to_date } = args;
  const inWords = [from_date, to_date].some((text) => text !== undefined && !isDay(text.trim()));
  if (!inWords) return args;
  const today = await workspace.discovery.today(signal);
  const day = (text: string | undefined, name: string) =>
    text === undefined ? undefined : resolveDay(text, today, name);
  return { ...args, from_date: day(from_date, "from_date"), to_date: day(to_date, "to_date") };
}

/** Which days words came to. */
function echoedDays({ from_date, to_date }: FetchEventsArgs, { range }: FetchRequest): string[] {
  if (range === undefined || [from_date, to_date].every((text) => text === undefined || isDay(text.trim()))) return [];
  return [`Days: ${describeRange(range)}.`];
}

type Plan = { tasks: Task[]; workers: number; size: Estimate; uncounted: boolean; warnings: string[] };

function makePlan(
  workspace: Workspace,
  request: FetchRequest,
  args: FetchEventsArgs,
  counted: Counted | undefined,
): Plan {
  const { used, limit } = workspace.api().quota().export;
  const quotaLeft = Math.max(0, limit - used);
  const chunks = planChunks({
    ranges: request.missing,
    quotaLeft: Math.max(0, quotaLeft - request.replaced.length),
    counts: counted?.counts,
    today: utcToday(),
    limit: request.filters.limit,
  });
  const tasks = tasksOf(chunks, request.replaced);
  const days = countDays(tasks);
  const workers = request.filters.limit === undefined ? chooseWorkers(days, args.parallel, args.workers) : 1;
  const rows =
    request.filters.limit === undefined
      ? counted?.rows
      : Math.min(counted?.rows ?? request.filters.limit, request.filters.limit);
  const size = estimate(tasks, rows, { quotaLeft, workers: args.workers, bytesPerEvent: bytesPerEvent(request) });
  const warnings = sizeWarnings(size, {
    parallel: workers > 1,
    filtered: request.filters.where !== undefined,
    always: args.estimate_only,
  });
  if (counted !== undefined && warnings.length > 0) warnings.push(...counted.notes);
  return { tasks, workers, size, uncounted: counted === undefined, warnings };
}

/** What events of this project take in the store, where some are stored already. */
function bytesPerEvent({ existing }: FetchRequest): number | undefined {
  if (existing === undefined || existing.row_count < 1_000) return undefined;
  return existing.size_bytes / existing.row_count;
}

function estimateView(echoed: string[], request: FetchRequest, { size, warnings, workers }: Plan): EstimateView {
  const minutes = workers > 1 ? size.minutes_parallel : size.minutes;
  return {
    job_id: null,
    status: "estimated",
    table: request.table,
    rows: size.rows ?? 0,
    duplicates: 0,
    rejected: 0,
    days: { done: 0, total: size.days },
    missing_ranges: joinRanges([...request.missing]).map(({ fromDate, toDate }) => ({
      from_date: fromDate,
      to_date: toDate,
    })),
    seconds: Math.round((minutes ?? 0) * 60),
    bytes: size.bytes ?? 0,
    warnings: [...echoed, ...request.warnings, ...warnings],
    next: "Nothing was fetched. Call again without estimate_only to start.",
    estimate: size,
  };
}
