/** Rows by event, by day or by the values of a property, from the statistics of a table: where these hold them completely. */
import type { PropertySummary, TableSummary } from "./profile-summary.ts";
import { TOP_VALUES, VALUE_CHARS } from "./profile-summary-values.ts";
import { CANONICAL_DAY } from "./rewrite-access.ts";
import type { Tally } from "./rewrite-tally.ts";
import { VALUE_ARRAY, VALUE_OBJECT, VALUE_REAL } from "./spans.ts";

/** Undefined when the counts are not kept, or when they might differ from what SQL would give. */
export function tallyOf(summary: TableSummary, whats: string[]): Tally | undefined {
  if (whats.every((what) => what === "event_name" || what === CANONICAL_DAY)) return eventTally(summary, whats);
  const [what] = whats;
  const key = /^properties->>'\$\."(.*)"'$/.exec(what ?? "")?.[1]?.replaceAll("''", "'");
  if (key === undefined || whats.length !== 1) return undefined;
  const property = summary.properties.find((entry) => entry.key === key);
  if (property === undefined) return summary.overflowed ? undefined : [{ values: [null], rows: summary.rows }];
  return propertyTally(summary.rows, property);
}

function eventTally({ rows, events, daysKept }: TableSummary, whats: string[]): Tally | undefined {
  if (whats.length === 0) return [{ values: [], rows }];
  const byDay = whats.includes(CANONICAL_DAY);
  if (byDay && !daysKept) return undefined;
  const counts = new Map<string, Tally[number]>();
  const add = (event: string, day: string | null, n: number) => {
    const values = whats.map((what) => (what === "event_name" ? event : day));
    const key = JSON.stringify(values);
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { values, rows: n });
    else known.rows += n;
  };
  for (const { event, rows: n, days } of events) {
    if (n === 0) continue;
    if (!byDay) add(event, null, n);
    else {
      for (const [day, count] of days) add(event, day, count);
      const without = n - days.reduce((sum, [, count]) => sum + count, 0);
      if (without > 0) add(event, null, without);
    }
  }
  return [...counts.values()];
}

/** Only texts, integers and booleans: SQL tells 1 from 1.0, and arrays are given without their spaces. */
function propertyTally(
  rows: number,
  { kinds, count, distinct, distinctExact, topExact, top }: PropertySummary,
): Tally | undefined {
  if (!distinctExact || !topExact || distinct > TOP_VALUES || top.length !== distinct) return undefined;
  if ([VALUE_REAL, VALUE_ARRAY, VALUE_OBJECT].some((kind) => (kinds[kind] ?? 0) > 0)) return undefined;
  if (top.some(([value]) => typeof value === "string" && (value.length >= VALUE_CHARS || value.includes("\0"))))
    return undefined;
  const tally: Tally = top.map(([value, n]) => ({
    values: [typeof value === "boolean" ? Number(value) : value],
    rows: n,
  }));
  return rows === count ? tally : [...tally, { values: [null], rows: rows - count }];
}
