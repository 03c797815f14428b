/**
 * Days, buckets and ranges as Mixpanel's query endpoints use them: `YYYY-MM-DD` in the project's time zone, both ends
 * included, weeks from Monday. A day is handled as text; arithmetic goes through UTC midnights, so no zone of this
 * machine ever takes part.
 */
import { Fault } from "../fault.ts";

export type Unit = "minute" | "hour" | "day" | "week" | "month";
export type DateRange = { fromDate: string; toDate: string };

/** Mixpanel refuses earlier years ("invalid date, bad year"). */
export const EARLIEST_DAY = "2000-01-01";
const DAY_MS = 86_400_000;
const AGO = /^(\d{1,5}) (day|week|month|year)s? ago$/;
const WORDS = "Use YYYY-MM-DD, `today`, `yesterday` or `N days ago`.";

/** True for a day that exists in the calendar, written `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function midnight(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

export function addDays(day: string, days: number): string {
  return dayOf(midnight(day) + days * DAY_MS);
}

/** The same day of another month; the last day of that month where it is shorter. */
export function addMonths(day: string, months: number): string {
  const date = new Date(midnight(day));
  const target = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const last = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate();
  target.setUTCDate(Math.min(date.getUTCDate(), last));
  return dayOf(target.getTime());
}

/** Whole days from one day to a later one: 0 for the same day, negative backwards. */
export function daysBetween(from: string, to: string): number {
  return Math.round((midnight(to) - midnight(from)) / DAY_MS);
}

/** Days in a range, both ends included. */
export function daysIn(range: DateRange): number {
  return daysBetween(range.fromDate, range.toDate) + 1;
}

const formats = (timeZone: string) =>
  new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });

/** Whether this runtime knows the zone's name (`US/Pacific`, `Europe/Berlin`, ...). */
export function isTimezone(name: string): boolean {
  try {
    formats(name);
    return true;
  } catch {
    return false;
  }
}

/** Wall-clock time in a zone as `YYYY-MM-DD HH:MM:SS`; UTC where the zone is not known. */
export function localTime(now: Date, timezone?: string): string {
  const zone = timezone !== undefined && isTimezone(timezone) ? timezone : "UTC";
  const parts = new Map(
    formats(zone)
      .formatToParts(now)
      .map((part) => [part.type, part.value]),
  );
  const get = (type: Intl.DateTimeFormatPartTypes) => (parts.get(type) ?? "0").padStart(2, "0");
  return `${get("year")}-${get("month")}-${get("day")} ${get("hour")}:${get("minute")}:${get("second")}`;
}

/** Today in a zone; in UTC where the zone is not known. */
export function todayIn(timezone: string | undefined, now: Date): string {
  return localTime(now, timezone).slice(0, 10);
}

/**
 * A day from what a caller may write: `YYYY-MM-DD`, `today`, `yesterday`, `N days ago` (also weeks, months, years).
 * `parameter` names the argument in the message. Throws INVALID_ARGUMENT for anything else and for days that do not exist.
 */
export function resolveDay(text: string, today: string, parameter = "date"): string {
  const word = text.trim().toLowerCase().replace(/\s+/g, " ");
  if (word === "today" || word === "now") return today;
  if (word === "yesterday") return addDays(today, -1);
  const ago = AGO.exec(word);
  if (ago !== null) return agoDay(today, Number(ago[1]), ago[2] ?? "day");
  if (isDay(word)) return word;
  const stamp = /^(\d{4}-\d{2}-\d{2})[t ]\d{2}:\d{2}/.exec(word)?.[1];
  if (stamp !== undefined && isDay(stamp)) return stamp;
  const what = /^\d{4}-\d{2}-\d{2}$/.test(word) ? "is not a day of the calendar" : "is not a date";
  throw new Fault("INVALID_ARGUMENT", `${parameter} ${JSON.stringify(text.slice(0, 60))} ${what}.`, {
    suggestions: [WORDS],
    details: { parameter },
  });
}

function agoDay(today: string, count: number, unit: string): string {
  if (unit === "month" || unit === "year")
    return addMonths(today, -Math.min(count, 12_000) * (unit === "year" ? 12 : 1));
  return addDays(today, -count * (unit === "week" ? 7 : 1));
}

export type RangeRules = {
  /** Longest range in days, both ends included. */
  maxDays?: number;
  /** The last day that is not in the future, where it may be later than `today`: a project of unknown time zone. */
  latest?: string;
  /** Accept every later day too. */
  allowFuture?: boolean;
};

/**
 * Resolves and checks a range before any quota is spent. Throws DATE_RANGE when it is reversed, starts before 2000,
 * ends after today (in the project's time zone) or is too long; INVALID_ARGUMENT for what is no date.
 */
