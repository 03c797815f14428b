/** Rows on their way to the statistics thread: memory both threads see, filled by one while the other reads another. */
import { BLOCK_BYTES } from "./lines.ts";
import { KEY, largerSpans, SPAN, VALUE_END, VALUE_START, VALUE_TYPE } from "./spans.ts";

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

/** Properties of the events in a block, as a rule. */
const FIRST_PROPERTIES = 24_000;
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
    bytes: new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES)),
    bytesUsed: 0,
    spans: new Int32Array(new SharedArrayBuffer(FIRST_PROPERTIES * SPAN * 4)),
    spansUsed: 0,
    rows: new Float64Array(new SharedArrayBuffer(512 * ROW * 8)),
    count: 0,
  };
}

/** The batch's own memory for at least so many bytes of lines, from its beginning. */
export function linesMemory(batch: Batch, bytes: number): Buffer {
  if (bytes > batch.bytes.length) {
    batch.bytes = new Uint8Array(new SharedArrayBuffer(bytes));
    batch.sent = false;
  }
  batch.bytesUsed = batch.bytes.length;
  return Buffer.from(batch.bytes.buffer);
}

/** Copies bytes that lie elsewhere in; returns where they begin. */
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

/** The spans of the next row, moved by `shift`. Those that the scanner put there already (`place`) stay where they are. */
export function addSpans(batch: Batch, spans: Int32Array, from: number, count: number, shift: number): void {
  const to = batch.spansUsed;
  batch.spansUsed = to + count * SPAN;
  if (from === to && spans.buffer instanceof SharedArrayBuffer) {
    // More properties than there was room for: the scanner has copied all spans to larger memory.
    if (spans !== batch.spans) batch.sent = false;
    batch.spans = spans;
    if (shift === 0) return;
  }
  if (batch.spansUsed > batch.spans.length) {
    batch.spans = largerSpans(batch.spans, Math.max(batch.spans.length * 2, batch.spansUsed));
    batch.sent = false;
  }
  copySpans(spans, from, batch.spans, to, count, shift);
}

/** By hand: a typed array's set() needs a subarray, which costs more than these numbers. */
function copySpans(
  spans: Int32Array,
  from: number,
  target: Int32Array,
  to: number,
  count: number,
  shift: number,
): void {
  for (let at = 0; at < count * SPAN; at += SPAN) {
    target[to + at + KEY] = spans[from + at + KEY] as number;
    target[to + at + VALUE_START] = (spans[from + at + VALUE_START] as number) + shift;
    target[to + at + VALUE_END] = (spans[from + at + VALUE_END] as number) + shift;
    target[to + at + VALUE_TYPE] = spans[from + at + VALUE_TYPE] as number;
  }
}

/** A row whose spans were added just before. */
export function addRow(
  batch: Batch,
  count: number,
  event: number,
  timeMs: number,
  user: number,
  rowid: number,
  retracted: 0 | 1,
): void {
  if ((batch.count + 1) * ROW > batch.rows.length) growRows(batch);
  const { rows } = batch;
  const at = batch.count++ * ROW;
  rows[at + ROW_EVENT] = event;
  rows[at + ROW_TIME] = timeMs;
  rows[at + ROW_USER] = user;
  rows[at + ROW_ID] = rowid;
  rows[at + ROW_COUNT] = count;
  rows[at + ROW_RETRACTED] = retracted;
}

function growRows(batch: Batch): void {
  const larger = new Float64Array(new SharedArrayBuffer(batch.rows.byteLength * 2));
  larger.set(batch.rows);
  batch.rows = larger;
  batch.sent = false;
}
