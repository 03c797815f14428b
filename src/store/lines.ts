/** Bytes in pieces -> lines in one buffer that is used again and again. */
import { isUtf8 } from "node:buffer";

const FIRST_BYTES = 1 << 20;
/** A longer line is not kept in memory: it is skipped and counted as rejected. */
export const MAX_LINE_BYTES = 32 << 20;
const NEWLINE = 0x0a;

export type LineTaker = {
  /** The lines that come next lie in `bytes[0, end)`, which stays as it is until `blockEnd`. */
  block?(bytes: Uint8Array, end: number): void;
  blockEnd?(): void;
  /** One line, `bytes[start, end)`, with a newline at `end`. `utf8`: whether it is known to be valid. */
  line(bytes: Uint8Array, start: number, end: number, utf8: boolean): void;
  /** A line over MAX_LINE_BYTES went by. */
  tooLong(): void;
};

/** Splits at 0x0A only; the last line may lack it. */
export class LineSplitter {
  private buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  private filled = 0;
  private skipping = false;

  constructor(private readonly taker: LineTaker) {}

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
    const utf8 = isUtf8(buffer.subarray(0, stop));
    this.taker.block?.(buffer, stop + 1);
    for (let start = 0; start <= stop; ) {
      const end = buffer.indexOf(NEWLINE, start);
      this.taker.line(buffer, start, end, utf8);
      start = end + 1;
    }
    this.taker.blockEnd?.();
    buffer.copyWithin(0, stop + 1, filled);
    this.filled = filled - stop - 1;
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
      const larger = Buffer.allocUnsafe(this.buffer.length * 2);
      this.buffer.copy(larger, 0, 0, this.filled);
      this.buffer = larger;
    }
    return Math.min(wanted, this.buffer.length - this.filled - 1);
  }
}
