/**
 * Which rows of an events table were seen: pairs of a 32-bit hash and a rowid in an open-addressing table, 8 bytes a slot.
 * A hash only ever proposes: the caller compares the stored row itself, so a collision costs a read and merges nothing.
 * The hashes of each chunk are kept in its ledger row, in rowid order, so that a later process need not read the rows.
 */
import { release } from "../release.ts";

/** Parts that grow one by one: while one doubles, only it exists twice. */
const SHARDS = 16;
const FIRST_SLOTS = 1 << 11;
/** Share of the slots in use at which a part doubles. */
const FULL = 0.7;

export class SeenRows {
  private readonly shards = Array.from({ length: SHARDS }, () => new Shard());

  /** The rowid of the row that `isSame` recognises among those with this hash, or 0. */
  find(hash: number, isSame: (rowid: number) => boolean): number {
    return this.shard(hash).find(hash, isSame);
  }

  add(hash: number, rowid: number): void {
    this.shard(hash).add(hash, rowid);
  }

  /** Adds the rows of a chunk: `hashes[i]` belongs to rowid `first + i`; 0 is a row without an insert_id. */
  addChunk(hashes: Int32Array, first: number): void {
    for (let i = 0; i < hashes.length; i++) {
      const hash = hashes[i] as number;
      if (hash !== 0) this.add(hash, first + i);
    }
  }

  private shard(hash: number): Shard {
    return this.shards[hash >>> 28] as Shard;
  }
}

class Shard {
  private slots = new Int32Array(FIRST_SLOTS * 2);
  private mask = FIRST_SLOTS - 1;
  private used = 0;

  find(hash: number, isSame: (rowid: number) => boolean): number {
    const { slots, mask } = this;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const rowid = slots[slot * 2 + 1] as number;
      if (rowid === 0) return 0;
      if (slots[slot * 2] === hash && isSame(rowid)) return rowid;
    }
  }

  add(hash: number, rowid: number): void {
    if (this.used >= (this.mask + 1) * FULL) this.grow();
    this.place(hash, rowid);
    this.used++;
  }

  private place(hash: number, rowid: number): void {
    const { slots, mask } = this;
    let slot = spread(hash) & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = rowid;
  }

  private grow(): void {
    const old = this.slots;
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array((this.mask + 1) * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] !== 0) this.place(old[i] as number, old[i + 1] as number);
    }
    release(old);
  }
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** FNV-1a over bytes, continuing from `seed`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash;
}

/** A distinct_id as a number from 0 to 2^53: users are counted by it. */
export function hashUser(bytes: Uint8Array, start: number, end: number): number {
  const low = hashBytes(bytes, start, end, 0x811c9dc5);
  const high = hashBytes(bytes, start, end, 0x1b873593);
  return (low >>> 0) + (high >>> 11) * 4_294_967_296;
}

/** A list of 32-bit numbers that grows. */
export class HashList {
  private list = new Int32Array(4096);
  length = 0;

  push(hash: number): void {
    if (this.length === this.list.length) {
      const larger = new Int32Array(this.list.length * 2);
      larger.set(this.list);
      release(this.list);
      this.list = larger;
    }
    this.list[this.length++] = hash;
  }

  /** The bytes as kept in the ledger. */
  bytes(): Uint8Array {
    return new Uint8Array(this.list.buffer, 0, this.length * 4);
  }
}

export function hashesOf(blob: Uint8Array): Int32Array {
  // A blob out of SQLite may lie at any offset; Int32Array wants multiples of four.
  return new Int32Array(Uint8Array.from(blob).buffer);
}
