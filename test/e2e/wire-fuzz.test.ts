/** Chance calls of every tool on the built executable: an answer each, valid, never INTERNAL. The long run is in test/torture. */
import { expect, test } from "bun:test";
import { fuzz } from "./fuzz-run.ts";

test("three hundred chance calls", async () => {
  const { calls, problems, outcomes } = await fuzz({ calls: 300, seed: 20_260_701 });
  expect(problems).toEqual([]);
  expect(calls).toBe(300);
  // Chance must get past the first check often enough to mean something.
  expect(outcomes["ok"]).toBeGreaterThan(30);
  expect(outcomes["no code"]).toBeUndefined();
});
