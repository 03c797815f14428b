/** Numbers as replies show them. */

/** A fraction from 0 to 1 with four decimals; 0 of nothing is 0. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;
}

/** Computed figures (means, deviations, quantiles) to ten significant digits and at least three decimals: more is noise, and tokens. */
export function figure(value: number | null): number | null {
  if (value === null || Number.isInteger(value) || !Number.isFinite(value)) return value;
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return Number(value.toPrecision(Math.min(17, Math.max(10, whole + 3))));
}
