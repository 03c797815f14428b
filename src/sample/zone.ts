/** Days and hours of the project's time zone. A day is the number of days since 1970-01-01 on the local calendar. */
import { fromWallClock, zoneOffset } from "../mixpanel/expression-datetime.ts";

export const DAY = 86_400;
export const HOUR = 3_600;

export type Zone = {
  readonly name: string;
  /** Seconds east of UTC at a UTC instant. */
  offset(utc: number): number;
  /** Local wall-clock seconds of a UTC instant. */
  local(utc: number): number;
  /** Day number of a UTC instant. */
  day(utc: number): number;
  /** UTC instant at which a day begins. */
  midnight(day: number): number;
};

export function createZone(name: string): Zone {
  const exact = zoneOffset(name);
  // Offsets change a few times a year: one look-up per UTC day, an exact one only on the days between which it changes.
  const perDay = new Map<number, number>();
  const offsetOfDay = (utcDay: number) => {
    let offset = perDay.get(utcDay);
    if (offset === undefined) {
      offset = exact(utcDay * DAY);
      perDay.set(utcDay, offset);
    }
    return offset;
  };
  const offset = (utc: number) => {
    const utcDay = Math.floor(utc / DAY);
    const atStart = offsetOfDay(utcDay);
    return atStart === offsetOfDay(utcDay + 1) ? atStart : exact(utc);
  };
  return {
    name,
    offset,
    local: (utc) => utc + offset(utc),
    day: (utc) => Math.floor((utc + offset(utc)) / DAY),
    midnight: (day) => fromWallClock(day * DAY, offset),
  };
}

/** `YYYY-MM-DD` of a day number. */
export function dayText(day: number): string {
  return new Date(day * DAY * 1000).toISOString().slice(0, 10);
}

/** Day number of `YYYY-MM-DD`, or undefined when there is no such day. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const time = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) return undefined;
  return time / 1000 / DAY;
}

/** 0 is Monday. */
export function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

export type Unit = "minute" | "hour" | "day" | "week" | "month";

/** Local seconds at which the bucket holding this local time starts. Weeks start on Monday. */
export function bucketStart(local: number, unit: Unit): number {
  if (unit === "minute") return Math.floor(local / 60) * 60;
  if (unit === "hour") return Math.floor(local / HOUR) * HOUR;
  const day = Math.floor(local / DAY);
  if (unit === "day") return day * DAY;
  if (unit === "week") return (day - weekday(day)) * DAY;
  const date = new Date(day * DAY * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 1000;
}

/** Local start of the bucket after the one starting here. */
export function nextBucket(start: number, unit: Unit): number {
  if (unit === "minute") return start + 60;
  if (unit === "hour") return start + HOUR;
  if (unit === "day") return start + DAY;
  if (unit === "week") return start + 7 * DAY;
  const date = new Date(start * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 1000;
}

/** `YYYY-MM-DD`, or `YYYY-MM-DD HH:MM:SS` below a day. */
export function bucketLabel(start: number, unit: Unit): string {
  const text = new Date(start * 1000).toISOString();
  return unit === "hour" || unit === "minute" ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : text.slice(0, 10);
}

/** ISO text of a local time with the zone's offset, as report answers label their buckets. */
export function isoWithOffset(local: number, zone: Zone, fraction = ""): string {
  const offset = local - fromWallClock(local, zone.offset);
  const sign = offset < 0 ? "-" : "+";
  const minutes = Math.abs(offset) / 60;
  const clock = `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(Math.floor(minutes % 60)).padStart(2, "0")}`;
  return `${new Date(local * 1000).toISOString().slice(0, 19)}${fraction}${sign}${clock}`;
}
