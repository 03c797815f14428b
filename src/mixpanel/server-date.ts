/** What time it is at Mixpanel, by the Date header of an answer; without credentials, so nothing is metered. */
import type { Region } from "../names.ts";
import { basesOf } from "./hosts.ts";

const WAIT_MS = 5_000;

/** undefined when there is no answer in time, or none with a date. */
export async function serverDate(region: Region, apiUrl?: string): Promise<Date | undefined> {
  try {
    const response = await fetch(`${basesOf(region, apiUrl).app}/me`, {
      redirect: "manual",
      signal: AbortSignal.timeout(WAIT_MS),
    });
    // A GET: not every server dates its answers to HEAD.
    await response.body?.cancel();
    const date = new Date(response.headers.get("date") ?? "");
    return Number.isNaN(date.getTime()) ? undefined : date;
  } catch {
    return undefined;
  }
}
