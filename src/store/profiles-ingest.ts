/** One spooled engage page -> rows of a profiles table, in one transaction with its ledger row. */
import type { Database, Statement } from "bun:sqlite";
import { isUtf8 } from "node:buffer";
import { Fault } from "../fault.ts";
import { STORED_ROW_BYTES } from "../limits.ts";
import { quote } from "./broken-stream.ts";
import type { ChildContext } from "./child-side.ts";
import { insertChunk } from "./chunks.ts";
import { hashUser } from "./dedupe.ts";
import { Bytes, setValue } from "./event-row.ts";
import { TOO_LARGE } from "./event-sink.ts";
import { inflate } from "./inflate.ts";
import { PageReader } from "./page-reader.ts";
import { KEY_LAST_SEEN } from "./property-keys.ts";
import { type LocalObserver, localObserver } from "./row-observer.ts";
import {
  decodeText,
  KEY,
  type Scanner,
  SPAN,
  VALUE_END,
  VALUE_MASK,
  VALUE_START,
  VALUE_STRING,
  VALUE_TYPE,
} from "./scan.ts";
import { isoNow, quoteName } from "./tables.ts";
import { checkpoint, requireLogRoom, truncateLog } from "./write-log.ts";
import type { IngestResult, ProfilePage } from "./writer.ts";
import { countRows, forgetTables, stateOf, tableOf, transaction, type WriterSession } from "./writer-session.ts";

const EXAMPLES = 5;
const EXAMPLE_CHARS = 120;
const ROW_OVERHEAD = 16;
/** A page is a thousand profiles; this is far beyond what Mixpanel allows them to hold on average. */
const MAX_PAGE_BYTES = 256 << 20;

/** Faults: UPSTREAM_TRUNCATED, TABLE_NOT_FOUND, STORE_FULL, STORE_BUSY, CANCELLED; then nothing of the page is stored. */
export async function ingestProfiles(
  session: WriterSession,
  page: ProfilePage,
  context: ChildContext,
): Promise<IngestResult> {
  const bytes = await readPage(page);
  await requireLogRoom(session.db, session.path, context.signal);
  try {
    const result = await transaction(session, () => storePage(session, page, bytes), context.signal);
    checkpoint(session.db, session.path);
    return result;
  } catch (cause) {
    forgetTables(session);
    truncateLog(session.db);
    throw cause;
  }
}

async function readPage(page: ProfilePage): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of inflate(page.path, page.encoding ?? "identity")) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_PAGE_BYTES)
      throw new Fault("LIMIT_EXCEEDED", `A page of profiles is larger than ${MAX_PAGE_BYTES >> 20} MB.`);
  }
  const bytes = Buffer.concat(pieces, length + 1);
  // Invalid bytes become U+FFFD; the byte order mark goes.
  if (isUtf8(bytes) && bytes[0] !== 0xef) return bytes;
  return Buffer.from(new TextDecoder().decode(bytes));
}

function storePage(session: WriterSession, page: ProfilePage, bytes: Buffer): IngestResult {
  const table = tableOf(session, page.table);
  const state = stateOf(session, table);
  if (table.row_count === 0) state.profile ??= localObserver();
  const sink = new ProfileSink(session.db, table.name, state.profile);
  const reader = new PageReader(bytes, state.profile?.keys);
  const results = reader.each(
    (start, end) => sink.take(bytes, reader.profile, start, end),
    (start, end) => sink.reject("not a profile", bytes, start, end),
  );
  const { rows, duplicates, rejected, examples, storedBytes } = sink;
  insertChunk(
    session.db,
    table.id,
    {
      from_date: "",
      to_date: "",
      page: page.page,
      job_id: page.jobId,
      stored_at: isoNow(),
      first_rowid: sink.firstRowid,
      last_rowid: sink.firstRowid + rows - 1,
      rows,
      duplicates,
      rejected,
      bytes: bytes.length - 1,
      stored_bytes: storedBytes,
    },
    null,
  );
  state.version = countRows(session, table, rows, storedBytes);
  return { rows, duplicates, rejected, examples, bytes: bytes.length - 1, results, notes: [] };
}

