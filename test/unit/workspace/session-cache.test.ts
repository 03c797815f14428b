import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/fault.ts";
import { createSessionCache } from "../../../src/workspace/session-cache.ts";

function counter() {
  let asked = 0;
  const pending: { resolve: (value: number) => void; reject: (error: unknown) => void; signal: AbortSignal }[] = [];
  return {
    asked: () => asked,
    pending,
    ask: (signal: AbortSignal) =>
      new Promise<number>((resolve, reject) => {
        asked++;
        pending.push({ resolve, reject, signal });
      }),
  };
}

describe("session cache", () => {
  test("keeps an answer for its time, asks again afterwards or when told to", async () => {
    let now = 0;
    let asked = 0;
    const cache = createSessionCache(1_000, () => now);
    const get = (refresh = false) => cache.get("k", { refresh }, async () => ++asked);
    expect([await get(), await get()]).toEqual([1, 1]);
    expect(await get(true)).toBe(2);
    now = 999;
    expect(await get()).toBe(2);
    now = 1_000;
    expect(await get()).toBe(3);
    expect(cache.peek<number>("k")).toBe(3);
    expect(cache.peek("other")).toBeUndefined();
  });

  test("concurrent questions share one request", async () => {
    const { ask, asked, pending } = counter();
    const cache = createSessionCache(1_000);
    const all = Promise.all([cache.get("k", {}, ask), cache.get("k", {}, ask), cache.get("k", { refresh: true }, ask)]);
    expect(asked()).toBe(1);
    pending[0]?.resolve(7);
    expect(await all).toEqual([7, 7, 7]);
  });

  test("who is cancelled leaves alone; the last one to leave ends the request", async () => {
    const { ask, pending } = counter();
    const cache = createSessionCache(1_000);
    const [a, b] = [new AbortController(), new AbortController()];
    const first = cache.get("k", { signal: a.signal }, ask);
    const second = cache.get("k", { signal: b.signal }, ask);
    a.abort();
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
    expect(pending[0]?.signal.aborted).toBe(false);
    pending[0]?.resolve(1);
    expect(await second).toBe(1);

    const third = cache.get("j", { signal: a.signal }, ask);
    await expect(third).rejects.toMatchObject({ code: "CANCELLED" });
    expect(pending[1]?.signal.aborted).toBe(true);
    pending[1]?.reject(new Fault("CANCELLED", "x"));
  });

  test("a question after the last one left is a new request", async () => {
    const { ask, asked, pending } = counter();
    const cache = createSessionCache(1_000);
    const controller = new AbortController();
    const left = cache.get("k", { signal: controller.signal }, ask);
    controller.abort(new Fault("NETWORK_ERROR", "time is up"));
    await expect(left).rejects.toMatchObject({ code: "NETWORK_ERROR" });
    const fresh = cache.get("k", {}, ask);
    expect(asked()).toBe(2);
    pending[0]?.reject(new Error("late"));
    pending[1]?.resolve(5);
    expect(await fresh).toBe(5);
  });

  test("failures are not kept, and reach everyone who waited", async () => {
    const { ask, pending, asked } = counter();
    const cache = createSessionCache(1_000);
    const both = [cache.get("k", {}, ask), cache.get("k", {}, ask)];
    pending[0]?.reject(new Fault("UPSTREAM_ERROR", "x"));
    const ends = await Promise.allSettled(both);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const again = cache.get("k", {}, ask);
    expect(asked()).toBe(2);
    pending[1]?.resolve(1);
    await again;
  });

  test("does not grow without end", async () => {
    const cache = createSessionCache(1_000);
    for (let i = 0; i < 600; i++) await cache.get(`k${i}`, {}, async () => i);
    expect(cache.peek("k0")).toBeUndefined();
    expect(cache.peek<number>("k599")).toBe(599);
  });
});
