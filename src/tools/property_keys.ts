import { z } from "zod";
import { share } from "../store/figures.ts";
import {
  listedProperties,
  requireEvent,
  tableStatistics,
  typesOf,
  typesOfBits,
  uncountedNote,
} from "../store/statistics.ts";
import { event, limit, search, table } from "./params.ts";
import { cutList, defineTool, LOCAL_READ } from "./tool.ts";

export const propertyKeys = defineTool({
  name: "property_keys",
  title: "Properties in a table",
  description:
    "Properties found in a fetched table, or in one of its events: rows having each, coverage, types. Instant. table_schema adds examples and the SQL; column_stats looks at one property.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () =>
    z.strictObject({
      table: table(),
      event: event().optional(),
      search: search().optional(),
      limit: limit(200, 5_000),
    }),
  output: () =>
    z.object({
      table: z.string(),
      event: z.string().optional(),
      rows: z.int(),
      keys: z.array(z.object({ key: z.string(), count: z.int(), coverage: z.number(), types: z.array(z.string()) })),
      total: z.int(),
      truncated: z.boolean(),
      notes: z.array(z.string()).optional(),
    }),
  async handler({ store }, { table: name, event, search, limit }, context) {
    const statistics = await tableStatistics(store, name, context);
    const { table, summary } = statistics;
    const index = event === undefined ? undefined : requireEvent(statistics, event);
    const rows = index === undefined ? summary.rows : (summary.events[index]?.rows ?? 0);
    const found = listedProperties(statistics).flatMap(({ key, present, kinds, events }) => {
      if (index === undefined) return [{ key, count: present, types: typesOf(kinds) }];
      const pair = events.find(([code]) => code === index);
      return pair === undefined ? [] : [{ key, count: pair[1], types: typesOfBits(pair[2]) }];
    });
    const wanted = found.filter(({ key }) => search === undefined || key.toLowerCase().includes(search.toLowerCase()));
    const notes = uncountedNote(statistics);
    wanted.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
    return {
      table: table.name,
      event,
      rows,
      keys: wanted
        .slice(0, limit)
        .map(({ key, count, types }) => ({ key, count, coverage: share(count, rows), types })),
      total: wanted.length,
      truncated: wanted.length > limit,
      notes: notes.length === 0 ? undefined : notes,
    };
  },
  summary: ({ total, rows }) => `${total} properties in ${rows} rows.`,
  cut: cutList("keys"),
});
