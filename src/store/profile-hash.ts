/**
 * 64-bit hashes of byte ranges, as two 32-bit halves in `out`.
 *
 * Values are told apart by this hash alone. Two of a million distinct values share one by chance with probability 3e-8;
 * the seed is drawn per process, so that nobody can prepare values that do.
 */
export type Hasher = { seed: number; out: Int32Array };

export function createHasher(seed: number): Hasher {
  return { seed: seed | 0, out: new Int32Array(2) };
}

/** Four bytes per step; `kind` keeps equal bytes of different kinds apart. */
export function hashBytes(hasher: Hasher, view: DataView, start: number, end: number, kind: number): void {
  let low = Math.imul(hasher.seed ^ (end - start), 0x9e3779b1) ^ kind;
  let high = Math.imul(hasher.seed + kind, 0x85ebca6b) ^ (end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    low = Math.imul(low ^ word, 0x5bd1e995);
    low ^= low >>> 15;
    high = Math.imul(((high << 13) | (high >>> 19)) ^ word, 0xc2b2ae35);
  }
  if (at < end) {
    let word = view.getUint8(at);
    if (at + 1 < end) word |= view.getUint8(at + 1) << 8;
    if (at + 2 < end) word |= view.getUint8(at + 2) << 16;
    low = Math.imul(low ^ word, 0x5bd1e995);
    low ^= low >>> 15;
    high = Math.imul(((high << 13) | (high >>> 19)) ^ word, 0xc2b2ae35);
  }
  low = mix(low ^ high);
  hasher.out[0] = low;
  hasher.out[1] = (Math.imul(high, 0x27d4eb2f) ^ low ^ (high >>> 16)) | 1;
}

/** The finisher of MurmurHash3: every bit of the input reaches every bit of the output. */
export function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
