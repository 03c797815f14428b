import { describe, expect, test } from "bun:test";
import {
  countDays,
  describeRanges,
  intersectRanges,
  joinRanges,
  listDays,
  subtractRanges,
} from "../../../src/workspace/ranges.ts";

const range = (fromDate: string, toDate = fromDate) => ({ fromDate, toDate });

describe("ranges of days", () => {
  test("join overlapping and adjacent ranges, whatever their order, over month ends", () => {
    expect(
      joinRanges([range("2026-03-01", "2026-03-03"), range("2026-02-27", "2026-02-28"), range("2026-03-02")]),
    ).toEqual([range("2026-02-27", "2026-03-03")]);
    expect(joinRanges([range("2026-01-01"), range("2026-01-03")])).toHaveLength(2);
    expect(joinRanges([])).toEqual([]);
  });

  test("leave the ranges they are given as they are", () => {
    const given = [range("2026-01-01"), range("2026-01-02")];
    joinRanges(given);
    expect(given).toEqual([range("2026-01-01"), range("2026-01-02")]);
  });

  test("subtract holes in the middle, at the ends, and of everything", () => {
    const week = [range("2026-01-01", "2026-01-07")];
    expect(subtractRanges(week, [range("2026-01-03", "2026-01-04")])).toEqual([
      range("2026-01-01", "2026-01-02"),
      range("2026-01-05", "2026-01-07"),
    ]);
    expect(subtractRanges(week, [range("2025-12-30", "2026-01-01"), range("2026-01-07")])).toEqual([
      range("2026-01-02", "2026-01-06"),
    ]);
    expect(subtractRanges(week, week)).toEqual([]);
    expect(subtractRanges(week, [])).toEqual(week);
  });

  test("intersect", () => {
    expect(intersectRanges([range("2026-01-01", "2026-01-07")], [range("2026-01-06", "2026-01-09")])).toEqual([
      range("2026-01-06", "2026-01-07"),
    ]);
  });

  test("count and list days of leap years", () => {
    expect(countDays([range("2024-02-28", "2024-03-01")])).toBe(3);
    expect(listDays([range("2024-02-28", "2024-03-01")])).toEqual(["2024-02-28", "2024-02-29", "2024-03-01"]);
  });

  test("are named in sentences, three at most", () => {
    const many = ["01", "03", "05", "07"].map((day) => range(`2026-01-${day}`));
    expect(describeRanges(many)).toBe("2026-01-01, 2026-01-03, 2026-01-05 and 1 more");
  });
});
