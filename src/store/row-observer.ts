/** Who gathers the statistics of a table while it is stored: a thread (reader-client.ts), or for profiles the writer itself. */
import type { Database } from "bun:sqlite";
import { createProfile, type Profile } from "./profile.ts";
import type { TableSummary } from "./profile-summary.ts";
import { PropertyKeys } from "./property-keys.ts";
import { summarizeTable } from "./stats-pass.ts";
import type { TableInfo } from "./tables.ts";

export type RowObserver = {
  /** Rows observed, retracted ones not counted. */
  readonly rows: number;
  /** The statistics of what was committed; undefined when they have to be gathered anew. */
  summarize(db: Database, table: TableInfo): Promise<TableSummary | undefined>;
  close(): void;
};

/** In this thread. The spans it is given must be noted with its `keys`. */
export type LocalObserver = RowObserver & Pick<Profile, "observe" | "dirty"> & { readonly keys: PropertyKeys };

/** For tables of profiles, of which there are few: to statistics they are rows of one event without a name. */
export function localObserver(): LocalObserver {
  const keys = new PropertyKeys();
  const profile = createProfile(keys.names);
  profile.eventName(0, "");
  return {
    keys,
    get rows() {
      return profile.ofRows.rows;
    },
    observe: profile.observe,
    dirty: profile.dirty,
    async summarize(db, table) {
      return profile.ofRows.rows === table.row_count ? summarizeTable(db, table, profile) : undefined;
    },
    close() {},
  };
}
