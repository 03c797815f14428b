/** Is this machine's clock right? Mixpanel's answer says what time it is there. */
import type { Config } from "../../config.ts";
import { Fault } from "../../fault.ts";
import { serverDate } from "../../mixpanel/server-date.ts";
import type { Check } from "./checks.ts";

const TOLERANCE_MS = 5 * 60_000;

export async function checkClock(config: Config): Promise<Check> {
  if (config.account instanceof Fault) return { name: "clock", ok: true, message: "not compared without an account" };
  const there = await serverDate(config.account.region, config.apiUrl);
  if (there === undefined) return { name: "clock", ok: true, message: "not compared: no date from Mixpanel" };
  const off = Date.now() - there.getTime();
  if (Math.abs(off) <= TOLERANCE_MS) return { name: "clock", ok: true, message: "agrees with Mixpanel's" };
  const minutes = Math.round(Math.abs(off) / 60_000);
  return {
    name: "clock",
    ok: false,
    message: `this machine's clock is ${minutes} min ${off > 0 ? "ahead" : "behind"}.`,
    fix: "Set it right: today, yesterday and quota waits depend on it.",
  };
}
