import { describe, expect, test } from "bun:test";
import { refusal } from "../../../src/mixpanel/rate-limit.ts";
import { announcedLimits, trippedLimit } from "../../../src/mixpanel/ratelimit-headers.ts";

const POLICY = '"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"';

describe("RateLimit-Policy", () => {
  const of = (policy: string) => announcedLimits(new Headers({ "RateLimit-Policy": policy }));
  test("hour and concurrency", () => expect(of(POLICY)).toEqual({ quota: 60, windowSeconds: 3600, concurrent: 5 }));
  test("raised limits, other order and spaces", () =>
    expect(of('"project-concurrency"; qu="concurrent-requests" ;q=10 ,"project" ; w=3600;q=400')).toEqual({
      quota: 400,
      windowSeconds: 3600,
      concurrent: 10,
    }));
  test("JQL's own limits are left out", () =>
    expect(of(`"endpoint-jql";q=30;w=3600, ${POLICY}, "endpoint-jql-concurrency";q=1`)).toEqual({
      quota: 60,
      windowSeconds: 3600,
      concurrent: 5,
    }));
  test("a concurrency limit by its unit", () =>
    expect(of('"x";q=7;qu="concurrent-requests"')).toEqual({ concurrent: 7 }));
  for (const text of [
    "",
    "garbage",
    '"project"',
    '"project";q=0;w=3600',
    '"project";q=-5',
    '"project";q=abc',
    ";;;,,,",
    '"',
    "x".repeat(5_000),
  ]) {
    test(`nothing in ${JSON.stringify(text.slice(0, 30))}`, () => expect(of(text)).toEqual({}));
  }
  test("absent", () => expect(announcedLimits(new Headers())).toEqual({}));
});

describe("RateLimit", () => {
  const of = (text: string) => trippedLimit(new Headers({ RateLimit: text }));
  test("the hour", () =>
    expect(of('"project";r=0;t=3600, "project-concurrency";r=3')).toEqual({ limit: "hour", seconds: 3600 }));
  test("concurrency", () =>
    expect(of('"project";r=12, "project-concurrency";r=0;t=10')).toEqual({ limit: "concurrency", seconds: 10 }));
  test("both at 0 is the hour", () =>
    expect(of('"project-concurrency";r=0;t=10, "project";r=0;t=900')).toEqual({ limit: "hour", seconds: 900 }));
  test("the newer spelling", () => expect(of('"project";a=0;w=77')).toEqual({ limit: "hour", seconds: 77 }));
  test("nothing tripped", () => expect(of('"project";r=4;t=3600')).toBeUndefined());
  test("unquoted names", () => expect(of("project;r=0;t=5")).toEqual({ limit: "hour", seconds: 5 }));
});

describe("which limit a 429 is about", () => {
  const of = (text: string, headers: Record<string, string> = {}) => refusal(new Headers(headers), text, Date.now());
  test("Retry-After wins over the item's seconds", () =>
    expect(of("", { "Retry-After": "20", RateLimit: '"project";r=0;t=3600' })).toEqual({
      limit: "hour",
      retryAfterMs: 20_000,
    }));
  test("counts in the text: hour", () => expect(of("(61/60 queries running in the last hour)").limit).toBe("hour"));
  test("counts in the text: concurrency", () =>
    expect(of("exceeded the concurrency limit (6/5 queries running concurrently)").limit).toBe("concurrency"));
  test("both counts: the one that is over", () => {
    expect(of("1/5 queries running concurrently and 61/60 queries running in the last hour").limit).toBe("hour");
    expect(of("6/5 queries running concurrently and 12/60 queries running in the last hour").limit).toBe("concurrency");
  });
  test("load shedding says neither", () =>
    expect(of("Query rate limit exceeded for project_id: 1 For more information, see the docs")).toEqual({
      limit: "unknown",
      retryAfterMs: undefined,
    }));
});
