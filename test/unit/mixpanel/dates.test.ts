import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/fault.ts";
import {
  addMonths,
  bucketLabel,
  bucketOf,
  bucketsOf,
  daysIn,
  inProgress,
  isBucketKey,
  isDay,
  localTime,
  partlyCovered,
  resolveDay,
  resolveRange,
  todayIn,
  weekStart,
} from "../../../src/mixpanel/dates.ts";

const TODAY = "2026-03-11"; // a Wednesday

function fault(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("resolveDay", () => {
  test.each([
    ["today", "2026-03-11"],
    [" Today ", "2026-03-11"],
    ["yesterday", "2026-03-10"],
    ["7 days ago", "2026-03-04"],
    ["1 day ago", "2026-03-10"],
    ["0 days ago", "2026-03-11"],
    ["30  days  ago", "2026-02-09"],
    ["2 weeks ago", "2026-02-25"],
    ["1 month ago", "2026-02-11"],
    ["1 year ago", "2025-03-11"],
    ["2026-02-28", "2026-02-28"],
    ["2024-02-29", "2024-02-29"],
    ["2026-03-01T10:00:00Z", "2026-03-01"],
  ])("%p is %p", (text, day) => expect(resolveDay(text, TODAY)).toBe(day));

  test.each([
    "",
    "2026-02-29",
    "2026-13-01",
    "03/01/2026",
    "2026-3-1",
    "last monday",
    "tomorrow",
    "-1 days ago",
    "2026-03-01x",
  ])("%p is refused with the accepted forms", (text) => {
    const error = fault(() => resolveDay(text, TODAY, "from_date"));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain("from_date");
    expect(error.suggestions.join(" ")).toContain("YYYY-MM-DD");
  });
});

describe("resolveRange", () => {
  test("words become days", () => {
    expect(resolveRange({ from_date: "7 days ago", to_date: "today" }, TODAY)).toEqual({
      fromDate: "2026-03-04",
      toDate: "2026-03-11",
    });
  });
  test.each([
    ["2026-03-05", "2026-03-01", "is after"],
    ["1999-12-31", "2026-03-01", "before 2000-01-01"],
    ["2026-03-01", "2026-03-12", "future"],
  ])("%p to %p is DATE_RANGE: %p", (from_date, to_date, text) => {
    const error = fault(() => resolveRange({ from_date, to_date }, TODAY));
    expect(error.code).toBe("DATE_RANGE");
    expect(error.message).toContain(text);
    expect(error.suggestions).toHaveLength(1);
  });
  test("where the zone is unknown, the day that it already is somewhere is not the future", () => {
    const asked = { from_date: "2026-03-01", to_date: "2026-03-12" };
    expect(resolveRange(asked, TODAY, { latest: "2026-03-12" }).toDate).toBe("2026-03-12");
    expect(fault(() => resolveRange(asked, TODAY)).code).toBe("DATE_RANGE");
    expect(resolveRange(asked, TODAY, { allowFuture: true }).toDate).toBe("2026-03-12");
  });
  test("a limit in days", () => {
    const rules = { maxDays: 3 };
    expect(daysIn(resolveRange({ from_date: "2026-03-01", to_date: "2026-03-03" }, TODAY, rules))).toBe(3);
    expect(fault(() => resolveRange({ from_date: "2026-03-01", to_date: "2026-03-04" }, TODAY, rules)).code).toBe(
      "DATE_RANGE",
    );
  });
});

describe("calendar", () => {
  test("weeks start on Monday", () => {
    expect(weekStart("2026-03-11")).toBe("2026-03-09");
    expect(weekStart("2026-03-09")).toBe("2026-03-09");
    expect(weekStart("2026-03-15")).toBe("2026-03-09");
  });
  test("months keep to their last day", () => {
    expect(addMonths("2026-03-31", -1)).toBe("2026-02-28");
    expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
    expect(addMonths("2026-01-15", -13)).toBe("2024-12-15");
  });
  test("isDay knows the calendar", () => {
    expect(isDay("2024-02-29")).toBe(true);
    expect(isDay("2026-02-29")).toBe(false);
    expect(isDay("2026-2-9")).toBe(false);
  });
  test("buckets", () => {
    const range = { fromDate: "2026-02-26", toDate: "2026-03-03" };
    expect(bucketsOf(range, "day")).toHaveLength(6);
    expect(bucketsOf(range, "week")).toEqual(["2026-02-23", "2026-03-02"]);
    expect(bucketsOf(range, "month")).toEqual(["2026-02-01", "2026-03-01"]);
    expect(bucketsOf({ fromDate: "2026-03-01", toDate: "2026-03-01" }, "hour")).toHaveLength(24);
    expect(bucketOf("2026-03-11 13:45:10", "hour")).toBe("2026-03-11 13:00:00");
    expect(bucketOf("2026-03-11 13:45:10", "minute")).toBe("2026-03-11 13:45:00");
    expect(bucketOf("2026-03-11 13:45:10", "month")).toBe("2026-03-01");
  });
});

describe("time zones", () => {
  const now = new Date("2026-03-11T02:30:00Z");
  test("today is the project's", () => {
    expect(todayIn("UTC", now)).toBe("2026-03-11");
    expect(todayIn("US/Pacific", now)).toBe("2026-03-10");
    expect(todayIn("Pacific/Kiritimati", now)).toBe("2026-03-11");
    expect(todayIn(undefined, now)).toBe("2026-03-11");
    expect(todayIn("Mars/Olympus", now)).toBe("2026-03-11");
    expect(localTime(now, "America/New_York")).toBe("2026-03-10 22:30:00");
    expect(localTime(new Date("2026-03-11T00:05:00Z"), "UTC")).toBe("2026-03-11 00:05:00");
  });
});

describe("unfinished buckets", () => {
  const now = new Date("2026-03-11T02:30:00Z");
  test.each([
    ["day", ["2026-03-09", "2026-03-10", "2026-03-11"], "UTC", ["2026-03-11"]],
    ["day", ["2026-03-09", "2026-03-10", "2026-03-11"], "US/Pacific", ["2026-03-10", "2026-03-11"]],
    ["week", ["2026-03-02", "2026-03-09"], "UTC", ["2026-03-09"]],
    ["month", ["2026-02-01", "2026-03-01"], "UTC", ["2026-03-01"]],
    [
      "hour",
      ["2026-03-11 01:00:00", "2026-03-11 02:00:00", "2026-03-11 03:00:00"],
      "UTC",
      ["2026-03-11 02:00:00", "2026-03-11 03:00:00"],
    ],
    ["day", ["$average", "2026-03-11"], undefined, ["2026-03-11"]],
  ] as const)("%s of %p in %p", (unit, labels, timezone, expected) => {
    expect(inProgress(labels, unit, now, timezone)).toEqual([...expected]);
  });
  test("weeks and months that the range cuts", () => {
    const range = { fromDate: "2026-02-26", toDate: "2026-03-08" };
    expect(partlyCovered(["2026-02-23", "2026-03-02"], "week", range)).toEqual(["2026-02-23"]);
    expect(partlyCovered(["2026-02-01", "2026-03-01"], "month", range)).toEqual(["2026-02-01", "2026-03-01"]);
    expect(partlyCovered(["2026-02-26"], "day", range)).toEqual([]);
  });
});

describe("bucket keys of replies", () => {
  test.each([
    ["2026-03-01", "day", "2026-03-01"],
    ["2026-03-01T00:00:00-08:00", "day", "2026-03-01"],
    ["2026-03-01 00:00:00", "week", "2026-03-01"],
    ["2026-03-01 13:00:00", "hour", "2026-03-01 13:00:00"],
    ["2026-03-01T13:00:00", "hour", "2026-03-01 13:00:00"],
    ["2026-03-01T13:00:00.000-08:00", "hour", "2026-03-01 13:00:00"],
    ["2026-03-01 13:00", "hour", "2026-03-01 13:00:00"],
    ["$average", "day", "$average"],
  ] as const)("%p by %s", (key, unit, label) => expect(bucketLabel(key, unit)).toBe(label));
  test("a segment is not a bucket", () => {
    for (const key of ["2026-03-01", "2026-03-01 13:00:00", "2026-03-01T00:00:00-08:00"])
      expect(isBucketKey(key)).toBe(true);
    for (const key of ["$overall", "all", "2026", "2026-03", "plan 2026-03-01", "2026-03-01-beta"])
      expect(isBucketKey(key)).toBe(false);
  });
});
