/** The names of the project, kept for the session: discovery costs the same quota as queries, so nothing is asked twice. */
import { Fault } from "../fault.ts";
import { DISCOVERY_CACHE_MS } from "../limits.ts";
import { type Annotation, listAnnotations } from "../mixpanel/annotations.ts";
import type { Api } from "../mixpanel/api.ts";
import { type Bookmark, type BookmarkType, listBookmarks } from "../mixpanel/bookmarks.ts";
import { type Cohort, listCohorts } from "../mixpanel/cohorts.ts";
import { addDays, isTimezone, todayIn } from "../mixpanel/dates.ts";
import {
  eventNames,
  MOST_EVENT_NAMES,
  MOST_PROPERTY_NAMES,
  type PropertyName,
  propertyNames,
  propertyValues,
  type TopEvent,
  type TopEventsType,
  topEvents,
} from "../mixpanel/events.ts";
import { type FunnelName, listFunnels } from "../mixpanel/funnels-list.ts";
import { listSchemas, type Schema } from "../mixpanel/lexicon.ts";
import { type Me, me } from "../mixpanel/me.ts";
import { nearest } from "../nearest.ts";
import { createSessionCache, type Look, type SessionCache } from "./session-cache.ts";

export type { Look } from "./session-cache.ts";

/** Alphabetical; `notes` says what the list may lack. */
export type EventList = { names: string[]; notes: string[] };
export type FunnelList = { funnels: (FunnelName & { steps?: number })[]; notes: string[] };

export type Discovery = {
  /** Names seen in the last `days` days (31 by default), alphabetical. */
  eventNames(look?: Look & { days?: number }): Promise<string[]>;
  events(look?: Look & { days?: number }): Promise<EventList>;
  /** Alphabetical; at most 500, Mixpanel's safe maximum. */
  properties(event: string, look?: Look): Promise<PropertyName[]>;
  /** As Mixpanel sends them; one more than `limit` when there are more. */
  values(event: string, property: string, limit: number, look?: Look): Promise<unknown[]>;
  funnels(look?: Look): Promise<FunnelList>;
  cohorts(look?: Look): Promise<Cohort[]>;
  bookmarks(type?: BookmarkType, look?: Look): Promise<Bookmark[]>;
  topEvents(type: TopEventsType, look?: Look): Promise<TopEvent[]>;
  schemas(look?: Look): Promise<Schema[]>;
  annotations(range: { fromDate?: string; toDate?: string }, look?: Look): Promise<Annotation[]>;
  me(look?: Look): Promise<Me>;
  /** The project's time zone (free: /api/app/me); undefined where it cannot be learnt or is no zone this machine knows. */
  timezone(signal?: AbortSignal): Promise<string | undefined>;
  /** The time zone if an earlier call learnt it. */
  knownTimezone(): string | undefined;
  /** Today in the project's time zone, in UTC where that is not known. */
  today(signal?: AbortSignal): Promise<string>;
  /** What earlier calls of this session found, without asking; for completions and suggestions. */
  known(): { events: string[]; funnels: { id: number; name: string }[]; properties(event: string): string[] };
  /** Up to three event names like the given one, out of what is known. */
  nearest(event: string): string[];
};

export const DEFAULT_LOOK_BACK_DAYS = 31;
const MOST_TOP_EVENTS = 500;
/** Live queries wait for the time zone no longer than this; it only decides what "today" is. */
const TIMEZONE_MS = 4_000;
/** A time zone that could not be learnt is not asked for again with every query. */
const TIMEZONE_RETRY_MS = 60_000;