export function resolveRange(
  asked: { from_date: string; to_date: string },
  today: string,
  rules: RangeRules = {},
): DateRange {
  const fromDate = resolveDay(asked.from_date, today, "from_date");
  const toDate = resolveDay(asked.to_date, today, "to_date");
  if (fromDate > toDate) {
    throw outside(
      `from_date ${fromDate} is after to_date ${toDate}.`,
      `Swap them: from_date ${toDate}, to_date ${fromDate}.`,
    );
  }
  if (fromDate < EARLIEST_DAY) {
    throw outside(
      `from_date ${fromDate} is before ${EARLIEST_DAY}, the earliest day Mixpanel accepts.`,
      `Use from_date ${EARLIEST_DAY} or later.`,
    );
  }
  if (toDate > (rules.latest ?? today) && rules.allowFuture !== true) {
    throw outside(
      `to_date ${toDate} is in the future: today is ${today} in the project's time zone.`,
      `Use to_date ${today} or earlier.`,
    );
  }
  const days = daysIn({ fromDate, toDate });
  if (rules.maxDays !== undefined && days > rules.maxDays) {
    throw outside(
      `${fromDate} to ${toDate} is ${days} days; at most ${rules.maxDays} are allowed here.`,
      "Ask for a shorter range.",
    );
  }
  return { fromDate, toDate };
}

function outside(message: string, suggestion: string): Fault {
  return new Fault("DATE_RANGE", message, { suggestions: [suggestion] });
}

/** Monday of the day's week. */
export function weekStart(day: string): string {
  const weekday = new Date(midnight(day)).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

export function monthStart(day: string): string {
  return `${day.slice(0, 7)}-01`;
}

/** The bucket a local time belongs to: the day, Monday, the first of the month, or `YYYY-MM-DD HH:00:00`. */
export function bucketOf(localDateTime: string, unit: Unit): string {
  const day = localDateTime.slice(0, 10);
  if (unit === "day") return day;
  if (unit === "week") return weekStart(day);
  if (unit === "month") return monthStart(day);
  const [hours = "00", minutes = "00"] = localDateTime.slice(11).split(":");
  return `${day} ${hours === "" ? "00" : hours}:${unit === "minute" ? minutes : "00"}:00`;
}

/** Every bucket label that a range touches, in order. Hours and minutes ignore clock changes. */
export function bucketsOf(range: DateRange, unit: Unit): string[] {
  const labels: string[] = [];
  if (unit === "hour" || unit === "minute") {
    const step = unit === "hour" ? 3_600_000 : 60_000;
    for (let time = midnight(range.fromDate); time < midnight(range.toDate) + DAY_MS; time += step) {
      labels.push(new Date(time).toISOString().slice(0, 19).replace("T", " "));
    }
    return labels;
  }
  for (let day = bucketOf(range.fromDate, unit); day <= range.toDate; day = nextBucket(day, unit)) labels.push(day);
  return labels;
}

function nextBucket(day: string, unit: Unit): string {
  if (unit === "month") return addMonths(day, 1);
  return addDays(day, unit === "week" ? 7 : 1);
}

/** The last day of the bucket that a label names. A week whose label is no Monday is taken to run seven days. */
export function bucketLastDay(label: string, unit: Unit): string {
  const day = label.slice(0, 10);
  if (unit === "week") return addDays(day, 6);
  if (unit === "month") return addDays(addMonths(monthStart(day), 1), -1);
  return day;
}

/**
 * Which labels name buckets that are not over yet at `now` in the project's zone, so that they are not read as a drop.
 * Labels that are no dates are ignored.
 */
export function inProgress(labels: readonly string[], unit: Unit, now: Date, timezone?: string): string[] {
  const local = localTime(now, timezone);
  const today = local.slice(0, 10);
  return labels.filter((label) => {
    if (!isBucketKey(label) || !isDay(label.slice(0, 10))) return false;
    if (unit !== "hour" && unit !== "minute") return bucketLastDay(label, unit) >= today;
    return bucketOf(label, unit) >= bucketOf(local, unit);
  });
}

/** Labels of weeks or months that the range cuts at either end: they hold fewer days than the others. */
export function partlyCovered(labels: readonly string[], unit: Unit, range: DateRange): string[] {
  if (unit !== "week" && unit !== "month") return [];
  return labels.filter((label) => {
    const first = label.slice(0, 10);
    if (!isDay(first)) return false;
    if (unit === "week") return first < range.fromDate || bucketLastDay(first, unit) > range.toDate;
    return monthStart(first) < range.fromDate || bucketLastDay(first, unit) > range.toDate;
  });
}

/**
 * A reply's bucket key in one form: the day for day, week and month; `YYYY-MM-DD HH:MM:SS` for hours and minutes.
 * Mixpanel writes `2026-03-01`, `2026-03-01 13:00:00`, `2026-03-01T13:00:00` or `2026-03-01T00:00:00-08:00` (local time
 * with the offset); what is none of these is left as it is.
 */
export function bucketLabel(key: string, unit: Unit): string {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2}))?.*)?$/.exec(key);
  if (match === null) return key;
  const [, day = key, time, seconds = "00"] = match;
  if (unit !== "hour" && unit !== "minute") return day;
  return `${day} ${time ?? "00:00"}:${seconds}`;
}

/** Whether a key of a reply is a bucket of time rather than the name of a segment. */
export function isBucketKey(key: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(key);
}
