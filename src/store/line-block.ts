/** Lines on their way between the writer and its reading thread: memory both see, which only one touches at a time. */
import { LINE, type LineList } from "./event-lines.ts";

/** Holds a piece as inflate.ts yields it and the line before that it continues. */
export const BLOCK_BYTES = 320 * 1024;
/** Lines of a block of events, as a rule. */
const FIRST_LINES = 512;
/** A block that had to grow beyond this, for one long line or for very many short ones, is not kept. */
export const KEPT_BYTES = 2 * 1024 * 1024;

/** Numbers per row in `rows`: what the statistics are told of a line that was stored. */
export const ROW = 4;
/** Which line of the block; ROW_FOREIGN when the text is not one of them. */
export const ROW_LINE = 0;
export const ROW_EVENT = 1;
export const ROW_ID = 2;
/** Of foreign rows: where their line begins. Negative (minus 1): the row is taken back. */
export const ROW_TEXT = 3;
export const ROW_FOREIGN = -1;

export type Block = LineList & {
  /** Both threads know a block by this; its memory is sent once, and again when it had to grow. */
  readonly id: number;
  isSent: boolean;
  bytes: Buffer;
  /** Where the whole lines end, and where texts from elsewhere may be added. */
  end: number;
  used: number;
  rows: Float64Array;
  rowCount: number;
};

/** The memory itself: views of it would be copied on their way. */
export type Memory = { bytes: ArrayBufferLike; numbers: ArrayBufferLike; rows: ArrayBufferLike };

export function memoryOf({ bytes, numbers, rows }: Block): Memory {
  return { bytes: bytes.buffer, numbers: numbers.buffer, rows: rows.buffer };
}

export function createBlock(id: number): Block {
  return {
    id,
    isSent: false,
    bytes: Buffer.from(new SharedArrayBuffer(BLOCK_BYTES)),
    end: 0,
    used: 0,
    numbers: new Int32Array(new SharedArrayBuffer(FIRST_LINES * LINE * 4)),
    count: 0,
    lines: 0,
    rows: new Float64Array(new SharedArrayBuffer(FIRST_LINES * ROW * 8)),
    rowCount: 0,
  };
}

/** Room for at least so many bytes of lines. */
export function growBlock(block: Block, bytes: number): void {
  const larger = Buffer.from(new SharedArrayBuffer(bytes));
  block.bytes.copy(larger, 0, 0, block.used);
  block.bytes = larger;
  block.isSent = false;
}

/** Adds a text; returns where it begins. */
export function addText(block: Block, text: Uint8Array): number {
  const start = block.used;
  block.used = start + text.length;
  if (block.used > block.bytes.length) growBlock(block, Math.ceil(block.used * 1.5));
  block.bytes.set(text, start);
  return start;
}

export function addRow(block: Block, line: number, event: number, rowid: number, text: number): void {
  if ((block.rowCount + 1) * ROW > block.rows.length) growRows(block);
  const { rows } = block;
  const at = block.rowCount++ * ROW;
  rows[at + ROW_LINE] = line;
  rows[at + ROW_EVENT] = event;
  rows[at + ROW_ID] = rowid;
  rows[at + ROW_TEXT] = text;
}

function growRows(block: Block): void {
  const larger = new Float64Array(new SharedArrayBuffer(block.rows.byteLength * 2));
  larger.set(block.rows);
  block.rows = larger;
  block.isSent = false;
}
