/**
 * The reply that /events, /events/properties, /segmentation and /segmentation/numeric share:
 * `{data: {series: [bucket...], values: {name: {bucket: number}}}, legend_size}`. Buckets come unsorted, in several
 * notations, and those with nothing in them may be left out of `values`.
 */
import { z } from "zod";
import { bucketLabel, bucketsOf, type DateRange, type Unit } from "./dates.ts";
import { mapOf } from "./reply.ts";

/** A number, or null where Mixpanel sent null: "not computed", which is not zero. */
export type Amount = number | null;

/** Buckets sorted and each once; a bucket missing under a name means that nothing was counted. */
export type Sparse = { buckets: string[]; values: Map<string, Map<string, Amount>> };

function toAmount(value: unknown): Amount | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (value === null || value === undefined) return null;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  // Python's way to write a quotient of nothing: a flow nobody entered has the conversion rate "NaN".
  if (/^[+-]?(nan|inf|infinity)$/i.test(value.trim())) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** A count or measure of a reply: a number, digits in a text, or null. */
export const amount = () =>
  z.unknown().transform((value, context): Amount => {
    const found = toAmount(value);
    if (found !== undefined) return found;
    context.issues.push({ code: "custom", message: "expected a number", input: value });
    return z.NEVER;
  });

/** An object keyed by data as a Map. Null and the `[]` some servers write for an empty object are empty; a missing one is a mistake. */
export const looseMap = <T>(value: z.ZodType<T>) =>
  z.preprocess((given) => (given === null || (Array.isArray(given) && given.length === 0) ? {} : given), mapOf(value));

const bucketMap = () => looseMap(amount());

/** `{}` as a whole is no data; a list of buckets without their values is no reply. */
const dataSchema = () =>
  z.preprocess(
    (given) =>
      typeof given === "object" && given !== null && Object.keys(given).length === 0 ? { values: {} } : given,
    z.object({ series: z.array(z.string()).nullish(), values: looseMap(bucketMap()) }),
  );

/**
 * The shared reply, with bucket keys in one notation for the unit. Without a `series` the days of the range are the buckets: what is
 * not in `values` is a day of nothing, not a day that does not exist.
 */
export function sparseReply(unit: Unit, range: DateRange): z.ZodType<Sparse> {
  return z.object({ data: dataSchema() }).transform(({ data }) => {
    const series = data.series ?? [];
    return gather(data.values, series.length === 0 && unit === "day" ? bucketsOf(range, unit) : series, unit);
  });
}

/** Brings labels into one notation and puts every bucket that appears anywhere into `buckets`. */
export function gather(
  raw: ReadonlyMap<string, ReadonlyMap<string, Amount>>,
  series: readonly string[],
  unit: Unit,
): Sparse {
  const buckets = new Set(series.map((key) => bucketLabel(key, unit)));
  const values = new Map<string, Map<string, Amount>>();
  for (const [name, counts] of raw) {
    const row = new Map<string, Amount>();
    for (const [key, count] of counts) {
      const label = freeLabel(row, key, unit);
      row.set(label, count);
      buckets.add(label);
    }
    values.set(name, row);
  }
  return { buckets: [...buckets].sort(), values };
}

/** When clocks go back an hour appears twice; the second keeps its full key, so that neither count is lost. */
function freeLabel(row: ReadonlyMap<string, Amount>, key: string, unit: Unit): string {
  const label = bucketLabel(key, unit);
  return row.has(label) ? key : label;
}
