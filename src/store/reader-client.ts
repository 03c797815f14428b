/**
 * Reading lines and gathering statistics in a thread of their own (reader-thread.ts): together they cost as much as storing,
 * and the machine has more than one core. Lines travel in blocks of shared memory: filled here, read there, stored here, and
 * what was stored is observed there.
 */
import type { Database } from "bun:sqlite";
import { EventLines } from "./event-lines.ts";
import {
  addRow,
  addText,
  type Block,
  createBlock,
  growBlock,
  KEPT_BYTES,
  type Memory,
  memoryOf,
  ROW_FOREIGN,
} from "./line-block.ts";
import { createRowProfile, nameEvent, observeRow, retractRow } from "./profile-rows.ts";
import { type PropertiesSummary, summarizeRows, type TableSummary } from "./profile-summary.ts";
import { expectUsers } from "./profile-users.ts";
import { PropertyKeys } from "./property-keys.ts";
import type { RowObserver } from "./row-observer.ts";
import { lineOf } from "./scan.ts";
import { userReader } from "./stats-pass.ts";
import type { TableInfo } from "./tables.ts";

export type ToThread =
  | { kind: "memory"; id: number; memory: Memory }
  | { kind: "read"; id: number; end: number }
  | { kind: "observe"; id: number; count: number }
  | { kind: "forget"; id: number }
  /** A new table: forget everything. */
  | { kind: "reset" }
  | { kind: "summarize"; path: string; table: TableInfo };

export type FromThread =
  /** `numbers`: the records did not fit and lie in this memory now. */
  | { kind: "read"; id: number; count: number; lines: number; numbers?: ArrayBufferLike }
  | { kind: "observed"; id: number }
  | { kind: "summary"; summary: PropertiesSummary | undefined };

/** Threads nobody uses now: starting one for each of a thousand small tables would leave memory behind every time. */
export type ThreadPool = { idle: Worker[]; blocks: number };

/** Blocks whose rows are being observed before the writer waits for the thread. */
const MOST_OBSERVED = 8;

export class ReaderClient implements RowObserver {
  /** Of the rows as wholes: event, time and user are known here. */
  private readonly profile = createRowProfile();
  private readonly thread: Worker;
  private filling: Block;
  private readonly free: Block[] = [];
  private readonly reading = new Map<number, { block: Block; resolve: (block: Block) => void }>();
  private readonly observed = new Map<number, Block>();
  /** The thread failed: lines are read here, and the rows once more for their statistics. */
  private isBroken = false;
  private readonly lines = new EventLines(new PropertyKeys());
  private wake: (() => void) | undefined;
  private answer: ((summary: PropertiesSummary | undefined) => void) | undefined;

  constructor(private readonly pool: ThreadPool) {
    this.filling = createBlock(pool.blocks++);
    this.thread = pool.idle.pop() ?? startThread();
    this.send({ kind: "reset" });
    this.thread.onmessage = (message: MessageEvent<FromThread>) => this.receive(message.data);
    this.thread.onerror = (event) => this.fail(event.message);
  }

  /** At least so many bytes for the lines that come next. */
  memory(bytes: number): Buffer {
    if (bytes > this.filling.bytes.length) growBlock(this.filling, bytes);
    return this.filling.bytes;
  }

  /** Has the lines read that lie in [0, end) of the memory given last. In order: one `read` after the other is answered. */
  read(end: number): Promise<Block> {
    const block = this.filling;
    block.end = end;
    block.used = end;
    block.rowCount = 0;
    this.filling = this.free.pop() ?? createBlock(this.pool.blocks++);
    if (this.isBroken) return Promise.resolve(this.readHere(block));
    this.sendMemory(block);
    this.send({ kind: "read", id: block.id, end });
    return new Promise((resolve) => this.reading.set(block.id, { block, resolve }));
  }

  /** The users of the rows that come next, as far as they are known: see expectUsers. */
  expect(users: Float64Array, count: number): void {
    expectUsers(this.profile.users, users, count);
  }

  /** A line of the block was stored. */
  observe(block: Block, line: number, event: number, timeMs: number, user: number, rowid: number): void {
    observeRow(this.profile, event, timeMs, user, rowid);
    addRow(block, line, event, rowid, 0);
  }

