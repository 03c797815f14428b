/** The parent's side of the writer child: the only process that changes rows. Every method is one request to it. */
import { Fault } from "../fault.ts";
import type { Log } from "../log.ts";
import { createChild, type EndReason, type RequestOptions } from "./child.ts";
import type { TimezoneRule } from "./event-time.ts";
import type { TableChange, TableType } from "./tables.ts";

/** One answer of the export endpoint, spooled to a file exactly as it came over the wire. */
export type EventChunk = {
  table: string;
  jobId: string;
  /** The days this chunk answers for, both included: its key in the ledger, with the table. */
  fromDate: string;
  toDate: string;
  path: string;
  encoding: "gzip" | "identity";
  /** How the end of the HTTP body was known; `close` with `identity` proves nothing by itself and is noted. */
  framing: "length" | "chunked" | "close";
  timezone: TimezoneRule;
  /** Whether the days are stored already and are downloaded again; their earlier rows go in the same transaction. */
  replace: boolean;
};

/** One page of the engage endpoint, the JSON reply spooled to a file. */
export type ProfilePage = { table: string; jobId: string; page: number; path: string; encoding?: "gzip" | "identity" };

export type IngestResult = {
  /** New rows in the table. */
  rows: number;
  duplicates: number;
  rejected: number;
  /** The first rejected lines: `line 17: reason: first 120 characters`, made safe to print. */
  examples: string[];
  /** Bytes after inflating. */
  bytes: number;
  /** Profiles only: results in the page, to tell a short page. */
  results?: number;
  notes: string[];
};

export type AdoptedResult = { table: string; columns: { name: string; type: string }[]; path: string; query: string };

export type JobRow = {
  id: string;
  kind: string;
  table_name: string;
  status: string;
  request: unknown;
  progress: unknown;
  pid: number | null;
  started_at: string;
  heartbeat_at: string | null;
  finished_at: string | null;
};

export type Writer = {
  /** Creates an empty table with its catalogue row; TABLE_EXISTS when the name is taken. */
  create(table: { name: string; type: TableType } & TableChange): Promise<void>;
  /** Changes what the catalogue says of a table. */
  update(table: string, change: TableChange): Promise<void>;
  /** Faults: UPSTREAM_TRUNCATED with the reason, STORE_FULL, STORE_BUSY, CANCELLED; then nothing of the chunk is stored. */
  ingestEvents(chunk: EventChunk, signal?: AbortSignal, onProgress?: (rows: number) => void): Promise<IngestResult>;
  ingestProfiles(page: ProfilePage, signal?: AbortSignal): Promise<IngestResult>;
  /** Persists the statistics; base indexes follow in the background after the answer. */
  finish(table: string): Promise<void>;
  /** Unknown names are ignored. The tables are gone from the catalogue when this answers; their pages are freed behind. */
  drop(tables: string[]): Promise<{ dropped: string[]; rows: number }>;
  /** Makes a table of the rows a query was spooled to; the file is removed. */
  adopt(result: AdoptedResult): Promise<{ rows: number }>;
  /** Inserts or replaces the row of a job. */
  saveJob(job: JobRow): Promise<void>;
  /** Any other command of writer-main.ts. */
  request<Result>(command: string, args: unknown, options?: RequestOptions): Promise<Result>;
  close(): Promise<void>;
};

/** What the child is told first. */
export type WriterSetup = { path: string };

/** Far above what five million events take: a guard against a runaway, not a budget. */
const WRITER_BYTES = 1024 * 1024 * 1024;
/** Peak memory of a million events: a fifth less than without, at the same speed. */
const COLLECT_AS_IF_BYTES = 64 * 1024 * 1024;
const IDLE_MS = 60_000;
const ATTEMPTS = 3;

export function createWriter(options: { path: string; log: Log }): Writer {
  const setup: WriterSetup = { path: options.path };
  const child = createChild({
    command: "__writer",
    setup,
    maxBytes: WRITER_BYTES,
    collectAsIfBytes: COLLECT_AS_IF_BYTES,
    idleMs: IDLE_MS,
    log: options.log,
    ended,
  });
  const request = <Result>(command: string, args: unknown, more: RequestOptions = {}) =>
    child.request<Result>(command, args, { onAbort: "ask", ...more });
  /** For commands that may be given twice: a child that was killed under one is replaced, a few times. */
  const persist = async <Result>(command: string, args: unknown, more?: RequestOptions): Promise<Result> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await request<Result>(command, args, more);
      } catch (cause) {
        if (attempt === ATTEMPTS || !(cause instanceof Fault) || cause.details?.["writer"] !== "died") throw cause;
      }
    }
  };
  return {
    create: (table) => request("create", table),
    update: (table, change) => persist("update", { table, change }),
    ingestEvents: (chunk, signal, onProgress) =>
      persist("ingest_events", chunk, { signal, onProgress: (rows) => onProgress?.(Number(rows)) }),
    ingestProfiles: (page, signal) => persist("ingest_profiles", page, { signal }),
    finish: (table) => persist("finish", { table }),
    drop: (tables) => persist("drop", { tables }),
    adopt: (result) => request("adopt", result),
    saveJob: (job) => persist("save_job", job),
    request,
    close: () => child.close(),
  };
}

function ended(reason: EndReason): Fault {
  switch (reason) {
    case "cancelled":
    case "closed":
      return new Fault("CANCELLED", "The request was cancelled.");
    case "memory":
      return new Fault(
        "LIMIT_EXCEEDED",
        "The process that writes to the local store needed too much memory and was ended.",
        {
          suggestions: ["Fetch fewer days at once."],
        },
      );
    case "timeout":
    case "disk":
    case "died":
      return new Fault(
        "STORE_BUSY",
        "The process that writes to the local store ended unexpectedly; nothing half-written is left.",
        {
          suggestions: ["Try again."],
          retryAfterSeconds: 1,
          details: { writer: "died" },
        },
      );
  }
}
