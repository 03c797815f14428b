/** Mixpanel's `time` in its several spellings -> milliseconds -> `YYYY-MM-DD HH:MM:SS[.SSS]` in UTC. */

/**
 * Projects since January 2023 send true UTC. Older ones send the project's wall clock written as if it were UTC: the
 * zone's offset at that instant, daylight saving included, must be subtracted.
 */
export type TimezoneRule = { kind: "utc" } | { kind: "local"; zone: string };

/** Numbers beyond this are milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973. */
const MILLISECONDS_ABOVE = 1e11;
/** Years 1 to 9999: what the text form and SQLite's date functions can hold. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;
const DAY_MS = 86_400_000;

/** Seconds or milliseconds since 1970 -> whole milliseconds; NaN when there is no such time. */
export function millisecondsOf(value: number): number {
  const ms = Math.round(Math.abs(value) > MILLISECONDS_ABOVE ? value : value * 1000);
  return ms >= FIRST_MS && ms <= LAST_MS ? ms : Number.NaN;
}

const NUMERIC = /^\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*$/;
const ISO = /^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?\s*$/i;

/** A time given as text: a number in quotes, or ISO 8601 (without a zone: UTC). NaN when it is neither. */
export function parseTimeText(text: string): number {
  if (NUMERIC.test(text)) return millisecondsOf(Number(text));
  if (!ISO.test(text)) return Number.NaN;
  const plain = text.trim().replace(" ", "T").replace(",", ".");
  const zoned = plain.length === 10 || /(Z|[+-]\d\d:?\d\d)$/i.test(plain.slice(10)) ? plain : `${plain}Z`;
  return Date.parse(zoned);
}

/** Wall clock written as if UTC -> UTC. Keeps the offsets it met: a day of events needs one. */
export function createZoneShift(rule: TimezoneRule): (ms: number) => number {
  if (rule.kind === "utc") return (ms) => ms;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: rule.zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    era: "short",
  });
  const offsets = new Map<number, number>();
  const offsetAt = (ms: number): number => {
    // Zones change their offset on quarters of an hour.
    const quarter = Math.floor(ms / 900_000);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      offset = wallClock(format, quarter * 900_000) - quarter * 900_000;
      offsets.set(quarter, offset);
    }
    return offset;
  };
  // The offset is a function of UTC, which is what is looked for: two steps settle it, also around a change.
  return (ms) => (Number.isNaN(ms) ? ms : ms - offsetAt(ms - offsetAt(ms)));
}

function wallClock(format: Intl.DateTimeFormat, ms: number): number {
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = value;
  const number = (name: string) => Number(part[name]);
  const date = new Date(0);
  date.setUTCFullYear(part["era"] === "BC" ? 1 - number("year") : number("year"), number("month") - 1, number("day"));
  date.setUTCHours(number("hour"), number("minute"), number("second"));
  return date.getTime();
}

/** The longest text form. */
export const TIME_BYTES = 23;

/** Writes times into a buffer of its own, the day part only when the day changes: no strings, no Dates on the way. */
export class TimeFormatter {
  readonly bytes = Buffer.alloc(TIME_BYTES, "0000-00-00 00:00:00.000");
  private day = Number.NaN;

  /** Bytes written: 19, 23 with milliseconds, 0 for NaN. */
  format(ms: number): number {
    if (Number.isNaN(ms)) return 0;
    const day = Math.floor(ms / DAY_MS);
    if (day !== this.day) {
      this.bytes.write(new Date(day * DAY_MS).toISOString().slice(0, 10), 0, "latin1");
      this.day = day;
    }
    const rest = ms - day * DAY_MS;
    const seconds = (rest / 1000) | 0;
    const minutes = (seconds / 60) | 0;
    const hours = (minutes / 60) | 0;
    this.digits(11, hours);
    this.digits(14, minutes - hours * 60);
    this.digits(17, seconds - minutes * 60);
    const milliseconds = rest - seconds * 1000;
    if (milliseconds === 0) return 19;
    this.bytes[20] = 0x30 + ((milliseconds / 100) | 0);
    this.digits(21, milliseconds % 100);
    return 23;
  }

  private digits(at: number, value: number): void {
    const tens = (value / 10) | 0;
    this.bytes[at] = 0x30 + tens;
    this.bytes[at + 1] = 0x30 + value - tens * 10;
  }
}