  /** A row was stored whose properties are not those of a line. */
  observeText(block: Block, properties: Uint8Array, event: number, timeMs: number, user: number, rowid: number): void {
    observeRow(this.profile, event, timeMs, user, rowid);
    addRow(block, ROW_FOREIGN, event, rowid, addText(block, lineOf(properties)));
  }

  /** Before the new version of a row is observed: the earlier one goes. */
  retract(block: Block, properties: Uint8Array, event: number, timeMs: number, user: number, rowid: number): void {
    retractRow(this.profile, event, timeMs, user, rowid);
    addRow(block, ROW_FOREIGN, event, rowid, -1 - addText(block, lineOf(properties)));
  }

  /** The block is stored; its memory is used again once its rows have been observed. */
  done(block: Block): void {
    if (this.isBroken || block.rowCount === 0) {
      this.reuse(block);
      return;
    }
    this.sendMemory(block);
    this.send({ kind: "observe", id: block.id, count: block.rowCount });
    this.observed.set(block.id, block);
  }

  eventName(code: number, name: string): void {
    nameEvent(this.profile, code, name);
  }

  get rows(): number {
    return this.profile.rows;
  }

  /** Resolves when the thread is not far behind. */
  async room(): Promise<void> {
    while (this.observed.size >= MOST_OBSERVED) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async summarize(db: Database, table: TableInfo): Promise<TableSummary | undefined> {
    if (this.isBroken || this.rows !== table.row_count) return undefined;
    const answer = new Promise<PropertiesSummary | undefined>((resolve) => {
      this.answer = resolve;
    });
    this.send({ kind: "summarize", path: db.filename, table });
    const ofRows = summarizeRows(this.profile, userReader(db, table));
    const ofProperties = await answer;
    return ofRows && ofProperties && { ...ofRows, ...ofProperties };
  }

  /** Answers still on their way concern blocks that the next user of the thread does not know. */
  close(): void {
    if (this.isBroken) this.thread.terminate();
    else this.pool.idle.push(this.thread);
  }

  private send(message: ToThread): void {
    this.thread.postMessage(message);
  }

  private sendMemory(block: Block): void {
    if (!block.isSent) this.send({ kind: "memory", id: block.id, memory: memoryOf(block) });
    block.isSent = true;
  }

  private receive(message: FromThread): void {
    if (message.kind === "summary") {
      this.answer?.(message.summary);
    } else if (message.kind === "read") {
      const entry = this.reading.get(message.id);
      if (entry === undefined) return;
      this.reading.delete(message.id);
      const { block, resolve } = entry;
      if (message.numbers !== undefined) block.numbers = new Int32Array(message.numbers);
      block.count = message.count;
      block.lines = message.lines;
      resolve(block);
    } else {
      const block = this.observed.get(message.id);
      if (block === undefined) return;
      this.observed.delete(message.id);
      this.reuse(block);
      this.wake?.();
    }
  }

  private reuse(block: Block): void {
    block.used = 0;
    if (block.bytes.length + block.numbers.byteLength <= KEPT_BYTES) this.free.push(block);
    else this.send({ kind: "forget", id: block.id });
  }

  private readHere(block: Block): Block {
    this.lines.read(block.bytes, block.end, block);
    return block;
  }

  private fail(reason: string): void {
    process.stderr.write(`reading thread: ${reason}\n`);
    this.isBroken = true;
    this.answer?.(undefined);
    this.observed.clear();
    for (const { block, resolve } of this.reading.values()) resolve(this.readHere(block));
    this.reading.clear();
    this.wake?.();
  }
}

/** A table of events was made: its first chunk will want a thread, which starts while that is downloaded. */
export function prepareThread(pool: ThreadPool): void {
  if (pool.idle.length === 0 && pool.blocks === 0) pool.idle.push(startThread());
}

function startThread(): Worker {
  // As the watchdog: entry points lie under src/ in the executable.
  const path = Bun.isStandaloneExecutable
    ? "./store/reader-thread.ts"
    : new URL("./reader-thread.ts", import.meta.url).href;
  return new Worker(path, { smol: true });
}
