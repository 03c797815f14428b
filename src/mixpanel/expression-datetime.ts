/** Mixpanel's expression language: moments. Everything is a number of whole seconds since 1970 UTC. */

/** Offset of a time zone from UTC at an instant, in seconds; east is positive. Throws RangeError for an unknown zone. */
export type ZoneOffset = (utcSeconds: number) => number;

export function zoneOffset(timezone: string): ZoneOffset {
  if (timezone === "UTC" || timezone === "Etc/UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (utcSeconds) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(utcSeconds * 1000)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(utcSeconds);
  };
}

/** The UTC instant of a wall-clock time in a zone; a time skipped by daylight saving moves forward. */
export function fromWallClock(wallSeconds: number, offset: ZoneOffset): number {
  const guess = wallSeconds - offset(wallSeconds);
  const corrected = wallSeconds - offset(guess);
  if (corrected + offset(corrected) === wallSeconds) return corrected;
  return Math.max(guess, corrected);
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Seconds of `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, read in the zone unless it carries an offset; else undefined. */
export function parseMoment(text: string, offset: ZoneOffset): number | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", zone] = match;
  const wall =
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  if (new Date(wall * 1000).getUTCDate() !== Number(day)) return undefined;
  if (zone === undefined) return fromWallClock(wall, offset);
  if (zone === "Z") return wall;
  const sign = zone.startsWith("-") ? -1 : 1;
  return wall - sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
}

/** Largest number read as seconds; bigger ones are milliseconds. */
const MAX_SECONDS = 4_294_967_295;

/** `datetime(x)` of a number: seconds up to 4294967295, milliseconds above, undefined for 0 and less. */
export function momentOfNumber(value: number): number | undefined {
  if (!(value > 0)) return undefined;
  return value <= MAX_SECONDS ? Math.floor(value) : Math.floor(value / 1000);
}
