/**
 * The statistics in a thread of their own (profile-thread.ts): reading properties costs as much as storing them, and the
 * machine has more than one core. Rows travel in batches of shared memory, one per block of lines.
 */
import type { Database } from "bun:sqlite";
import {
  addBytes,
  addRow,
  addSpans,
  type Batch,
  createBatch,
  KEPT_BYTES,
  linesMemory,
  type Memory,
  memoryOf,
} from "./profile-batch.ts";
import type { TableSummary } from "./profile-summary.ts";
import type { PropertyKeys } from "./property-keys.ts";
import type { RowObserver } from "./row-observer.ts";
import type { Scanner } from "./scan.ts";
import type { TableInfo } from "./tables.ts";

export type ToThread =
  | { kind: "memory"; id: number; memory: Memory }
  | { kind: "batch"; id: number; count: number }
  | { kind: "event"; code: number; name: string }
  /** Names of properties, in the order of their codes, that were not told before. */
  | { kind: "keys"; names: string[] }
  | { kind: "dirty" | "begin" | "commit" | "rollback" }
  /** A new table: forget everything. */
  | { kind: "reset" }
  | { kind: "summarize"; path: string; table: TableInfo };

export type FromThread = { kind: "done"; id: number } | { kind: "summary"; summary: TableSummary | undefined };

/** Threads nobody uses now: starting one for each of a thousand small tables would leave memory behind every time. */
export type ThreadPool = { idle: Worker[]; batches: number };

/** Batches under way before the writer waits for the thread. */
const MOST_UNDER_WAY = 4;

export class ProfileClient implements RowObserver {
  rows = 0;
  private told = 0;
  private readonly thread: Worker;
  private readonly free: Batch[] = [];
  private readonly underWay = new Map<number, Batch>();
  private batch: Batch;
  private source: Buffer | undefined;
  /** The thread failed: rows are stored all the same, and read again for their statistics. */
  private isBroken = false;
  private wake: (() => void) | undefined;
  private answer: ((summary: TableSummary | undefined) => void) | undefined;

  constructor(
    private readonly pool: ThreadPool,
    private readonly keys: PropertyKeys,
  ) {
    this.batch = createBatch(pool.batches++);
    this.thread = pool.idle.pop() ?? startThread();
    this.send({ kind: "reset" });
    this.thread.onmessage = (message: MessageEvent<FromThread>) => this.receive(message.data);
    this.thread.onerror = (event) => {
      process.stderr.write(`statistics thread: ${event.message}\n`);
      this.isBroken = true;
      this.answer?.(undefined);
      this.underWay.clear();
      this.wake?.();
    };
  }

  memory(bytes: number): Buffer {
    this.source = linesMemory(this.batch, bytes);
    return this.source;
  }

  place(scanner: Pick<Scanner, "spans" | "from">): void {
    scanner.spans = this.batch.spans;
    scanner.from = this.batch.spansUsed;
  }

  blockEnd(): void {
    this.source = undefined;
    const { batch } = this;
    if (batch.count > 0 && !this.isBroken) {
      const { id, count } = batch;
      this.tellKeys();
      if (!batch.sent) this.send({ kind: "memory", id, memory: memoryOf(batch) });
      batch.sent = true;
      this.send({ kind: "batch", id, count });
      this.underWay.set(id, batch);
      this.batch = this.free.pop() ?? createBatch(this.pool.batches++);
    }
    reset(this.batch);
  }

  private tellKeys(): void {
    const { names } = this.keys;
    if (names.length === this.told) return;
    this.send({ kind: "keys", names: names.slice(this.told) });
    this.told = names.length;
  }

  observe: RowObserver["observe"] = (bytes, spans, from, count, event, timeMs, user, rowid) => {
    this.rows++;
    addSpans(this.batch, spans, from, count, this.shift(bytes));
    addRow(this.batch, count, event, timeMs, user, rowid, 0);
  };

  retract: RowObserver["retract"] = (bytes, spans, from, count, event, timeMs, user, rowid) => {
    this.rows--;
    addSpans(this.batch, spans, from, count, this.shift(bytes));
    addRow(this.batch, count, event, timeMs, user, rowid, 1);
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
    while (this.underWay.size >= MOST_UNDER_WAY) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  summarize(db: Database, table: TableInfo): Promise<TableSummary | undefined> {
    if (this.isBroken || this.rows !== table.row_count) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.answer = resolve;
      this.send({ kind: "summarize", path: db.filename, table });
    });
  }

  /** Answers still on their way concern batches that the next user of the thread does not know. */
  close(): void {
    if (this.isBroken) this.thread.terminate();
    else this.pool.idle.push(this.thread);
  }

  private send(message: ToThread): void {
    this.thread.postMessage(message);
  }

  private receive(message: FromThread): void {
    if (message.kind === "summary") {
      this.answer?.(message.summary);
      return;
    }
    const batch = this.underWay.get(message.id);
    if (batch === undefined) return;
    this.underWay.delete(message.id);
    if (batch.bytes.length <= KEPT_BYTES) this.free.push(batch);
    else this.send({ kind: "memory", id: message.id, memory: NOTHING });
    this.wake?.();
  }
}

/** Lets the thread forget a batch that is not used again. */
const NOTHING: Memory = { bytes: new ArrayBuffer(0), spans: new ArrayBuffer(0), rows: new ArrayBuffer(0) };

function startThread(): Worker {
  // As the watchdog: entry points lie under src/ in the executable.
  const path = Bun.isStandaloneExecutable
    ? "./store/profile-thread.ts"
    : new URL("./profile-thread.ts", import.meta.url).href;
  return new Worker(path, { smol: true });
}

function reset(batch: Batch): void {
  batch.bytesUsed = 0;
  batch.spansUsed = 0;
  batch.count = 0;
}
