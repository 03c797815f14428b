/** HyperLogLog: how many different 64-bit hashes were seen, within about 1.04 / sqrt(registers) of the truth. */
import { mix } from "./profile-hash.ts";

export type Sketch = { registers: Uint8Array; bits: number };

/** 14 bits: 16 KB, 0.8 % standard error. */
export function createSketch(bits = 14): Sketch {
  return { registers: new Uint8Array(1 << bits), bits };
}

export function addHash(sketch: Sketch, low: number, high: number): void {
  const { registers, bits } = sketch;
  const index = low >>> (32 - bits);
  const rank = Math.clz32(mix(high) | 1) + 1;
  if (rank > (registers[index] ?? 0)) registers[index] = rank;
}

/** The estimate of Flajolet et al. 2007, with linear counting while many registers are empty. */
export function estimate(sketch: Sketch): number {
  const size = sketch.registers.length;
  let sum = 0;
  let empty = 0;
  for (const rank of sketch.registers) {
    sum += 2 ** -rank;
    if (rank === 0) empty++;
  }
  const raw = ((0.7213 / (1 + 1.079 / size)) * size * size) / sum;
  return Math.round(raw <= 2.5 * size && empty > 0 ? size * Math.log(size / empty) : raw);
}
