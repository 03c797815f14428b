/** Replies that break off every time: four tries with growing waits, then the right fault. */
import { describe, expect, test } from "bun:test";
import { eventNames } from "../../src/mixpanel/events.ts";
import { type Rule, startFaults } from "../faults.ts";
import { faultOf, json, stub } from "../unit/mixpanel/stub.ts";

const NAMES = Array.from({ length: 400 }, (_, index) => `Event number ${index}`);

async function under(rule: Rule) {
  const faults = await startFaults(undefined, [{ body: NAMES }, rule]);
  const server = stub(() => json([]));
  const api = server.api({ apiUrl: faults.url });
  return {
    ask: () => eventNames(api, { limit: 5_000 }),
    tries: () => faults.seen.length,
    async close() {
      await faults.close();
      await server.close();
    },
  };
}

const CUTS: [string, Rule][] = [
  ["closed before the body", { finAt: 0 }],
  ["closed in the body", { finAt: 300 }],
  ["reset in the body", { rstAt: 300 }],
  ["reset before the body", { rstAt: 0 }],
  ["shorter than announced", { shortLength: true }],
  ["without its last chunk", { noLastChunk: true }],
];

describe("a reply that is", () => {
  test("broken every time is given up after four tries", async () => {
    const ends = await Promise.all(
      CUTS.map(async ([name, rule]) => {
        const weather = await under(rule);
        const { code } = await faultOf(weather.ask());
        const end = [name, ["UPSTREAM_ERROR", "NETWORK_ERROR"].includes(code), weather.tries()];
        await weather.close();
        return end;
      }),
    );
    expect(ends).toEqual(CUTS.map(([name]) => [name, true, 4]));
  }, 30_000);
});
