/** Bytes in pieces -> lines in one buffer that is used again and again. */
import { BLOCK_BYTES } from "./line-block.ts";

/** A longer line is not kept in memory: it is skipped and counted as rejected. */
export const MAX_LINE_BYTES = 32 << 20;
const NEWLINE = 0x0a;

export type LineTaker = {
  /** Memory of at least so many bytes that the next lines are put into; without it the splitter has its own. */
  memory?(bytes: number): Buffer | undefined;
  /** Whole lines: `bytes[0, end)`, the last byte a newline. They stay as they are in memory that was asked for. */
  block(bytes: Buffer, end: number): void;
  /** A line over MAX_LINE_BYTES went by. */
  tooLong(): void;
};

/** Splits at 0x0A only; the last line may lack it. */
export class LineSplitter {
  private buffer: Buffer;
  private filled = 0;
  private skipping = false;

  constructor(private readonly taker: LineTaker) {
    this.buffer = taker.memory?.(BLOCK_BYTES) ?? Buffer.allocUnsafe(BLOCK_BYTES);
  }

  /** Takes a piece and hands on the lines it completes. The piece may be reused afterwards. */
  push(piece: Uint8Array): void {
    for (let from = 0; from < piece.length; ) {
      if (this.skipping) {
        const newline = piece.indexOf(NEWLINE, from);
        if (newline < 0) return;
        this.skipping = false;
        from = newline + 1;
        continue;
      }
      const room = this.room(piece.length - from);
      const part = piece.subarray(from, from + room);
      this.buffer.set(part, this.filled);
      this.filled += part.length;
      from += part.length;
      this.drain();
    }
  }

  /** The end of the stream: what is left is the last line. */
  end(): void {
    if (this.filled === 0) return;
    this.room(1);
    this.buffer[this.filled++] = NEWLINE;
    this.drain();
  }

  private drain(): void {
    const { buffer, filled } = this;
    const stop = buffer.lastIndexOf(NEWLINE, filled - 1);
    if (stop < 0) return;
    this.taker.block(buffer, stop + 1);
    this.move(stop + 1, BLOCK_BYTES);
  }

  /** What is filled from `start` on goes to the beginning of memory for at least so many bytes. */
  private move(start: number, bytes: number): void {
    const { buffer, filled, taker } = this;
    const next = taker.memory?.(bytes) ?? (buffer.length >= bytes ? buffer : Buffer.allocUnsafe(bytes));
    buffer.copy(next, 0, start, filled);
    this.buffer = next;
    this.filled = filled - start;
  }

  /** Bytes that can be taken now: makes room for `wanted` where that is allowed. */
  private room(wanted: number): number {
    if (this.filled >= MAX_LINE_BYTES) {
      this.filled = 0;
      this.skipping = true;
      this.taker.tooLong();
      return 0;
    }
    if (this.filled + wanted + 1 > this.buffer.length && this.filled > this.buffer.length / 2) {
      this.move(0, this.buffer.length * 2);
    }
    return Math.min(wanted, this.buffer.length - this.filled - 1);
  }
}
