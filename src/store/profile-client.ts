/**
 * The statistics in a thread of their own (profile-thread.ts): reading properties costs as much as storing them, and the
 * machine has more than one core. Rows travel in batches of shared memory, one per block of lines.
 */
import type { Database } from "bun:sqlite";
import { addBytes, addRow, type Batch, createBatch, KEPT_BYTES } from "./profile-batch.ts";
import type { TableSummary } from "./profile-summary.ts";
import type { RowObserver } from "./row-observer.ts";
import type { TableInfo } from "./tables.ts";

export type ToThread =
  | { kind: "batch"; batch: Batch }
  | { kind: "event"; code: number; name: string }
  | { kind: "dirty" | "begin" | "commit" | "rollback" }
  | { kind: "summarize"; path: string; table: TableInfo };

export type FromThread = { kind: "done"; batch: Batch } | { kind: "summary"; summary: TableSummary | undefined };

/** Batches under way before the writer waits for the thread. */
const MOST_UNDER_WAY = 4;

export class ProfileClient implements RowObserver {
  rows = 0;
  private readonly thread: Worker;
  private readonly free: Batch[] = [];
  private underWay = 0;
  private batch = createBatch();
  private source: Uint8Array | undefined;
  private wake: (() => void) | undefined;
  private answer: ((summary: TableSummary | undefined) => void) | undefined;

  constructor() {
    // As the watchdog: entry points lie under src/ in the executable.
    const path = Bun.isStandaloneExecutable
      ? "./store/profile-thread.ts"
      : new URL("./profile-thread.ts", import.meta.url).href;
    this.thread = new Worker(path);
    this.thread.onmessage = (message: MessageEvent<FromThread>) => this.receive(message.data);
    this.thread.onerror = (event) => {
      process.stderr.write(`statistics thread: ${event.message}\n`);
      this.rows = Number.NaN;
      this.answer?.(undefined);
      this.underWay = 0;
      this.wake?.();
    };
  }

  block(bytes: Uint8Array, end: number): void {
    this.source = bytes;
    addBytes(this.batch, bytes.subarray(0, end));
  }

  blockEnd(): void {
    this.source = undefined;
    const { batch } = this;
    if (batch.count > 0) {
      this.send({ kind: "batch", batch });
      this.underWay++;
      this.batch = this.free.pop() ?? createBatch();
    }
    reset(this.batch);
  }

  observe: RowObserver["observe"] = (bytes, spans, count, event, timeMs, user, rowid) => {
    this.rows++;
    addRow(this.batch, spans, count, this.shift(bytes), event, timeMs, user, rowid, 0);
  };

  retract: RowObserver["retract"] = (bytes, spans, count, event, timeMs, user, rowid) => {
    this.rows--;
    addRow(this.batch, spans, count, this.shift(bytes), event, timeMs, user, rowid, 1);
  };

  /** Bytes that are not the block's own (a repaired line, a stored row) travel behind it. */
  private shift(bytes: Uint8Array): number {
    return bytes === this.source ? 0 : addBytes(this.batch, bytes);
  }

  eventName(code: number, name: string): void {
    this.send({ kind: "event", code, name });
  }

  dirty(): void {
    this.send({ kind: "dirty" });
  }

  begin(): void {
    this.send({ kind: "begin" });
  }

  commit(): void {
    this.send({ kind: "commit" });
  }

  rollback(): void {
    this.send({ kind: "rollback" });
  }

  async room(): Promise<void> {
    while (this.underWay >= MOST_UNDER_WAY) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  summarize(db: Database, table: TableInfo): Promise<TableSummary | undefined> {
    if (this.rows !== table.row_count) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.answer = resolve;
      this.send({ kind: "summarize", path: db.filename, table });
    });
  }

  close(): void {
    this.thread.terminate();
  }

  private send(message: ToThread): void {
    this.thread.postMessage(message);
  }

  private receive(message: FromThread): void {
    if (message.kind === "summary") {
      this.answer?.(message.summary);
      return;
    }
    this.underWay--;
    if (message.batch.bytes.length <= KEPT_BYTES) this.free.push(message.batch);
    this.wake?.();
  }
}

function reset(batch: Batch): void {
  batch.bytesUsed = 0;
  batch.spansUsed = 0;
  batch.count = 0;
}
