/** Event names as small numbers, dense from 0, so that a name's bytes are looked at once per row and kept once. */
import { hashBytes } from "./dedupe.ts";

const FIRST_SLOTS = 256;

export class EventNames {
  /** By code: the name's bytes (UTF-8, unescaped) and their hash. */
  readonly bytes: Buffer[] = [];
  readonly hashes: number[] = [];
  /** Codes plus one. */
  private slots = new Int32Array(FIRST_SLOTS);

  /** The code of the name in [start, end); a name not met before gets the next one. */
  code(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end, end - start);
    const mask = this.slots.length - 1;
    let slot = (hash ^ (hash >>> 13)) & mask;
    for (;;) {
      const code = (this.slots[slot] as number) - 1;
      if (code < 0) return this.add(bytes, start, end, hash);
      if (this.hashes[code] === hash && this.equals(code, bytes, start, end)) return code;
      slot = (slot + 1) & mask;
    }
  }

  private equals(code: number, bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.bytes[code] as Buffer;
    if (name.length !== end - start) return false;
    for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const code = this.bytes.length;
    this.bytes.push(Buffer.from(bytes.subarray(start, end)));
    this.hashes.push(hash);
    if (this.bytes.length * 2 > this.slots.length) this.slots = new Int32Array(this.slots.length * 4);
    else return this.place(code);
    for (let other = 0; other <= code; other++) this.place(other);
    return code;
  }

  private place(code: number): number {
    const mask = this.slots.length - 1;
    const hash = this.hashes[code] as number;
    let slot = (hash ^ (hash >>> 13)) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = code + 1;
    return code;
  }
}
