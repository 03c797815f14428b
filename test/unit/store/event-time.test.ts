import { describe, expect, test } from "bun:test";
import { createZoneShift, millisecondsOf, parseTimeText, TimeFormatter } from "../../../src/store/event-time.ts";

const format = (ms: number) => {
  const formatter = new TimeFormatter();
  return formatter.bytes.toString("latin1", 0, formatter.format(ms));
};

describe("time", () => {
  test.each([
    [1772439611, "2026-03-02 08:20:11"],
    [1772439611.5, "2026-03-02 08:20:11.500"],
    [1772439611007, "2026-03-02 08:20:11.007"],
    [0, "1970-01-01 00:00:00"],
    [-1, "1969-12-31 23:59:59"],
    [86399.999, "1970-01-01 23:59:59.999"],
    [99_999_999_999, "5138-11-16 09:46:39"],
    [100_000_000_001, "1973-03-03 09:46:40.001"],
    [253402300799, "9999-12-31 23:59:59"].map((value) => (typeof value === "number" ? value * 1000 : value)) as [
      number,
      string,
    ],
  ])("%p is %s", (value, text) => expect(format(millisecondsOf(value))).toBe(text));

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300, 253402300800000])("%p is no time", (value) =>
    expect(millisecondsOf(value)).toBeNaN(),
  );

  test.each([
    ["1772439611", 1772439611000],
    ["1772439611.25", 1772439611250],
    ["1.772439611e9", 1772439611000],
    ["2026-03-02T08:20:11Z", 1772439611000],
    ["2026-03-02T08:20:11", 1772439611000],
    ["2026-03-02 08:20:11", 1772439611000],
    ["2026-03-02T00:20:11-08:00", 1772439611000],
    ["2026-03-02T00:20:11.123-0800", 1772439611123],
    ["2026-03-02", 1772409600000],
    ["", Number.NaN],
    ["yesterday", Number.NaN],
    ["2026-13-45", Number.NaN],
    ["0x10", Number.NaN],
  ])("the text %p", (text, ms) => expect(parseTimeText(text)).toBe(ms));

  test("the formatter keeps nothing of the time before", () => {
    const formatter = new TimeFormatter();
    const texts = [1772439611123, 1772439611000, Number.NaN, 1, 86_400_000].map((ms) =>
      formatter.bytes.toString("latin1", 0, formatter.format(ms)),
    );
    expect(texts).toEqual([
      "2026-03-02 08:20:11.123",
      "2026-03-02 08:20:11",
      "",
      "1970-01-01 00:00:00.001",
      "1970-01-02 00:00:00",
    ]);
  });

  test("formats as Date does", () => {
    for (let i = 0; i < 2000; i++) {
      const ms = Math.floor((i / 2000) ** 3 * 4e12) + i * 7919;
      const iso = new Date(ms).toISOString().replace("T", " ").replace("Z", "").replace(".000", "");
      expect(format(ms)).toBe(iso);
    }
  });
});

describe("wall clock of old projects", () => {
  const shifted = (zone: string, iso: string) =>
    new Date(createZoneShift({ kind: "local", zone })(Date.parse(`${iso}Z`))).toISOString();
  test.each([
    ["US/Pacific", "2021-01-15T12:00:00", "2021-01-15T20:00:00.000Z"],
    ["US/Pacific", "2021-07-15T12:00:00", "2021-07-15T19:00:00.000Z"],
    // The minutes around both changes of 2021 in California.
    ["US/Pacific", "2021-03-14T01:59:59", "2021-03-14T09:59:59.000Z"],
    ["US/Pacific", "2021-03-14T03:00:00", "2021-03-14T10:00:00.000Z"],
    ["US/Pacific", "2021-11-07T00:59:59", "2021-11-07T07:59:59.000Z"],
    ["US/Pacific", "2021-11-07T02:00:00", "2021-11-07T10:00:00.000Z"],
    ["Asia/Kolkata", "2021-06-01T00:00:00", "2021-05-31T18:30:00.000Z"],
    ["Australia/Lord_Howe", "2021-01-01T00:00:00", "2020-12-31T13:00:00.000Z"],
    ["UTC", "2021-06-01T00:00:00", "2021-06-01T00:00:00.000Z"],
  ])("%s %s", (zone, wall, utc) => expect(shifted(zone, wall)).toBe(utc));

  test("no time stays no time", () =>
    expect(createZoneShift({ kind: "local", zone: "US/Pacific" })(Number.NaN)).toBeNaN());
});
