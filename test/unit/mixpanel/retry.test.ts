import { describe, expect, test } from "bun:test";
import { retryAfterMs, retryWait, type Trouble } from "../../../src/mixpanel/retry.ts";

const NOW = Date.parse("2026-03-10T10:00:00Z");

describe("Retry-After", () => {
  const cases: [string | null, number | undefined][] = [
    ["10", 10_000],
    [" 3600 ", 3_600_000],
    ["1.5", 1_500],
    ["99999", 86_400_000],
    ["Tue, 10 Mar 2026 10:00:30 GMT", 30_000],
    ["Tue, 10 Mar 2026 09:59:00 GMT", undefined],
    ["0", undefined],
    ["-5", undefined],
    ["soon", undefined],
    ["", undefined],
    ["2026", 2_026_000],
    ["1e3", undefined],
    ["10, 20", undefined],
    [null, undefined],
  ];
  for (const [header, ms] of cases) {
    test(JSON.stringify(header), () => expect(retryAfterMs(header, NOW)).toBe(ms));
  }
});

/** The waits of a call that fails the same way each time, with all the time it wants. */
function waits(trouble: Trouble, budgetMs = 46_000, jitter = 0): number[] {
  const list: number[] = [];
  let waitedMs = 0;
  for (let attempt = 1; attempt < 20; attempt++) {
    const wait = retryWait(trouble, { attempt, waitedMs, remainingMs: budgetMs - waitedMs }, jitter);
    if (wait === undefined) return list;
    list.push(wait);
    waitedMs += wait;
  }
  return list;
}

describe("how long to wait, how often", () => {
  const status = (status: number, more: object = {}): Trouble => ({ kind: "status", status, ...more });
  const cases: [string, Trouble, number[]][] = [
    ["429 without a time", status(429), [1_000, 2_000, 4_000]],
    ["429 with seconds", status(429, { retryAfterMs: 3_000 }), [3_000, 3_000, 3_000]],
    ["429 whose waits add up to more than is slept", status(429, { retryAfterMs: 10_000 }), [10_000, 10_000]],
    ["429 for an hour", status(429, { retryAfterMs: 3_600_000, hourly: true }), []],
    ["429 of the hour without a time", status(429, { hourly: true }), []],
    ["429 of the hour with seconds", status(429, { retryAfterMs: 2_000, hourly: true }), [2_000, 2_000, 2_000]],
    ["500", status(500), [1_000]],
    ["502", status(502), [1_000, 2_000, 4_000]],
    ["503 with a time", status(503, { retryAfterMs: 5_000 }), [5_000, 5_000, 4_000]],
    ["503 with a long time", status(503, { retryAfterMs: 900_000 }), [1_000, 2_000, 4_000]],
    ["504", status(504), [1_000, 2_000, 4_000]],
    ["520", status(520), [1_000, 2_000, 4_000]],
    ["400", status(400), []],
    ["401", status(401), []],
    ["402", status(402), []],
    ["403", status(403), []],
    ["404", status(404), []],
    ["412", status(412), []],
    ["501", status(501), []],
    ["reset", { kind: "network", reason: "reset" }, [1_000, 2_000, 4_000]],
    ["timeout", { kind: "network", reason: "timeout" }, [1_000, 2_000, 4_000]],
    ["refused", { kind: "network", reason: "refused" }, [300, 600]],
    ["unknown host", { kind: "network", reason: "dns" }, [300, 600]],
    ["bad certificate", { kind: "network", reason: "tls" }, []],
  ];
  for (const [name, trouble, expected] of cases) test(name, () => expect(waits(trouble)).toEqual(expected));

  test("jitter adds at most a tenth", () => {
    expect(waits(status(502), 46_000, 1)).toEqual([1_100, 2_200, 4_400]);
    expect(waits(status(429, { retryAfterMs: 3_000 }), 46_000, 1)[0]).toBe(3_300);
  });

  test("no try starts without time to answer", () => {
    expect(waits(status(502), 5_000)).toEqual([1_000, 2_000]);
    expect(waits(status(502), 1_500)).toEqual([]);
  });
});
