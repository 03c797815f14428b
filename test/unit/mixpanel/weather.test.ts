/** Bad weather on the wire under query replies: what is survived by asking again, what is read all the same, what is a fault at once. */
import { describe, expect, test } from "bun:test";
import type { Rule } from "../../faults.ts";
import { CUTS, NAMES, under } from "./broken-replies.ts";
import { faultOf } from "./stub.ts";

describe("a reply that is", () => {
  test("broken once is asked for again", async () => {
    const ends = await Promise.all(
      CUTS.map(async ([name, rule]) => {
        const weather = await under({ ...rule, times: 1 });
        const names = await weather.ask();
        const end = [name, names.length, weather.tries()];
        await weather.close();
        return end;
      }),
    );
    expect(ends).toEqual(CUTS.map(([name]) => [name, NAMES.length, 2]));
  });

  const fine: [string, Rule][] = [
    ["dripping", { drip: 60_000 }],
    ["ended by the connection only", { closeDelimited: true }],
    ["dated wrongly", { clockSkew: -86_400 }],
    ["uncompressed", { noGzip: true }],
  ];
  for (const [name, rule] of fine) {
    test(`${name} is read all the same`, async () => {
      const weather = await under(rule);
      expect((await weather.ask()).length).toBe(NAMES.length);
      await weather.close();
    });
  }

  const bad: [string, Rule, string][] = [
    ["HTML", { html: true }, "UPSTREAM_ERROR"],
    ["empty", { empty: true }, "UPSTREAM_ERROR"],
    ["not JSON", { notJson: true }, "UPSTREAM_ERROR"],
    ["a redirect", { redirect: "http://169.254.169.254/" }, "UPSTREAM_ERROR"],
    ["a bomb", { bomb: 300_000_000 }, "LIMIT_EXCEEDED"],
    ["an echo of the credentials", { echoAuth: "body" }, "QUERY_INVALID"],
  ];
  for (const [name, rule, code] of bad) {
    test(`${name} is a fault at once`, async () => {
      const weather = await under(rule);
      const fault = await faultOf(weather.ask());
      expect([fault.code as string, weather.tries()]).toEqual([code, 1]);
      expect(fault.message).not.toMatch(/Basic (?!\[redacted\])/);
      await weather.close();
    });
  }
});
