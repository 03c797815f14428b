/**
 * A counting hash table of 64-bit keys: open addressing over one Int32Array, four numbers per slot, one cache line each.
 * The key is a hash of a text, or the bits of a number, `sample` is a rowid where the value can be read.
 */
export const SLOT = 4;
export const SLOT_LOW = 0;
export const SLOT_HIGH = 1;
export const SLOT_COUNT = 2;
export const SLOT_SAMPLE = 3;

export type Slots = {
  cells: Int32Array;
  /** Slots - 1; a power of two minus one. */
  mask: number;
  /** Slots taken, those with a count of zero included. */
  used: number;
  /** Slots with a count above zero. */
  live: number;
  /** Lower bits that all keys lack, when keys are numbers made coarser; 0 for keys of which nothing is known. */
  dropped: number;
};

export function createSlots(capacity = 16): Slots {
  return { cells: new Int32Array(capacity * SLOT), mask: capacity - 1, used: 0, live: 0, dropped: 0 };
}

/**
 * Where a key's search starts: texts are hashed already, the bits of numbers are not. Coarse numbers that are neighbours lie
 * together, sixteen to a block: events come by time, so the times of one hour are in the processor's cache.
 */
function startOf(dropped: number, low: number, high: number): number {
  if (dropped === 0) {
    const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    return mixed ^ (mixed >>> 15);
  }
  const index = dropped < 32 ? (low >>> dropped) | (high << (32 - dropped)) : high >> (dropped - 32);
  const block = Math.imul((index >> 4) ^ Math.imul(high >> 20, 0x85ebca6b), 0x9e3779b1);
  return ((block ^ (block >>> 15)) << 4) | (index & 15);
}

/**
 * Position of the key's cells, made when it was not there (count 0). Both halves zero marks a free slot: callers never
 * pass that key. The caller grows the table afterwards when `used` says so.
 */
export function slotOf(slots: Slots, low: number, high: number): number {
  const { cells, mask } = slots;
  let slot = startOf(slots.dropped, low, high) & mask;
  for (;;) {
    const at = slot * SLOT;
    const cellLow = cells[at];
    const cellHigh = cells[at + 1];
    if (cellLow === low && cellHigh === high) return at;
    if (cellLow === 0 && cellHigh === 0) {
      cells[at] = low;
      cells[at + 1] = high;
      slots.used++;
      return at;
    }
    slot = (slot + 1) & mask;
  }
}

/** Counts one less; true when none is left. A sample that is being replaced is forgotten: the next sighting sets it anew. */
export function countDown(slots: Slots, low: number, high: number, sample: number, weight = 1): boolean {
  const at = slotOf(slots, low, high);
  const { cells } = slots;
  const count = cells[at + SLOT_COUNT] ?? 0;
  if (count === 0) return false;
  const left = Math.max(0, count - weight);
  cells[at + SLOT_COUNT] = left;
  if (cells[at + SLOT_SAMPLE] === sample) cells[at + SLOT_SAMPLE] = 0;
  if (left === 0) slots.live--;
  return left === 0;
}

export function isFull(slots: Slots): boolean {
  return slots.used * 3 > (slots.mask + 1) * 2;
}

/** Moves the entries counted more than `above` times into `capacity` slots; it must hold them. */
export function rebuild(slots: Slots, capacity: number, above = 0): void {
  const old = slots.cells;
  const cells = new Int32Array(capacity * SLOT);
  const mask = capacity - 1;
  let used = 0;
  for (let at = 0; at < old.length; at += SLOT) {
    const count = old[at + SLOT_COUNT] ?? 0;
    if (count <= above) continue;
    const low = old[at] ?? 0;
    const high = old[at + 1] ?? 0;
    let slot = startOf(slots.dropped, low, high) & mask;
    while (cells[slot * SLOT] !== 0 || cells[slot * SLOT + 1] !== 0) slot = (slot + 1) & mask;
    const to = slot * SLOT;
    cells[to] = low;
    cells[to + 1] = high;
    cells[to + SLOT_COUNT] = count;
    cells[to + SLOT_SAMPLE] = old[at + SLOT_SAMPLE] ?? 0;
    used++;
  }
  slots.cells = cells;
  slots.mask = mask;
  slots.used = used;
  slots.live = used;
}

export type Entry = { low: number; high: number; count: number; sample: number };

/** The entries in use, in no order. */
export function entries(slots: Slots): Entry[] {
  const list: Entry[] = [];
  const { cells } = slots;
  for (let at = 0; at < cells.length; at += SLOT) {
    const count = cells[at + SLOT_COUNT] ?? 0;
    if (count > 0)
      list.push({ low: cells[at] ?? 0, high: cells[at + 1] ?? 0, count, sample: cells[at + SLOT_SAMPLE] ?? 0 });
  }
  return list;
}
