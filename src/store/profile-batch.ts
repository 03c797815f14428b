/** Rows on their way to the statistics thread: memory both threads see, filled by one while the other reads another. */
import { SPAN } from "./spans.ts";

/** Numbers per row in `rows`. */
export const ROW = 6;
export const ROW_EVENT = 0;
export const ROW_TIME = 1;
export const ROW_USER = 2;
export const ROW_ID = 3;
/** Properties of the row: its spans follow those of the row before. */
export const ROW_COUNT = 4;
/** 0: a row that was stored. 1: the earlier version of a row that is being replaced. */
export const ROW_RETRACTED = 5;

export type Batch = {
  /** Both threads know a batch by this; its memory is sent once, and again when it had to grow. */
  id: number;
  sent: boolean;
  bytes: Uint8Array;
  bytesUsed: number;
  spans: Int32Array;
  spansUsed: number;
  rows: Float64Array;
  count: number;
};

const FIRST_BYTES = 320 * 1024;
/** A batch that had to grow beyond this for one long line is not kept. */
export const KEPT_BYTES = 2 * 1024 * 1024;

/** The memory itself: views of it would be copied on their way. */
export type Memory = { bytes: ArrayBufferLike; spans: ArrayBufferLike; rows: ArrayBufferLike };

export function memoryOf({ bytes, spans, rows }: Batch): Memory {
  return { bytes: bytes.buffer, spans: spans.buffer, rows: rows.buffer };
}

export function createBatch(id: number): Batch {
  return {
    id,
    sent: false,
    bytes: new Uint8Array(new SharedArrayBuffer(FIRST_BYTES)),
    bytesUsed: 0,
    spans: new Int32Array(new SharedArrayBuffer(512 * 40 * SPAN * 4)),
    spansUsed: 0,
    rows: new Float64Array(new SharedArrayBuffer(512 * ROW * 8)),
    count: 0,
  };
}

/** Copies bytes in; returns where they begin. */
export function addBytes(batch: Batch, bytes: Uint8Array): number {
  const start = batch.bytesUsed;
  const needed = start + bytes.length;
  if (needed > batch.bytes.length) {
    const larger = new Uint8Array(new SharedArrayBuffer(Math.max(needed, batch.bytes.length * 1.5)));
    larger.set(batch.bytes.subarray(0, start));
    batch.bytes = larger;
    batch.sent = false;
  }
  batch.bytes.set(bytes, start);
  batch.bytesUsed = needed;
  return start;
}

/** Adds a row whose spans are moved by `shift`. */
export function addRow(
  batch: Batch,
  spans: Int32Array,
  count: number,
  shift: number,
  event: number,
  timeMs: number,
  user: number,
  rowid: number,
  retracted: 0 | 1,
): void {
  const length = count * SPAN;
  if (batch.spansUsed + length > batch.spans.length) growSpans(batch, length);
  if ((batch.count + 1) * ROW > batch.rows.length) growRows(batch);
  const target = batch.spans;
  let to = batch.spansUsed;
  // By hand: a typed array's set() needs a subarray, which costs more than these numbers.
  for (let from = 0; from < length; from += SPAN, to += SPAN) {
    target[to] = (spans[from] as number) + shift;
    target[to + 1] = (spans[from + 1] as number) + shift;
    target[to + 2] = (spans[from + 2] as number) + shift;
    target[to + 3] = (spans[from + 3] as number) + shift;
    target[to + 4] = spans[from + 4] as number;
  }
  batch.spansUsed = to;
  const at = batch.count++ * ROW;
  batch.rows[at + ROW_EVENT] = event;
  batch.rows[at + ROW_TIME] = timeMs;
  batch.rows[at + ROW_USER] = user;
  batch.rows[at + ROW_ID] = rowid;
  batch.rows[at + ROW_COUNT] = count;
  batch.rows[at + ROW_RETRACTED] = retracted;
}

function growSpans(batch: Batch, more: number): void {
  const larger = new Int32Array(new SharedArrayBuffer(Math.max(batch.spans.length * 2, batch.spansUsed + more) * 4));
  larger.set(batch.spans.subarray(0, batch.spansUsed));
  batch.spans = larger;
  batch.sent = false;
}

function growRows(batch: Batch): void {
  const larger = new Float64Array(new SharedArrayBuffer(batch.rows.byteLength * 2));
  larger.set(batch.rows);
  batch.rows = larger;
  batch.sent = false;
}
