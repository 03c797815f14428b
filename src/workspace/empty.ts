/** Why an answer of nothing is one: a name nobody knows, or a real name without data in the range. */
import { Fault } from "../fault.ts";
import type { Api } from "../mixpanel/api.ts";
import type { Workspace } from "./workspace.ts";

/** Names are only asked for when this many queries are left; an explanation is not worth the last ones. */
const QUOTA_TO_SPARE = 10;
/** Nor is it worth much of the caller's time. */
const NAMES_MS = 8_000;
const MOST_EVENTS = 5;

export type Emptiness = {
  /** Events asked for that have no data. */
  events: string[];
  /** The property or expression asked for. */
  property?: string;
  where?: string;
  values?: string[];
};

/** One or two sentences for `meta.notes`. Costs a query at most, and none when names are known or the quota is nearly used. */
export async function emptyNotes(
  workspace: Workspace,
  live: { api: Api },
  asked: Emptiness,
  signal: AbortSignal,
): Promise<string[]> {
  const known = await knownEvents(workspace, live.api, signal);
  const notes = asked.events.slice(0, MOST_EVENTS).map((event) => aboutEvent(workspace, event, known));
  const narrowed = [
    asked.where === undefined ? "" : "the filter may exclude everything",
    asked.property === undefined ? "" : aboutProperty(workspace, asked),
    asked.values === undefined ? "" : "the values are compared as texts and case-sensitively",
  ].filter((reason) => reason !== "");
  if (narrowed.length > 0) notes.push(`Also possible: ${narrowed.join("; ")}.`);
  if (asked.events.length === 0 && narrowed.length === 0) notes.push("No data in this range.");
  return notes;
}

/** The event names this session knows, asked for where none are known yet and the quota has queries to spare. */
export async function knownEvents(workspace: Workspace, api: Api, signal: AbortSignal): Promise<string[]> {
  const seen = workspace.discovery.known().events;
  const { used, limit } = api.quota().query;
  if (seen.length > 0 || limit - used < QUOTA_TO_SPARE) return seen;
  try {
    return await workspace.discovery.eventNames({ signal: AbortSignal.any([signal, AbortSignal.timeout(NAMES_MS)]) });
  } catch (error) {
    // The answer itself is there; only its explanation is poorer.
    if (error instanceof Fault && !signal.aborted) return [];
    throw error;
  }
}

const quoted = (name: string): string => JSON.stringify(name);

function aboutEvent(workspace: Workspace, event: string, known: readonly string[]): string {
  if (known.includes(event))
    return `No data for ${quoted(event)} in this range, though the event exists: try another range.`;
  if (event.startsWith("$custom_event:")) return `No data for ${quoted(event)}: check the id of the custom event.`;
  if (known.length === 0) return `No data for ${quoted(event)}: names are case-sensitive, list_events shows them.`;
  const near = workspace.discovery.nearest(event).map(quoted);
  const hint = near.length > 0 ? `Nearest known: ${near.join(", ")}.` : "list_events shows the known ones.";
  return `No data for ${quoted(event)}, and no event of that name was seen lately (names are case-sensitive). ${hint}`;
}

function aboutProperty(workspace: Workspace, { events, property = "" }: Emptiness): string {
  const known = events.flatMap((event) => workspace.discovery.known().properties(event));
  if (known.length === 0 || known.includes(property))
    return "the events may lack the property (list_properties shows the names)";
  return `the property is not among the ${known.length} known ones of the event (list_properties shows them)`;
}

/** The note for a breakdown of which every event lacks the property. */
export function onlyUndefinedNotes(names: Iterable<string>, property: string): string[] {
  const segments = [...names];
  if (segments.length !== 1 || segments[0] !== "undefined") return [];
  return [
    `Every event is in the segment "undefined": none has the property ${quoted(property)}. Names are case-sensitive; list_properties shows them.`,
  ];
}
