/** What a call of fetch_events asks for, checked before anything is sent: days, filters, and what the table already holds. */
import { Fault } from "../fault.ts";
import { addDays, type DateRange, resolveRange } from "../mixpanel/dates.ts";
import { checkExpression } from "../mixpanel/expression.ts";
import type { Store } from "../store/store.ts";
import { checkTableName } from "../store/table-name.ts";
import { findTable, type TableInfo } from "../store/tables.ts";
import { type StoredChunk, storedChunks } from "./ledger.ts";
import { describeRange, describeRanges, joinRanges, overlaps, subtractRanges } from "./ranges.ts";

export type FetchMode = "create" | "append" | "resume";

export type FetchEventsArgs = {
  from_date?: string;
  to_date?: string;
  table: string;
  events?: string[];
  where?: string;
  limit?: number;
  mode: FetchMode;
  parallel?: boolean;
  workers: number;
  estimate_only: boolean;
  wait_seconds: number;
};

/** Kept with the table: append and resume go on with the same. */
export type EventFilters = { events?: string[]; where?: string; limit?: number };

export type FetchRequest = {
  table: string;
  existing: TableInfo | undefined;
  filters: EventFilters;
  /** What the call named; undefined for a resume without dates. */
  range: DateRange | undefined;
  /** All days the table answers for once this is done. */
  asked: DateRange[];
  /** The days this fetch downloads that are not stored yet, sorted. */
  missing: DateRange[];
  /** Stored chunks that are downloaded again and replaced, each in one transaction. */
  replaced: DateRange[];
  warnings: string[];
};

/** A resume asks for an unfinished day again only when this has passed since it was downloaded. */
const UNFINISHED_AGAIN_MS = 3_600_000;
const MAX_EVENT_NAMES = 500;

/** Faults: INVALID_ARGUMENT, DATE_RANGE, QUERY_INVALID, TABLE_EXISTS, TABLE_NOT_FOUND. `today` in the project's zone. */
export function readFetchRequest(store: Store, args: FetchEventsArgs, today: string, now = Date.now()): FetchRequest {
  if (args.where !== undefined) checkExpression(args.where, "where");
  if (args.events !== undefined) checkEvents(args.events);
  // An estimate for a new table asks nothing of one that happens to have the name.
  const existing = args.estimate_only && args.mode === "create" ? undefined : findTable(store, args.table);
  if (existing === undefined) {
    if (args.mode === "resume") throw nothingToResume(args.table);
    checkTableName(args.table);
  } else if (args.mode === "create") throw tableExists(existing);
  else if (existing.type !== "events") throw wrongType(existing);
  const warnings: string[] = [];
  const range = readRange(args, today, warnings);
  const filters = existing === undefined ? filtersOf(args) : keptFilters(existing, args);
  const chunks = existing === undefined ? [] : storedChunks(store, existing.name);
  const plan =
    args.mode === "resume"
      ? planResume(chunks, existing, range, today, now)
      : planRange(chunks, range, existing, warnings);
  return { table: existing?.name ?? args.table, existing, filters, range, warnings, ...plan };
}

function checkEvents(events: string[]): void {
  if (events.length === 0) {
    throw new Fault("INVALID_ARGUMENT", "events is empty: it would fetch nothing.", {
      suggestions: ["Leave events out to fetch all events, or name at least one."],
    });
  }
  if (events.length > MAX_EVENT_NAMES) {
    throw new Fault(
      "INVALID_ARGUMENT",
      `events names ${events.length} events; at most ${MAX_EVENT_NAMES} fit in a request.`,
      {
        suggestions: ["Leave events out to fetch all, and filter with sql."],
      },
    );
  }
}

/** undefined: a resume without dates, which means all that is missing. */
function readRange(args: FetchEventsArgs, today: string, warnings: string[]): DateRange | undefined {
  const { from_date, to_date } = args;
  if (from_date === undefined || to_date === undefined) {
    if (args.mode === "resume" && from_date === undefined && to_date === undefined) return undefined;
    const absent = from_date === undefined ? "from_date" : "to_date";
    throw new Fault("INVALID_ARGUMENT", `${absent} is missing.`, {
      suggestions: [
        "Give from_date and to_date, YYYY-MM-DD, both included.",
        'Only mode "resume" works without dates.',
      ],
    });
  }
  const range = resolveRange({ from_date, to_date }, today, { allowFuture: true });
  if (range.fromDate > today) {
    throw new Fault("DATE_RANGE", `${describeRange(range)} is in the future: today is ${today}.`, {
      suggestions: [`Use a range that ends ${today} or earlier.`],
    });
  }
  if (range.toDate > today) {
    warnings.push(`to_date ${range.toDate} is in the future; the fetch ends with today, ${today}.`);
    range.toDate = today;
  }
  if (range.toDate === today) {
    warnings.push(`${today} is not over: its events are incomplete. mode "resume" downloads that day again later.`);
  }
  return range;
}

