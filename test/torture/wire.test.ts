/** Ten thousand chance calls on the built executable. */
import { expect, test } from "bun:test";
import { fuzz } from "../e2e/fuzz-run.ts";

test("ten thousand chance calls", async () => {
  const { calls, problems } = await fuzz({ calls: 10_000, seed: Number(process.env["SEED"] ?? 1) });
  expect(problems.slice(0, 20)).toEqual([]);
  expect(calls).toBe(10_000);
});
