/** Replies that break off every time: four tries with growing waits, then the right fault. */
import { describe, expect, test } from "bun:test";
import { CUTS, under } from "../unit/mixpanel/broken-replies.ts";
import { faultOf } from "../unit/mixpanel/stub.ts";

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