function filtersOf({ events, where, limit }: EventFilters): EventFilters {
  return {
    ...(events === undefined ? {} : { events: [...new Set(events)].sort() }),
    ...(where === undefined ? {} : { where }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** The table's own filters; a call may repeat them, not change them, else the table would mean two things. */
function keptFilters(table: TableInfo, args: FetchEventsArgs): EventFilters {
  const kept = (table.filters ?? {}) as EventFilters;
  const given = filtersOf(args);
  const same = (key: "events" | "where") =>
    given[key] === undefined || JSON.stringify(given[key]) === JSON.stringify(kept[key]);
  for (const key of ["events", "where"] as const) {
    if (same(key)) continue;
    const stored = kept[key] === undefined ? `no ${key} filter` : `${key} ${JSON.stringify(kept[key])}`;
    throw new Fault(
      "INVALID_ARGUMENT",
      `Table "${table.name}" was fetched with ${stored}; ${args.mode} must use the same.`,
      {
        suggestions: [`Leave ${key} out: the stored filters are used.`, "Or fetch into a new table."],
        details: { filters: kept },
      },
    );
  }
  return { ...kept, ...(given.limit === undefined ? {} : { limit: given.limit }) };
}

type Plan = Pick<FetchRequest, "asked" | "missing" | "replaced">;

/** create and append: the whole range; stored chunks it touches are downloaded again as they were cut. */
function planRange(
  chunks: StoredChunk[],
  range: DateRange | undefined,
  existing: TableInfo | undefined,
  warnings: string[],
): Plan {
  if (range === undefined) throw new Fault("INVALID_ARGUMENT", "from_date and to_date are missing.");
  const replaced = chunks
    .filter((chunk) => overlaps(chunk, range))
    .map(({ fromDate, toDate }) => ({ fromDate, toDate }));
  if (replaced.length > 0) {
    warnings.push(
      `Already stored and downloaded again, replacing what is there: ${describeRanges(joinRanges(replaced))}.`,
    );
  }
  return {
    asked: joinRanges([range, ...askedBefore(existing, chunks)]),
    missing: subtractRanges([range], replaced),
    replaced,
  };
}

/** resume: what was asked for (or the days given) and is not stored; unfinished days again once time has passed. */
function planResume(
  chunks: StoredChunk[],
  existing: TableInfo | undefined,
  range: DateRange | undefined,
  today: string,
  now: number,
): Plan {
  const before = askedBefore(existing, chunks);
  const target = range === undefined ? before : [range];
  const stale = chunks.filter(
    (chunk) => isUnfinished(chunk, today, now) && target.some((part) => overlaps(part, chunk)),
  );
  const replaced = stale.map(({ fromDate, toDate }) => ({ fromDate, toDate }));
  return { asked: joinRanges([...before, ...target]), missing: subtractRanges(target, chunks), replaced };
}

/** Downloaded before its last day was over, and long enough ago for a second look. */
function isUnfinished(chunk: StoredChunk, today: string, now: number): boolean {
  const fetchedAt = chunk.fetchedAt;
  if (fetchedAt === undefined) return false;
  // A day of the project's zone ends at most 14 hours after the same day of UTC.
  const over = Date.parse(`${addDays(chunk.toDate, 1)}T00:00:00Z`);
  if (fetchedAt >= over) return false;
  return chunk.toDate < today || now - fetchedAt > UNFINISHED_AGAIN_MS;
}

/** The days a table was ever asked for: what is stored, and what is known to be missing. */
export function askedBefore(table: TableInfo | undefined, chunks: readonly DateRange[]): DateRange[] {
  const missing = (table?.missing_ranges ?? []).map(({ from_date, to_date }) => ({
    fromDate: from_date,
    toDate: to_date,
  }));
  return joinRanges([...chunks.map(({ fromDate, toDate }) => ({ fromDate, toDate })), ...missing]);
}

function nothingToResume(table: string): Fault {
  return new Fault("TABLE_NOT_FOUND", `There is no table ${JSON.stringify(table)} to resume.`, {
    suggestions: ["list_tables shows what is stored.", 'Start it with mode "create", from_date and to_date.'],
  });
}

function wrongType(table: TableInfo): Fault {
  return new Fault("INVALID_ARGUMENT", `Table "${table.name}" holds ${table.type}, not events.`, {
    suggestions: ["Choose another table name."],
  });
}

/** Says what is there and the three ways on. */
export function tableExists(table: TableInfo): Fault {
  const range = table.from_date === null ? "" : `, ${table.from_date} to ${table.to_date}`;
  const missing = table.missing_ranges.map(({ from_date, to_date }) => ({ fromDate: from_date, toDate: to_date }));
  const gaps = missing.length === 0 ? "" : `, missing ${describeRanges(missing)}`;
  return new Fault(
    "TABLE_EXISTS",
    `Table "${table.name}" already holds ${table.row_count.toLocaleString("en-US")} ${table.type === "result" ? "rows" : table.type}${range}, status ${table.status}${gaps}.`,
    {
      suggestions: [
        table.type === "events"
          ? 'mode "append" adds other days to it; mode "resume" downloads only what is missing.'
          : 'mode "append" fetches again and updates it; mode "resume" downloads only what is missing.',
        `drop_table "${table.name}" removes it, then fetch again.`,
        "Or give another table name.",
      ],
      details: {
        table: table.name,
        type: table.type,
        rows: table.row_count,
        from_date: table.from_date,
        to_date: table.to_date,
        status: table.status,
      },
    },
  );
}
