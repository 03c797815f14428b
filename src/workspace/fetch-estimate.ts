/** How many events a fetch will bring, from Mixpanel's own counts: one or two queries, never in the way of the fetch. */
import { Fault, type FaultCode } from "../fault.ts";
import { FETCH_WARN_DAYS } from "../limits.ts";
import type { DateRange } from "../mixpanel/dates.ts";
import { eventCounts } from "../mixpanel/event-counts.ts";
import type { DayCounts } from "./fetch-plan.ts";
import type { EventFilters } from "./fetch-request.ts";
import { countDays } from "./ranges.ts";
import type { Workspace } from "./workspace.ts";

/** Names in one counting query: more do not fit in a URL. */
const MAX_NAMES = 150;
const MAX_NAME_CHARS = 6_000;
/** An estimate nobody asked for costs a query only when this many are left. */
const COMFORTABLE_QUERIES = 20;
/** And it may hold up the fetch only this long. */
const UNASKED_MS = 5_000;
const ASKED_MS = 30_000;

export type Counted = {
  counts: DayCounts;
  rows: number;
  /** What the figure leaves out or cannot know. */
  notes: string[];
};

/** The export would fail the same way, or the call is over: no estimate without the count. */
const FATAL = new Set<FaultCode>(["CONFIG_MISSING", "CONFIG_INVALID", "AUTH_FAILED", "QUERY_INVALID", "CANCELLED"]);

/**
 * Events per day. `asked`: the caller wants an estimate; else it is tried for long ranges only, while queries are
 * plentiful. undefined when it was not worth it or did not work; `uncounted` is told why an asked one did not: the export
 * does not need the Query API, which a plan may lack and whose hour may be used up.
 */
export async function countEvents(
  workspace: Workspace,
  ranges: readonly DateRange[],
  filters: EventFilters,
  options: { asked: boolean; signal: AbortSignal; uncounted?(why: string): void },
): Promise<Counted | undefined> {
  const range = envelope(ranges);
  if (range === undefined) return { counts: new Map(), rows: 0, notes: [] };
  if (!options.asked) {
    const { used, limit } = workspace.api().quota().query;
    if (countDays(ranges) <= FETCH_WARN_DAYS || limit - used < COMFORTABLE_QUERIES) return undefined;
  }
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.asked ? ASKED_MS : UNASKED_MS)]);
  try {
    return await count(workspace, range, filters, signal);
  } catch (cause) {
    if (options.asked && (!(cause instanceof Fault) || (FATAL.has(cause.code) && !signal.aborted))) throw cause;
    if (options.signal.aborted) throw cause;
    if (cause instanceof Fault) options.uncounted?.(`${cause.code}: ${cause.message}`);
    workspace.log.debug(`no estimate: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
}

async function count(
  workspace: Workspace,
  range: DateRange,
  filters: EventFilters,
  signal: AbortSignal,
): Promise<Counted> {
  const names = filters.events ?? (await workspace.discovery.eventNames({ days: 31, signal }));
  const asked = fitting(names);
  const notes: string[] = [];
  if (asked.length < names.length)
    notes.push(`Counted for ${asked.length} of ${names.length} event names: the real number is larger.`);
  if (filters.where !== undefined) notes.push("The count ignores the where filter: the real number is smaller.");
  const counts = new Map<string, number>();
  if (asked.length > 0) {
    const { values } = await eventCounts(
      workspace.api(),
      { ...range, events: asked, unit: "day", type: "general" },
      signal,
    );
    for (const days of values.values()) {
      for (const [day, amount] of days) counts.set(day, (counts.get(day) ?? 0) + (amount ?? 0));
    }
  }
  let rows = 0;
  for (const amount of counts.values()) rows += amount;
  return { counts, rows, notes };
}

function fitting(names: readonly string[]): string[] {
  const taken: string[] = [];
  let chars = 0;
  for (const name of names) {
    chars += encodeURIComponent(name).length + 9;
    if (taken.length === MAX_NAMES || (taken.length > 0 && chars > MAX_NAME_CHARS)) break;
    taken.push(name);
  }
  return taken;
}

function envelope(ranges: readonly DateRange[]): DateRange | undefined {
  const first = ranges[0];
  const last = ranges.at(-1);
  return first === undefined || last === undefined ? undefined : { fromDate: first.fromDate, toDate: last.toDate };
}
