/** What a live query needs before it asks (what today is) and after it was answered (`meta`). */
import type { Api } from "../mixpanel/api.ts";
import { type DateRange, inProgress, partlyCovered, todayIn, type Unit } from "../mixpanel/dates.ts";
import { liveMeta, type Meta } from "./meta.ts";
import type { Workspace } from "./workspace.ts";

export type LiveFacts = {
  range?: DateRange;
  /** Size and labels of the answer's buckets, to name the unfinished ones. */
  unit?: Unit;
  labels?: readonly string[];
  /** Labels known to be unfinished for other reasons than their unit. */
  open?: readonly string[];
  notes?: readonly string[];
  computedAt?: string;
};

export type Live = {
  api: Api;
  /** Today in the project's time zone; in UTC where the zone cannot be learnt. */
  today: string;
  /** The last day that is not in the future: today, or the day it already is somewhere, where the zone is unknown. */
  latest: string;
  timezone?: string;
  meta(facts: LiveFacts): Meta;
};

const UNKNOWN_ZONE = "The project's time zone could not be learnt: today and unfinished buckets are judged in UTC.";
/** Where a day begins first (UTC+14). */
const FIRST_ZONE = "Pacific/Kiritimati";
/** More unfinished labels than this are the coming hours of today, named by the first and the last. */
const MOST_LABELS = 24;

/** Free of quota. Throws CONFIG_MISSING or CONFIG_INVALID without credentials. */
export async function openLive(workspace: Workspace, signal: AbortSignal): Promise<Live> {
  const api = workspace.api();
  const timezone = await workspace.discovery.timezone(signal);
  const today = todayIn(timezone, new Date());
  const latest = timezone === undefined ? todayIn(FIRST_ZONE, new Date()) : today;
  return { api, today, latest, timezone, meta: (facts) => metaOf(workspace, timezone, facts) };
}

function metaOf(workspace: Workspace, timezone: string | undefined, facts: LiveFacts): Meta {
  const { range, unit = "day", labels = [], notes = [], computedAt } = facts;
  const open = [...new Set([...inProgress(labels, unit, new Date(), timezone), ...(facts.open ?? [])])];
  const said = [...notes, ...coverNotes(labels, unit, range)];
  if (timezone === undefined && labels.length > 0) said.push(UNKNOWN_ZONE);
  return liveMeta(workspace, {
    from_date: range?.fromDate,
    to_date: range?.toDate,
    timezone,
    inProgress: open.slice(0, MOST_LABELS),
    notes: said,
    computedAt,
  });
}

/** A week or month of which the range holds only some days looks like a drop, and is none. */
function coverNotes(labels: readonly string[], unit: Unit, range: DateRange | undefined): string[] {
  if (range === undefined) return [];
  const cut = partlyCovered(labels, unit, range);
  if (cut.length === 0) return [];
  return [
    `Only partly inside ${range.fromDate} to ${range.toDate}, so not comparable with the others: ${unit} ${cut.join(", ")}.`,
  ];
}
