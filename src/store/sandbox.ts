/**
 * The server's side of the SQL child processes: a model's query goes in, rows or a Fault come out. One query at a time per child,
 * a second and third child when the first is busy, so that a slow query holds up nobody. A query that is cancelled, too long or too
 * greedy costs its child; the next one starts another.
 */
import { dirname, join } from "node:path";
import { Fault } from "../fault.ts";
import { SQL_CHILD_BYTES, SQL_TIMEOUT_MS } from "../limits.ts";
import type { Log } from "../log.ts";
import { type Child, createChild, type EndReason, type RequestOptions } from "./child.ts";
import { createChildPool } from "./child-pool.ts";
import type { QueryReply, QueryRequest, SpoolReply, SpoolRequest } from "./sandbox-run.ts";
import type { SpoolFormat } from "./sql-spool.ts";
import { checkLength } from "./sql-statement.ts";
import type { Cell, Column } from "./sql-values.ts";

export type { Cell, Column } from "./sql-values.ts";

export type QueryLimits = {
  /** Rows returned at most. */
  rows: number;
  /** Characters of all names and cells together, about. */
  chars: number;
  /** Lowers the sandbox's own time limit. */
  timeoutMs?: number;
};

export type QueryResult = {
  columns: Column[];
  rows: Cell[][];
  /** True when there are more rows: exact. */
  truncated: boolean;
  /** Some cells are longer than shown; each says so itself. */
  clipped: boolean;
  /** Time in SQLite and reading the rows. */
  elapsed_ms: number;
  /** What was done to make it fast, and whether cells were clipped. */
  hint?: string;
};

export type Sandbox = {
  /** Faults: SQL_ERROR, SQL_FORBIDDEN, SQL_TIMEOUT, LIMIT_EXCEEDED, STORE_BUSY, CANCELLED. */
  query(sql: string, limits: QueryLimits, signal?: AbortSignal): Promise<QueryResult>;
  /** Writes all rows into a new file; `onProgress` gets rows written so far. No file is left when it fails. */
  spool(
    sql: string,
    path: string,
    format: SpoolFormat,
    signal?: AbortSignal,
    onProgress?: (rows: number) => void,
  ): Promise<SpoolReply>;
  close(): Promise<void>;
};

/** The same query in the form that runs fastest; the rows must be the same. */
export type Rewrite = (sql: string) => {
  sql: string;
  /** Called when the query has run; may say what is being done to make the next one faster. */
  after?(elapsedMs: number): string | undefined;
};

export type SandboxOptions = { path: string; timeoutMs: number; log: Log; rewrite?: Rewrite };

/** Sorting and DISTINCT spill to temporary files; a query that writes more than this would not end in time either. */
const TEMP_BYTES = 800 * 2 ** 20;
/** A query can take a hundred megabytes between two looks of the watchdog: it acts before the limit is reached. */
const WATCHDOG_SHARE = 0.8;
/** Nobody writes a query of this length to be fast. */
const REWRITE_CHARS = 10_000;
const MOST_CHILDREN = 3;
/** The first child stays warm; its helpers leave soon. */
const HELPER_IDLE_MS = 10_000;
/** An export larger than this would fill many a disk; rows for a table pass through the writer's memory. */
const MOST_BYTES: Record<SpoolFormat, number> = { csv: 8 * 2 ** 30, jsonl: 8 * 2 ** 30, rows: 256 * 2 ** 20 };
/** Writing a file may take longer than a query, but a call has to answer. */
const SPOOL_MS = 45_000;
/** How long a query waits for a child: with the time it may run itself, less than a call may take. */
const WAIT_MS = 15_000;

