/** The statistics of rows as wholes: of their event, time and user. What their properties hold is profile-properties.ts. */
import { countDay, createDays, type Days } from "./profile-days.ts";
import { addNumber, removeNumber } from "./profile-numbers.ts";
import { addMember, countUser, createUsers, type Users, uncountUser } from "./profile-users.ts";
import { type Budget, createValues, type Values } from "./profile-values.ts";

export type RowProfile = {
  rows: number;
  rowsWithUser: number;
  readonly users: Users;
  readonly budget: Budget;
  readonly times: Values;
  readonly days: Days;
  readonly eventNames: string[];
  eventRows: Float64Array;
  /** Earliest and latest time of each event, epoch milliseconds. */
  firstSeen: Float64Array;
  lastSeen: Float64Array;
};

export function createRowProfile(): RowProfile {
  return {
    rows: 0,
    rowsWithUser: 0,
    users: createUsers(),
    budget: { slots: 0, sketches: 0 },
    times: createValues(),
    days: createDays(),
    eventNames: [],
    eventRows: new Float64Array(64),
    firstSeen: new Float64Array(64).fill(Number.POSITIVE_INFINITY),
    lastSeen: new Float64Array(64).fill(Number.NEGATIVE_INFINITY),
  };
}

/** Once before the first row of an event; codes are dense from 0. */
export function nameEvent(profile: RowProfile, event: number, name: string): void {
  profile.eventNames[event] = name;
  if (event < profile.eventRows.length) return;
  const length = Math.max(event + 1, profile.eventRows.length * 2);
  profile.eventRows = widened(profile.eventRows, length, 0);
  profile.firstSeen = widened(profile.firstSeen, length, Number.POSITIVE_INFINITY);
  profile.lastSeen = widened(profile.lastSeen, length, Number.NEGATIVE_INFINITY);
}

function widened(list: Float64Array, length: number, filler: number): Float64Array {
  const longer = new Float64Array(length).fill(filler);
  longer.set(list);
  return longer;
}

/** `timeMs`: NaN without a time. `user`: hash of the distinct_id, an integer from 0 to 2^53, -1 for NULL. */
export function observeRow(profile: RowProfile, event: number, timeMs: number, user: number, rowid: number): void {
  profile.rows++;
  profile.eventRows[event] = (profile.eventRows[event] ?? 0) + 1;
  if (!Number.isNaN(timeMs)) {
    if (timeMs < (profile.firstSeen[event] ?? 0)) profile.firstSeen[event] = timeMs;
    if (timeMs > (profile.lastSeen[event] ?? 0)) profile.lastSeen[event] = timeMs;
    addNumber(profile.times, profile.budget, timeMs, rowid);
    countDay(profile.days, event, timeMs, 1);
  }
  if (user < 0) return;
  profile.rowsWithUser++;
  const code = countUser(profile.users, user, rowid);
  if (code >= 0) addMember(profile.users, event, code);
}

/** A row is replaced only by one of the same event, time and user: first, last and distinct users stay as they are. */
export function retractRow(profile: RowProfile, event: number, timeMs: number, user: number, rowid: number): void {
  profile.rows--;
  profile.eventRows[event] = (profile.eventRows[event] ?? 0) - 1;
  if (!Number.isNaN(timeMs)) {
    removeNumber(profile.times, timeMs, rowid);
    countDay(profile.days, event, timeMs, -1);
  }
  if (user < 0) return;
  profile.rowsWithUser--;
  uncountUser(profile.users, user);
}
