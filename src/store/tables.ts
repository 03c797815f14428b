/** The catalogue of the user's tables: one row of `_mp_table` each, read in the main process, written by the writer. */
import type { Store } from "./store.ts";
import { Fault } from "../fault.ts";

export type TableType = "events" | "profiles" | "result";
export type TableStatus = "complete" | "partial" | "running";

export type MissingRange = { from_date: string; to_date: string; reason?: string };

export type TableInfo = {
  name: string;
  type: TableType;
  row_count: number;
  /** Bytes in the file, estimated from the pages written; indexes not included. */
  size_bytes: number;
  /** ISO 8601 with zone, as all times of replies. */
  created_at: string;
  fetched_at: string | null;
  /** The days asked for so far, both ends included; null for profiles and results. */
  from_date: string | null;
  to_date: string | null;
  /** What the fetch was limited to (`events`, `where`, ...); null when nothing. */
  filters: Record<string, unknown> | null;
  status: TableStatus;
  missing_ranges: MissingRange[];
  /** How event_time relates to what Mixpanel sent: `UTC`, or the project's zone that was converted from. */
  timezone: string | null;
  /** Grows with every change of the rows: statistics are kept for one version. */
  version: number;
};

/** What the owner of a fetch may set; the writer keeps the counts itself. */
export type TableChange = Partial<
  Pick<TableInfo, "fetched_at" | "from_date" | "to_date" | "filters" | "status" | "missing_ranges" | "timezone">
>;

export declare function listTables(store: Store, type?: TableType): TableInfo[];
export declare function findTable(store: Store, name: string): TableInfo | undefined;
/** Throws TABLE_NOT_FOUND with the nearest names. */
export declare function requireTable(store: Store, name: string): TableInfo;
export const pending = Fault;
