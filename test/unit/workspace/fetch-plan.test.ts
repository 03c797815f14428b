import { describe, expect, test } from "bun:test";
import { addDays, daysIn } from "../../../src/mixpanel/dates.ts";
import { chooseWorkers, halves, mergeQuiet, planChunks, tasksOf } from "../../../src/workspace/fetch-plan.ts";
import { estimate, sizeWarnings } from "../../../src/workspace/fetch-size.ts";
import { countDays, joinRanges } from "../../../src/workspace/ranges.ts";

const range = (fromDate: string, days: number) => ({ fromDate, toDate: addDays(fromDate, days - 1) });

describe("planChunks", () => {
  test("one day per request while the quota left suffices", () => {
    const plan = planChunks({ ranges: [range("2026-01-01", 30)], quotaLeft: 60 });
    expect(plan).toHaveLength(30);
    expect(plan.every((chunk) => daysIn(chunk) === 1)).toBe(true);
  });

  test("several days per request otherwise, with requests kept for retries", () => {
    const plan = planChunks({ ranges: [range("2026-01-01", 90)], quotaLeft: 60 });
    expect(plan.length).toBeLessThan(60);
    expect(joinRanges(plan)).toEqual([range("2026-01-01", 90)]);
    expect(countDays(plan)).toBe(90);
  });

  test("fits any quota, also none, and never covers more than 100 days in a request", () => {
    for (const quotaLeft of [0, 1, 2, 7, 60, 240]) {
      for (const days of [1, 2, 59, 60, 61, 365, 1500]) {
        const plan = planChunks({ ranges: [range("2022-01-01", days)], quotaLeft });
        expect(countDays(plan)).toBe(days);
        expect(joinRanges(plan)).toEqual([range("2022-01-01", days)]);
        expect(Math.max(...plan.map(daysIn))).toBeLessThanOrEqual(100);
        if (days <= 100) expect(plan.length).toBeLessThanOrEqual(Math.max(quotaLeft, quotaLeft === 0 ? 60 : 1));
      }
    }
  });

  test("a chunk never spans a gap", () => {
    const ranges = [range("2026-01-01", 40), range("2026-03-01", 40)];
    const plan = planChunks({ ranges, quotaLeft: 10 });
    expect(joinRanges(plan)).toEqual(ranges);
  });

  test("known volumes: quiet days share a request, busy ones stand alone", () => {
    const counts = new Map(
      Array.from({ length: 90 }, (_, i) => [addDays("2026-01-01", i), i === 10 ? 900_000 : 1_000]),
    );
    const plan = planChunks({ ranges: [range("2026-01-01", 90)], quotaLeft: 20, counts });
    expect(countDays(plan)).toBe(90);
    expect(plan.length).toBeLessThanOrEqual(16);
    expect(plan).toContainEqual({ fromDate: "2026-01-11", toDate: "2026-01-11" });
  });

  test("today is a request of its own", () => {
    const plan = planChunks({ ranges: [range("2026-01-01", 90)], quotaLeft: 20, today: "2026-03-31" });
    expect(plan.at(-1)).toEqual({ fromDate: "2026-03-31", toDate: "2026-03-31" });
  });

  test("a limit makes one request of up to 100 days", () => {
    expect(planChunks({ ranges: [range("2026-01-01", 60)], quotaLeft: 60, limit: 10 })).toEqual([
      range("2026-01-01", 60),
    ]);
    expect(planChunks({ ranges: [range("2025-01-01", 250)], quotaLeft: 60, limit: 10 })).toHaveLength(3);
  });

  test("nothing to do is no request", () => expect(planChunks({ ranges: [], quotaLeft: 60 })).toEqual([]));
});

describe("the rest of a plan, once days have shown what they hold", () => {
  const days = tasksOf(planChunks({ ranges: [range("2026-01-01", 30)], quotaLeft: 60, today: "2026-01-30" }), []);

  test("quiet days share a request up to two weeks, busy ones stay alone, today too", () => {
    const quiet = mergeQuiet(days, 100, "2026-01-30");
    expect(joinRanges(quiet)).toEqual([range("2026-01-01", 30)]);
    expect(quiet.map(daysIn)).toEqual([14, 14, 1, 1]);
    expect(Math.max(...mergeQuiet(days, 40_000, "2026-01-30").map(daysIn))).toBe(3);
    expect(mergeQuiet(days, 500_000, "2026-01-30")).toEqual(days);
  });

  test("few days, replaced chunks and gaps are left as they are", () => {
    expect(mergeQuiet(days.slice(0, 10), 1, "")).toEqual(days.slice(0, 10));
    const replaced = days.map((day) => ({ ...day, replace: true }));
    expect(mergeQuiet(replaced, 1, "")).toEqual(replaced);
    const gaps = days.filter((_, index) => index % 2 === 0);
    expect(mergeQuiet(gaps, 1, "")).toEqual(gaps);
  });

  test("halves cover the same days", () => {
    const task = { ...range("2026-01-01", 5), replace: false };
    expect(halves(task)).toMatchObject([range("2026-01-01", 3), range("2026-01-04", 2)]);
  });
});

describe("estimate and warnings", () => {
  const plan = planChunks({ ranges: [range("2026-01-01", 30)], quotaLeft: 60 });

  test("parallel is on above a week unless said otherwise", () => {
    expect(chooseWorkers(7, undefined, 4)).toBe(1);
    expect(chooseWorkers(8, undefined, 4)).toBe(4);
    expect(chooseWorkers(30, false, 4)).toBe(1);
    expect(chooseWorkers(2, true, 8)).toBe(8);
  });

  test("says requests, rows, bytes and both times", () => {
    const size = estimate(plan, 2_000_000, { quotaLeft: 60, workers: 4, bytesPerEvent: 500 });
    expect(size).toMatchObject({ days: 30, requests: 30, rows: 2_000_000, bytes: 1_000_000_000, quota_left: 60 });
    expect(size.minutes_parallel ?? 0).toBeLessThan(size.minutes ?? 0);
  });

  test("a small fetch warns of nothing, a long or a large one does", () => {
    const options = { parallel: true };
    expect(sizeWarnings(estimate(plan, 1_000, { quotaLeft: 60, workers: 4 }), options)).toEqual([]);
    expect(sizeWarnings(estimate(plan, undefined, { quotaLeft: 60, workers: 4 }), options)).toEqual([]);
    const [large = ""] = sizeWarnings(estimate(plan, 1_500_000, { quotaLeft: 60, workers: 4 }), options);
    expect(large).toContain("1,500,000 events");
    expect(large).toContain("30 of the 60 export requests");
    const long = planChunks({ ranges: [range("2026-01-01", 45)], quotaLeft: 60 });
    expect(sizeWarnings(estimate(long, undefined, { quotaLeft: 60, workers: 4 }), options)[0]).toContain("45 days");
  });
});
