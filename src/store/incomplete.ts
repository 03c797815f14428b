/** A query over half a table gives a number that looks like any other: say what is missing. */

import { isName, tokenize } from "./sql-tokens.ts";
import type { Store } from "./store.ts";
import { listTables, type TableInfo } from "./tables.ts";

const RANGES = 3;

/** One sentence about the incomplete tables that `sql` names; undefined when there are none. */
export function incompleteNote(store: Store, sql: string): string | undefined {
  const unfinished = listTables(store).filter(({ status }) => status !== "complete");
  if (unfinished.length === 0) return undefined;
  const named = new Set(
    tokenize(sql)
      .filter((token) => isName(token))
      .map(({ value }) => value.toLowerCase()),
  );
  const notes = unfinished.filter(({ name }) => named.has(name.toLowerCase())).map(noteOf);
  return notes.length === 0 ? undefined : notes.join(" ");
}

function noteOf({ name, status, missing_ranges }: TableInfo): string {
  if (status === "running") return `${name} is still being fetched: more rows will follow.`;
  const ranges = missing_ranges
    .slice(0, RANGES)
    .map(({ from_date, to_date }) => (from_date === to_date ? from_date : `${from_date} to ${to_date}`));
  const more = missing_ranges.length > RANGES ? ` and ${missing_ranges.length - RANGES} more ranges` : "";
  const missing = ranges.length === 0 ? "" : ` (missing: ${ranges.join(", ")}${more})`;
  return `${name} is incomplete${missing}: fetch it with mode resume to fill it.`;
}
