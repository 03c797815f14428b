/** Who is told of every stored row: the statistics, in this thread or in one of their own. */

import type { Database } from "bun:sqlite";
import { createProfile, type Profile } from "./profile.ts";
import type { TableSummary } from "./profile-summary.ts";
import type { PropertyKeys } from "./property-keys.ts";
import type { Scanner } from "./scan.ts";
import { summarizeTable } from "./stats-pass.ts";
import type { TableInfo } from "./tables.ts";

export type RowObserver = Pick<
  Profile,
  "eventName" | "observe" | "retract" | "dirty" | "begin" | "commit" | "rollback"
> & {
  /** Rows observed, retracted ones not counted. */
  readonly rows: number;
  /** Memory for lines: what is observed of them until `blockEnd` need not be copied. Undefined: use your own. */
  memory(bytes: number): Buffer | undefined;
  /** Has the scanner note the next line's spans where they need not be copied. */
  place(scanner: Pick<Scanner, "spans" | "from">): void;
  blockEnd(): void;
  /** Resolves when more may be given: keeps what is under way small. */
  room(): Promise<void>;
  /** The statistics of what was committed; undefined when they have to be gathered anew. */
  summarize(db: Database, table: TableInfo): Promise<TableSummary | undefined>;
  close(): void;
};

/** In this thread: for profiles, of which there are few. */
export function localObserver({ names }: PropertyKeys): RowObserver {
  const profile = createProfile(names);
  return {
    get rows() {
      return profile.rows;
    },
    eventName: profile.eventName,
    observe: profile.observe,
    retract: profile.retract,
    dirty: profile.dirty,
    begin: profile.begin,
    commit: profile.commit,
    rollback: profile.rollback,
    memory: () => undefined,
    place() {},
    blockEnd() {},
    async room() {},
    async summarize(db, table) {
      return profile.rows === table.row_count ? summarizeTable(db, table, profile) : undefined;
    },
    close() {},
  };
}
