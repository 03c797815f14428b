/** A names query behind a fault proxy, and the ways a reply can break off; shared by the unit and the torture tests. */
import { eventNames } from "../../../src/mixpanel/events.ts";
import { type Rule, startFaults } from "../../faults.ts";
import { json, stub } from "./stub.ts";

export const NAMES = Array.from({ length: 400 }, (_, index) => `Event number ${index}`);

export async function under(rule: Rule) {
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

export const CUTS: [string, Rule][] = [
  ["closed before the body", { finAt: 0 }],
  ["closed in the body", { finAt: 300 }],
  ["reset in the body", { rstAt: 300 }],
  ["reset before the body", { rstAt: 0 }],
  ["shorter than announced", { shortLength: true }],
  ["without its last chunk", { noLastChunk: true }],
];