export function createSandbox(options: SandboxOptions): Sandbox {
  const pool = createChildPool({
    most: MOST_CHILDREN,
    waitMs: WAIT_MS,
    start: (helper) => startChild(options, helper),
    cancelled: () => ended("cancelled", 0),
    allBusy,
  });
  /** The limit of one request may be lower than the child's own: the message names the one that was passed. */
  const ask = <Reply>(command: string, args: unknown, request: RequestOptions): Promise<Reply> =>
    pool.request<Reply>(command, args, request).catch((error: unknown) => {
      throw error instanceof Fault && error.code === "SQL_TIMEOUT" ? ended("timeout", request.timeoutMs ?? 0) : error;
    });
  return {
    async query(sql, { rows, chars, timeoutMs }, signal) {
      checkLength(sql);
      const run = sql.length > REWRITE_CHARS ? undefined : options.rewrite?.(sql);
      const most = Math.min(options.timeoutMs, timeoutMs ?? options.timeoutMs);
      const request: QueryRequest = { sql, run: run?.sql, rows, chars };
      const reply = await ask<QueryReply>("query", request, { timeoutMs: most, signal });
      const hints = [
        ...reply.cautions,
        run?.after?.(reply.elapsed_ms),
        reply.clipped ? "Long cells are clipped: select a part with substr or a JSON path." : undefined,
      ];
      const hint = hints.filter((text) => text !== undefined).join(" ");
      const { columns, truncated, clipped, elapsed_ms } = reply;
      return { columns, rows: reply.rows, truncated, clipped, elapsed_ms, ...(hint === "" ? {} : { hint }) };
    },
    async spool(sql, path, format, signal, onProgress) {
      checkLength(sql);
      const request: SpoolRequest = { sql, path, format, mostBytes: MOST_BYTES[format] };
      const most = options.timeoutMs < SQL_TIMEOUT_MS ? options.timeoutMs : SPOOL_MS;
      const tell = (rows: unknown) => onProgress?.(Number(rows));
      return ask<SpoolReply>("spool", request, { timeoutMs: most, signal, onProgress: tell });
    },
    close: pool.close,
  };
}

function startChild(options: SandboxOptions, helper: boolean): Child {
  return createChild({
    command: "__sql",
    setup: { path: options.path, tempDir: join(dirname(options.path), "spool") },
    maxBytes: SQL_CHILD_BYTES * WATCHDOG_SHARE,
    maxTempBytes: TEMP_BYTES,
    idleMs: helper ? HELPER_IDLE_MS : undefined,
    again: "query",
    log: options.log,
    ended: (reason) => ended(reason, options.timeoutMs),
  });
}

function allBusy(): Fault {
  return new Fault("STORE_BUSY", `${MOST_CHILDREN} long queries are running already.`, {
    suggestions: ["Wait for them, or cancel one, then ask again."],
    retryAfterSeconds: 5,
  });
}

const NARROWER = "Filter by event_name and a shorter range of event_time, or count before selecting rows.";

function ended(reason: EndReason, timeoutMs: number): Fault {
  switch (reason) {
    case "timeout":
      return new Fault("SQL_TIMEOUT", `The query took longer than ${timeoutMs / 1000} s and was stopped.`, {
        suggestions: [NARROWER, "Keep an intermediate result with create_table and query that."],
      });
    case "memory":
      return new Fault("LIMIT_EXCEEDED", "The query needed more than 256 MB of memory and was stopped.", {
        suggestions: [
          "Aggregate instead of collecting (group_concat, json_group_array, median over all rows need memory).",
          NARROWER,
        ],
      });
    case "disk":
      return new Fault("LIMIT_EXCEEDED", "The query needed more than 800 MB of temporary files and was stopped.", {
        suggestions: ["Sort or compare fewer and shorter columns: leave properties out, filter first.", NARROWER],
      });
    case "cancelled":
    case "closed":
      return new Fault("CANCELLED", "The query was cancelled.");
    case "died":
      return new Fault("LIMIT_EXCEEDED", "The process that ran the query ended before it answered.", {
        suggestions: ["Call again; if it happens again, simplify the query."],
      });
  }
}
