/** What is kept of a profile: plain data, small, from which the statistics tools answer. */

import type { Profile, PropertyProfile } from "./profile.ts";
import { dayCounts } from "./profile-days.ts";
import { KINDS, PAIR, PAIR_COUNTS, PAIR_EVENT, PAIR_KEY } from "./profile-pairs.ts";
import type { RowProfile } from "./profile-rows.ts";
import {
  clip,
  compareScalars,
  type Scalar,
  summarizeValues,
  TOP_VALUES,
  type ValueSummary,
} from "./profile-summary-values.ts";
import { memberCount } from "./profile-users.ts";

/** Kinds as replies name them, in the order of scan.ts. */
export const KIND_NAMES = ["null", "boolean", "boolean", "integer", "real", "string", "array", "object"] as const;

export type PropertySummary = ValueSummary & {
  key: string;
  /** Rows that have the key, null values included. */
  present: number;
  /** Rows by kind of value, in the order of scan.ts. */
  kinds: number[];
  /** For each event that has the key: its index in `events`, rows, and a bit per kind met. */
  events: [number, number, number][];
};

export type EventSummary = {
  event: string;
  rows: number;
  users: number;
  firstSeen: number | null;
  lastSeen: number | null;
  /** Rows per day (UTC); rows without a time are missing here. */
  days: [string, number][];
};

export type TableSummary = {
  rows: number;
  rowsWithUser: number;
  users: number;
  usersExact: boolean;
  /** Rows of the users seen most often: [rowid, rows], where the id is read. */
  topUsers: [Scalar, number][];
  events: EventSummary[];
  times: ValueSummary;
  properties: PropertySummary[];
  /** `days` of the events are complete: not too many to keep. */
  daysKept: boolean;
  /** Too many (event, property) pairs to count them all. */
  overflowed: boolean;
};

/** Counts per event and day that are kept at most: half a megabyte. */
const MOST_DAY_COUNTS = 20_000;

/** Reads the value of a property in a row, as JSON would give it; undefined when it is not there (any more). */
export type SampleReader = {
  property(rowid: number, key: string): Scalar | undefined;
  user(rowid: number): Scalar | undefined;
};

/** Undefined when a value that is needed cannot be found any more: then only a pass over the rows helps. */
export function summarizeProfile(profile: Profile, reader: SampleReader): TableSummary | undefined {
  const ofProperties = summarizeProperties(profile.ofProperties, reader);
  const ofRows = summarizeRows(profile.ofRows, reader);
  return ofRows && ofProperties && { ...ofRows, ...ofProperties };
}

export type PropertiesSummary = Pick<TableSummary, "properties" | "overflowed">;

export function summarizeProperties(
  profile: PropertyProfile,
  reader: Pick<SampleReader, "property">,
): PropertiesSummary | undefined {
  const totals = countPairs(profile);
  const properties: PropertySummary[] = [];
  for (const [key, total] of totals.entries()) {
    const values = profile.values[key];
    const name = profile.names[key] ?? "";
    const present = total.kinds.reduce((sum, count) => sum + count, 0);
    if (present === 0) continue;
    const summary = summarizeValues(values, total.kinds, (sample) => reader.property(sample, name));
    if (summary === undefined) return undefined;
    properties.push({ ...summary, key: name, present, kinds: total.kinds, events: total.events });
  }
  properties.sort((a, b) => b.present - a.present || (a.key < b.key ? -1 : 1));
  return { properties, overflowed: profile.pairs.overflowed };
}

export function summarizeRows(
  profile: RowProfile,
  reader: Pick<SampleReader, "user">,
): Omit<TableSummary, keyof PropertiesSummary> | undefined {
  const topUsers = userCounts(profile, reader);
  const times = summarizeValues(profile.times, undefined, () => undefined);
  if (topUsers === undefined || times === undefined) return undefined;
  const events = profile.eventNames.map((event, code) => eventSummary(profile, event, code));
  const daysKept =
    !profile.days.overflowed && events.reduce((sum, { days }) => sum + days.length, 0) <= MOST_DAY_COUNTS;
  return {
    rows: profile.rows,
    rowsWithUser: profile.rowsWithUser,
    users: profile.users.count,
    usersExact: !profile.users.overflowed,
    topUsers,
    events: daysKept ? events : events.map((event) => ({ ...event, days: [] })),
    daysKept,
    times,
  };
}

function eventSummary(profile: RowProfile, event: string, code: number): EventSummary {
  const seen = (time: number | undefined) => (time !== undefined && Number.isFinite(time) ? time : null);
  return {
    event,
    rows: profile.eventRows[code] ?? 0,
    users: memberCount(profile.users, code),
    firstSeen: seen(profile.firstSeen[code]),
    lastSeen: seen(profile.lastSeen[code]),
    days: dayCounts(profile.days, code),
  };
}

type PairTotals = { kinds: number[]; events: [number, number, number][] };

function countPairs({ names, pairs }: PropertyProfile): PairTotals[] {
  const totals: PairTotals[] = Array.from({ length: names.length }, () => ({
    kinds: Array.from({ length: KINDS }, () => 0),
    events: [],
  }));
  for (let pair = 0; pair < pairs.count; pair++) {
    const total = totals[pairs.list[pair * PAIR + PAIR_KEY] ?? 0];
    if (total === undefined) continue;
    let present = 0;
    let bits = 0;
    for (let kind = 0; kind < KINDS; kind++) {
      const count = pairs.list[pair * PAIR + PAIR_COUNTS + kind] ?? 0;
      total.kinds[kind] = (total.kinds[kind] ?? 0) + count;
      present += count;
      if (count > 0) bits |= 1 << kind;
    }
    if (present > 0) total.events.push([pairs.list[pair * PAIR + PAIR_EVENT] ?? 0, present, bits]);
  }
  return totals;
}

function userCounts(profile: RowProfile, reader: Pick<SampleReader, "user">): [Scalar, number][] | undefined {
  const { users } = profile;
  const codes: number[] = [];
  let least = 0;
  for (let code = 0; code < users.count; code++) {
    if ((users.rows[code] ?? 0) <= least) continue;
    codes.push(code);
    if (codes.length < TOP_VALUES * 20) continue;
    least = keepMost(codes, users.rows);
  }
  keepMost(codes, users.rows);
  const top: [Scalar, number][] = [];
  for (const code of codes) {
    const id = reader.user(users.samples[code] ?? 0);
    if (id === undefined) return undefined;
    top.push([typeof id === "string" ? clip(id) : id, users.rows[code] ?? 0]);
  }
  return top.sort((a, b) => b[1] - a[1] || compareScalars(a[0], b[0]));
}

function keepMost(codes: number[], rows: Int32Array): number {
  codes.sort((a, b) => (rows[b] ?? 0) - (rows[a] ?? 0) || a - b);
  codes.length = Math.min(codes.length, TOP_VALUES);
  return codes.length < TOP_VALUES ? 0 : (rows[codes.at(-1) ?? 0] ?? 0);
}