class ProfileSink {
  rows = 0;
  duplicates = 0;
  rejected = 0;
  storedBytes = 0;
  readonly examples: string[] = [];
  readonly firstRowid: number;

  private readonly id = new Bytes();
  private readonly insert: Statement;
  private readonly update: Statement;

  constructor(
    db: Database,
    table: string,
    private readonly profile: LocalObserver | undefined,
  ) {
    const name = quoteName(table);
    this.firstRowid =
      (db.query<{ last: number | null }, []>(`SELECT max(rowid) AS last FROM ${name}`).get()?.last ?? 0) + 1;
    this.insert = db.query(
      `INSERT OR IGNORE INTO ${name} (distinct_id, last_seen, properties) VALUES (CAST(? AS TEXT), ?, CAST(? AS TEXT))`,
    );
    this.update = db.query(
      `UPDATE ${name} SET last_seen = ?2, properties = CAST(?3 AS TEXT) WHERE distinct_id = CAST(?1 AS TEXT)`,
    );
  }

  /** One element of `results`, scanned already. The latest page wins over an earlier one with the same id. */
  take(bytes: Buffer, scanner: Scanner, start: number, end: number): void {
    const wrong = scanner.oddProperties
      ? "$properties is not an object"
      : this.readId(bytes, scanner, start, end)
        ? this.tooLarge(scanner)
        : "no id";
    if (wrong !== undefined) {
      this.reject(wrong, bytes, start, end);
      return;
    }
    const empty = scanner.propertiesStart < 0;
    const properties = empty ? EMPTY : bytes.subarray(scanner.propertiesStart, scanner.propertiesEnd);
    const id = this.id.bind();
    const lastSeen = lastSeenOf(bytes, scanner);
    if (this.insert.run(id, lastSeen, properties).changes === 0) {
      this.update.run(id, lastSeen, properties);
      this.duplicates++;
      this.profile?.dirty();
      return;
    }
    const user = hashUser(this.id.source, this.id.start, this.id.end);
    this.profile?.observe(bytes, scanner.spans, 0, scanner.count, 0, Number.NaN, user, this.firstRowid + this.rows);
    this.rows++;
    this.storedBytes += ROW_OVERHEAD + properties.length + this.id.length() * 2;
  }

  private tooLarge({ propertiesStart, propertiesEnd }: Scanner): string | undefined {
    return propertiesEnd - propertiesStart + this.id.length() > STORED_ROW_BYTES ? TOO_LARGE : undefined;
  }

  /** `$distinct_id`, or the `group_id` or `distinct_id` of other answers; a number counts as its text. */
  private readId(bytes: Buffer, scanner: Scanner, start: number, end: number): boolean {
    const { id } = this;
    setValue(id, bytes, scanner.eventStart, scanner.eventEnd, scanner.eventType);
    if (id.length() > 0) return true;
    // Rare, so the whole object may be read.
    const profile = JSON.parse(bytes.toString("utf8", start, end)) as Record<string, unknown>;
    const other = profile["group_id"] ?? profile["$group_id"] ?? profile["distinct_id"];
    if ((typeof other !== "string" && typeof other !== "number") || other === "") return false;
    id.setText(String(other));
    return true;
  }

  reject(reason: string, bytes: Buffer, start: number, end: number): void {
    this.rejected++;
    if (this.examples.length >= EXAMPLES) return;
    const text = bytes.toString("utf8", start, Math.min(end, start + EXAMPLE_CHARS * 4));
    this.examples.push(`profile ${this.seen()}: ${reason}: ${quote(text, EXAMPLE_CHARS)}`);
  }

  private seen(): number {
    return this.rows + this.duplicates + this.rejected;
  }
}

const EMPTY = Buffer.from("{}");

/** `$last_seen` as sent, when it is a text. */
function lastSeenOf(bytes: Buffer, { spans, count }: Scanner): string | null {
  for (let at = 0; at < count * SPAN; at += SPAN) {
    if (spans[at + KEY] !== KEY_LAST_SEEN) continue;
    return ((spans[at + VALUE_TYPE] as number) & VALUE_MASK) === VALUE_STRING
      ? decodeText(bytes, spans[at + VALUE_START] as number, spans[at + VALUE_END] as number)
      : null;
  }
  return null;
}
