/** Feeds stored rows to a profile: what ingest does on the fly, done again from the table. */
import type { Database } from "bun:sqlite";
import type { Profile } from "./profile.ts";
import { hashBytes } from "./profile-hash.ts";
import type { PropertyKeys } from "./property-keys.ts";
import {
  BEFORE_PROPERTIES,
  BEHIND_PROPERTIES,
  EVENT_LINE,
  KEY,
  ODD,
  Scanner,
  SPAN,
  VALUE_ARRAY,
  VALUE_END,
  VALUE_ESCAPED,
  VALUE_FALSE,
  VALUE_INTEGER,
  VALUE_NULL,
  VALUE_OBJECT,
  VALUE_REAL,
  VALUE_START,
  VALUE_STRING,
  VALUE_TRUE,
  VALUE_TYPE,
} from "./scan.ts";
import { quoteName, type TableInfo } from "./tables.ts";

type EventRow = [number, string | null, string | null, string | null, Uint8Array | null];

/** Observes up to `limit` rows after `rowid`; the last rowid seen, or undefined when there are no more. */
export type RowFeed = (rowid: number, limit: number) => number | undefined;

/** For tables of events and of profiles: there the event is the empty text. */
export function eventFeed(db: Database, table: TableInfo, profile: Profile, keys: PropertyKeys): RowFeed {
  const isEvents = table.type === "events";
  const rows = db.query<EventRow, [number, number]>(
    `SELECT rowid, ${isEvents ? "event_name, event_time" : "'', last_seen"}, distinct_id, CAST(properties AS BLOB)
     FROM ${quoteName(table.name)} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const codes = new Map<string, number>();
  const scanner = new Scanner(EVENT_LINE, keys);
  const encoder = new TextEncoder();
  let line = new Uint8Array(65_536);
  line.set(BEFORE_PROPERTIES);
  const eventCode = (name: string): number => {
    const known = codes.get(name);
    if (known !== undefined) return known;
    codes.set(name, codes.size);
    profile.eventName(codes.size - 1, name);
    return codes.size - 1;
  };
  const userHash = (id: string | null): number => {
    if (id === null) return -1;
    const bytes = encoder.encode(id);
    hashBytes(profile.ofProperties.hasher, new DataView(bytes.buffer), 0, bytes.length, VALUE_STRING);
    const [low = 0, high = 0] = profile.ofProperties.hasher.out;
    return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
  };
  const observe = ([rowid, event, time, user, properties]: EventRow) => {
    const size = (properties?.length ?? 0) + BEFORE_PROPERTIES.length + BEHIND_PROPERTIES.length;
    if (size > line.length) {
      line = new Uint8Array(size * 2);
      line.set(BEFORE_PROPERTIES);
    }
    if (properties !== null) line.set(properties, BEFORE_PROPERTIES.length);
    line.set(BEHIND_PROPERTIES, BEFORE_PROPERTIES.length + (properties?.length ?? 0));
    const code = eventCode(event ?? "");
    const hash = userHash(user);
    if (properties !== null && scanner.scan(line, 0) !== ODD) {
      profile.observe(line, scanner.spans, 0, scanner.count, code, epochOf(time), hash, rowid);
      return;
    }
    const { bytes, spans, count } = oddSpans(properties, keys);
    profile.observe(bytes, spans, 0, count, code, epochOf(time), hash, rowid);
  };
  return (after, limit) => {
    const batch = rows.values(after, limit) as EventRow[];
    for (const row of batch) observe(row);
    return batch.length < limit ? undefined : batch.at(-1)?.[0];
  };
}

/** Epoch milliseconds of `YYYY-MM-DD HH:MM:SS[.SSS]` in UTC, NaN for anything else. */
export function epochOf(time: string | null): number {
  return time === null ? Number.NaN : Date.parse(`${time.replace(" ", "T")}Z`);
}

type Spans = { bytes: Uint8Array; spans: Int32Array; count: number };

/** Spans of a document the scanner leaves alone (very deep values): through JSON.parse. */
export function oddSpans(properties: Uint8Array | null, keys: PropertyKeys): Spans {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(properties ?? new Uint8Array()));
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return { bytes: new Uint8Array(), spans: new Int32Array(), count: 0 };
  }
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const spans: number[] = [];
  let at = 0;
  for (const [key, value] of Object.entries(parsed)) {
    const text = JSON.stringify(value);
    const trim = typeof value === "string" ? 1 : 0;
    const bytes = encoder.encode(text);
    parts.push(bytes);
    at += bytes.length;
    const span = new Array<number>(SPAN).fill(0);
    span[KEY] = keys.codeOf(key);
    span[VALUE_START] = at - bytes.length + trim;
    span[VALUE_END] = at - trim;
    span[VALUE_TYPE] = kindOf(value) | (trim === 1 && text.includes("\\") ? VALUE_ESCAPED : 0);
    spans.push(...span);
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), spans: Int32Array.from(spans), count: spans.length / SPAN };
}

function kindOf(value: unknown): number {
  if (value === null) return VALUE_NULL;
  if (typeof value === "boolean") return value ? VALUE_TRUE : VALUE_FALSE;
  if (typeof value === "number") return Number.isInteger(value) ? VALUE_INTEGER : VALUE_REAL;
  if (typeof value === "string") return VALUE_STRING;
  return Array.isArray(value) ? VALUE_ARRAY : VALUE_OBJECT;
}

/**
 * For result tables: each column as a property of that name. Blobs count as arrays, which have no order; the numbers of
 * SQLite that JSON does not know (infinities) are numbers all the same.
 */
export function resultFeed(db: Database, table: TableInfo, profile: Profile, keys: PropertyKeys): RowFeed {
  const columns = columnNames(db, table.name);
  const codes = columns.map((column) => keys.codeOf(column));
  const rows = db.query<unknown[], [number, number]>(
    `SELECT rowid, ${columns.map(quoteName).join(", ")} FROM ${quoteName(table.name)} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  profile.eventName(0, "");
  return (after, limit) => {
    const batch = rows.values(after, limit) as unknown[][];
    for (const [rowid, ...cells] of batch) {
      const { bytes, spans, count } = cellSpans(codes, cells);
      profile.observe(bytes, spans, 0, count, 0, Number.NaN, -1, Number(rowid));
    }
    return batch.length < limit ? undefined : Number(batch.at(-1)?.[0]);
  };
}

export function columnNames(db: Database, table: string): string[] {
  return db
    .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map(({ name }) => name);
}

function cellSpans(codes: number[], cells: unknown[]): Spans {
  const encoder = new TextEncoder();
  const spans: number[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  const add = (bytes: Uint8Array): [number, number] => {
    parts.push(bytes);
    at += bytes.length;
    return [at - bytes.length, at];
  };
  for (const [index, code] of codes.entries()) {
    const cell = cells[index] ?? null;
    const bytes = cell instanceof Uint8Array ? cell : encoder.encode(String(cell));
    const kind = cell instanceof Uint8Array ? VALUE_ARRAY : kindOf(cell);
    spans.push(code, ...add(bytes), kind);
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), spans: Int32Array.from(spans), count: codes.length };
}
