/** The few sums and quotients that every answer is made of, kept free of floating-point noise. */

/** Sum with compensation (Neumaier): 0.1 + 0.2 is 0.3, and a million cents are exact. Nulls are left out. */
export function addUp(values: Iterable<number | null | undefined>): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return withoutNoise(sum + lost);
}

/** The number without the digits that binary fractions add (0.30000000000000004 is 0.3); other numbers as they are. */
export function withoutNoise(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value;
  const short = Number(value.toPrecision(15));
  return String(value).length - String(short).length >= 4 ? short : value;
}

/** A share or rate: a fraction with 4 decimals. Null when there is nothing to divide by or either side is unknown. */
export function fraction(part: number | null | undefined, whole: number | null | undefined): number | null {
  if (part === null || part === undefined || whole === null || whole === undefined || whole === 0) return null;
  return roundTo(part / whole, 4);
}

/** Rounds half away from zero as written: 1.005 to two decimals is 1.01. */
export function roundTo(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return value;
  const text = Math.abs(value).toPrecision(15);
  if (text.includes("e")) return Number(value.toFixed(decimals));
  const rounded = Number(`${Math.round(Number(`${text}e${decimals}`))}e-${decimals}`);
  return value < 0 ? -rounded : rounded;
}