const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** `api` throws CONFIG_MISSING without credentials, and so does everything here that asks. */
export function createDiscovery(api: () => Api, now: () => number = Date.now): Discovery {
  const cache = createSessionCache(DISCOVERY_CACHE_MS, now);
  const zone = timezoneOf(api, cache, now);
  /** The widest list of this session. */
  let widest: string[] = [];

  const discovery: Discovery = {
    eventNames: async (look) => (await discovery.events(look)).names,
    async events({ days = DEFAULT_LOOK_BACK_DAYS, ...look } = {}) {
      const list = await cache.get(`events ${days}`, look, (signal) => askEvents(api(), days, zone.today, signal));
      if (list.names.length >= widest.length) widest = list.names;
      return list;
    },
    properties: (event, look = {}) =>
      cache.get(`properties ${event}`, look, async (signal) => {
        const names = await propertyNames(api(), { event, limit: MOST_PROPERTY_NAMES }, signal);
        return names.sort((a, b) => byName(a.name, b.name));
      }),
    async values(event, property, limit, look = {}) {
      // Asked in few sizes, so that another `limit` finds the answer in the cache.
      const size = limit < 255 ? 255 : 1_001;
      const key = JSON.stringify(["values", event, property, size]);
      const values = await cache.get(key, look, (signal) =>
        propertyValues(api(), { event, property, limit: size }, signal),
      );
      return values.slice(0, limit + 1);
    },
    funnels: (look = {}) => cache.get("funnels", look, (signal) => askFunnels(api(), discovery, look, signal)),
    cohorts: (look = {}) => cache.get("cohorts", look, (signal) => listCohorts(api(), signal)),
    bookmarks: (type, look = {}) =>
      cache.get(`bookmarks ${type ?? ""}`, look, (signal) => listBookmarks(api(), { type }, signal)),
    topEvents: (type, look = {}) =>
      cache.get(`top ${type}`, look, (signal) => topEvents(api(), { type, limit: MOST_TOP_EVENTS }, signal)),
    schemas: (look = {}) => cache.get("schemas", look, (signal) => listSchemas(api(), signal)),
    annotations: (range, look = {}) =>
      cache.get(JSON.stringify(["annotations", range]), look, (signal) => listAnnotations(api(), range, signal)),
    me: zone.me,
    timezone: zone.timezone,
    knownTimezone: zone.known,
    today: zone.today,
    known: () => ({
      events: widest,
      funnels: (cache.peek<FunnelList>("funnels")?.funnels ?? []).map(({ funnelId: id, name }) => ({ id, name })),
      properties: (event) => (cache.peek<PropertyName[]>(`properties ${event}`) ?? []).map(({ name }) => name),
    }),
    nearest: (event) => nearest(event, widest),
  };
  return discovery;
}

function timezoneOf(api: () => Api, cache: SessionCache, now: () => number) {
  let failedAt = Number.NEGATIVE_INFINITY;
  const ask = (look: Look = {}) => cache.get("me", look, (signal) => me(api(), signal));
  const known = (): string | undefined => {
    const kept = cache.peek<Me>("me");
    return kept === undefined ? undefined : zoneIn(kept, api().projectId);
  };
  const timezone = async (signal?: AbortSignal): Promise<string | undefined> => {
    if (cache.peek<Me>("me") !== undefined) return known();
    if (now() - failedAt < TIMEZONE_RETRY_MS) return undefined;
    const limit = AbortSignal.timeout(TIMEZONE_MS);
    try {
      const found = await ask({ signal: signal === undefined ? limit : AbortSignal.any([signal, limit]) });
      return zoneIn(found, api().projectId);
    } catch (error) {
      // Nothing depends on it but the meaning of "today": the query itself will say what is wrong with the connection.
      if (!(error instanceof Fault) || error.code.startsWith("CONFIG_") || signal?.aborted) throw error;
      failedAt = now();
      return undefined;
    }
  };
  const today = async (signal?: AbortSignal) => todayIn(await timezone(signal), new Date(now()));
  return { me: ask, known, timezone, today };
}

function zoneIn(found: Me, projectId: string): string | undefined {
  const name = found.projects.get(projectId)?.timezone;
  return name !== undefined && isTimezone(name) ? name : undefined;
}

async function askEvents(
  api: Api,
  days: number,
  today: (signal?: AbortSignal) => Promise<string>,
  signal: AbortSignal,
): Promise<EventList> {
  const limit = MOST_EVENT_NAMES;
  const range = async () => {
    const toDate = await today(signal);
    return { fromDate: addDays(toDate, -days), toDate };
  };
  const notes: string[] = [];
  let names: string[];
  try {
    // Mixpanel's own look-back is 31 days: then no dates, and no question for the time zone, are needed.
    names = await eventNames(api, { limit, ...(days === DEFAULT_LOOK_BACK_DAYS ? {} : await range()) }, signal);
  } catch (error) {
    const earliest =
      error instanceof Fault && error.code === "DATE_RANGE" ? error.details?.["earliest_date"] : undefined;
    if (typeof earliest !== "string") throw error;
    names = await eventNames(api, { limit, fromDate: earliest, toDate: await today(signal) }, signal);
    notes.push(`This project may only look back to ${earliest}; older event names are not listed.`);
  }
  if (names.length >= limit) notes.push(`Mixpanel lists at most ${limit} event names; there may be more.`);
  return { names: [...new Set(names)].sort(byName), notes };
}

/** The step counts come from the saved reports (free); without them the list is still whole. */
async function askFunnels(api: Api, discovery: Discovery, look: Look, signal: AbortSignal): Promise<FunnelList> {
  const [funnels, reports] = await Promise.all([
    listFunnels(api, signal),
    discovery.bookmarks("funnels", { refresh: look.refresh, signal }).catch((error) => {
      if (error instanceof Fault && !signal.aborted) return undefined;
      throw error;
    }),
  ]);
  const steps = new Map((reports ?? []).map((report) => [report.id, report.steps]));
  const notes = reports === undefined ? ["The number of steps is not known: the saved reports could not be read."] : [];
  return { funnels: funnels.map((funnel) => ({ ...funnel, steps: steps.get(funnel.funnelId) })), notes };
}
