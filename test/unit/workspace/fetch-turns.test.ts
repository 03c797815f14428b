import { describe, expect, test } from "bun:test";
import { createTurns } from "../../../src/workspace/fetch-turns.ts";

const never = new AbortController().signal;

async function isPending(turn: Promise<void>): Promise<boolean> {
  return (await Promise.race([turn.then(() => "taken"), Bun.sleep(30).then(() => "pending")])) === "pending";
}

describe("turns", () => {
  test("three at once, the fourth when the first second is over", async () => {
    const turns = createTurns(false, never);
    const started = Date.now();
    for (let turn = 0; turn < 3; turn++) await turns.next();
    expect(Date.now() - started).toBeLessThan(200);
    await turns.next();
    expect(Date.now() - started).toBeGreaterThanOrEqual(1_000);
  });

  test("while nobody knows how much a day holds, the first goes alone until it was measured", async () => {
    const turns = createTurns(true, never);
    await turns.next();
    const second = turns.next();
    const third = turns.next();
    expect(await isPending(second)).toBe(true);
    turns.measured();
    await Promise.all([second, third]);
  });

  test("the first is not waited for long", async () => {
    const turns = createTurns(true, never);
    await turns.next();
    const started = Date.now();
    await turns.next();
    expect(Date.now() - started).toBeLessThan(1_000);
  });

  test("an aborted fetch waits for nothing", async () => {
    const controller = new AbortController();
    const turns = createTurns(true, controller.signal);
    await turns.next();
    const second = turns.next();
    controller.abort();
    await second;
  });
});
