import { Fault } from "../fault.ts";
import type { TableInfo } from "./tables.ts";

/** Throws STORE_BUSY when a fetch is writing into one of the tables: dropping it would only make the fetch fail. */
export function refuseBusy(tables: TableInfo[]): void {
  const busy = tables.filter(({ status }) => status === "running").map(({ name }) => name);
  if (busy.length === 0) return;
  throw new Fault("STORE_BUSY", `A fetch is still writing into ${busy.join(", ")}.`, {
    suggestions: ["Wait for it (fetch_status) or stop it with fetch_cancel, then drop the table."],
  });
}
