import { describe, expect, test } from "bun:test";
import { Fault, type FaultCode } from "../../../src/fault.ts";
import { runChunks, Settled } from "../../../src/workspace/chunk-runner.ts";

const fault = (code: FaultCode) => new Fault(code, `${code} happened.`);

function record(script: (chunk: number, attempt: number) => void, workers = 2, count = 10) {
  const attempts = new Map<number, number>();
  const done: number[] = [];
  const failed: [number, string][] = [];
  const controller = new AbortController();
  const result = runChunks<number>({
    queue: Array.from({ length: count }, (_, index) => index),
    workers,
    signal: controller.signal,
    async attempt(chunk) {
      const attempt = (attempts.get(chunk) ?? 0) + 1;
      attempts.set(chunk, attempt);
      await Bun.sleep(1);
      script(chunk, attempt);
    },
    done: (chunk) => done.push(chunk),
    failed: (chunk, cause) => {
      failed.push([chunk, cause.code]);
      return false;
    },
  });
  return { result, attempts, done, failed, controller };
}

describe("runChunks", () => {
  test("does every chunk once when all goes well", async () => {
    const run = record(() => {});
    expect(await run.result).toBeUndefined();
    expect(run.done.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...run.attempts.values()].every((count) => count === 1)).toBe(true);
  });

  test("tries a broken stream three times, then goes on with the others", async () => {
    const run = record((chunk, attempt) => {
      if (chunk === 3) throw fault("UPSTREAM_TRUNCATED");
      if (chunk === 5 && attempt < 3) throw fault("NETWORK_ERROR");
    });
    expect(await run.result).toBeUndefined();
    expect(run.attempts.get(3)).toBe(3);
    expect(run.attempts.get(5)).toBe(3);
    expect(run.failed).toEqual([[3, "UPSTREAM_TRUNCATED"]]);
    expect(run.done).toHaveLength(9);
  });

  test("does not repeat what the client has already repeated", async () => {
    const run = record((chunk) => {
      if (chunk === 0) throw new Settled(fault("UPSTREAM_ERROR"));
    });
    await run.result;
    expect(run.attempts.get(0)).toBe(1);
    expect(run.done).toHaveLength(9);
  });

  test("stops at once where every chunk would fail the same way", async () => {
    for (const code of ["AUTH_FAILED", "QUERY_INVALID", "PLAN_LIMIT", "STORE_FULL", "RATE_LIMITED"] as const) {
      const run = record((chunk) => {
        if (chunk === 1) throw fault(code);
      }, 1);
      expect((await run.result)?.code).toBe(code);
      expect(run.done).toEqual([0]);
      expect(run.attempts.size).toBe(2);
    }
  });

  test("gives up when one chunk after the other fails", async () => {
    const run = record(() => {
      throw new Settled(fault("NETWORK_ERROR"));
    }, 1);
    expect((await run.result)?.code).toBe("NETWORK_ERROR");
    expect(run.attempts.size).toBeLessThan(10);
  });

  test("stops when aborted, without calling the rest a failure", async () => {
    const run = record((chunk) => {
      if (chunk === 2) run.controller.abort(fault("CANCELLED"));
    }, 1);
    expect((await run.result)?.code).toBe("CANCELLED");
    expect(run.failed).toEqual([]);
    expect(run.attempts.size).toBe(3);
  });

  test("what is not a Fault is INTERNAL and ends the run", async () => {
    const run = record(() => {
      throw new TypeError("oops");
    }, 1);
    expect((await run.result)?.code).toBe("INTERNAL");
  });
});
