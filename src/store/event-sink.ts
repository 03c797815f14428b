/** Lines of an export -> rows of an events table, within the caller's transaction. */
import type { Database } from "bun:sqlite";
import { isUtf8 } from "node:buffer";
import { STORED_ROW_BYTES } from "../limits.ts";
import { HashList, hashUser, type SeenRows } from "./dedupe.ts";
import { EventInsert } from "./event-insert.ts";
import {
  EventLines,
  LINE,
  LINE_END,
  LINE_EVENT,
  LINE_IS_EVENT,
  LINE_NUMBER,
  LINE_START,
  LINE_USER,
  type LineList,
} from "./event-lines.ts";
import type { EventNames } from "./event-names.ts";
import { EventRow } from "./event-row.ts";
import type { TimezoneRule } from "./event-time.ts";
import { type Block, ROW_FOREIGN } from "./line-block.ts";
import { type LineTaker, MAX_LINE_BYTES } from "./lines.ts";
import { OddLines } from "./odd-lines.ts";
import { PropertyKeys } from "./property-keys.ts";
import type { ReaderClient } from "./reader-client.ts";
import {
  decodeText,
  ODD,
  VALUE_ESCAPED,
  VALUE_INTEGER,
  VALUE_MASK,
  VALUE_NULL,
  VALUE_REAL,
  VALUE_STRING,
} from "./scan.ts";
import { StoredRows } from "./stored-rows.ts";
import { quoteName } from "./tables.ts";
import type { TableState } from "./writer-session.ts";

/** What SQLite adds to a row: headers, rowid, cell pointer. */
const ROW_OVERHEAD = 16;
/** Rows whose users are looked up together. */
const ROWS_AT_ONCE = 32;

const NO_NAME = "no event name";

export const TOO_LARGE = `larger than SQL can read (${Math.floor(STORED_ROW_BYTES / 100_000) / 10} MB)`;

/** What was learnt of the table so far, and goes on being learnt. */
type Learnt = Pick<TableState, "names" | "reader"> & { seen: SeenRows };

/** In the order they came: blocks that are being read in the other thread, and lines that were too long. */
type Waiting = Promise<Block> | "too long";

export class EventSink implements LineTaker {
  readonly tally = {
    rows: 0,
    duplicates: 0,
    storedBytes: 0,
    withoutTime: 0,
    withoutUser: 0,
    badUtf8: 0,
  };
  /** Hash of each new row in rowid order, for the ledger. */
  readonly hashes = new HashList();
  readonly firstRowid: number;
  readonly odd = new OddLines();

  private readonly names: EventNames;
  private readonly seen: SeenRows;
  private readonly reader: ReaderClient | undefined;
  private readonly waiting: Waiting[] = [];
  /** Reads what no thread reads: every line without one, and the lines that are not simply an event. */
  private readonly lines = new EventLines(new PropertyKeys());
  private readonly list: LineList = { numbers: new Int32Array(1024 * LINE), count: 0, lines: 0 };
  private readonly record = new Int32Array(LINE);
  /** Hashes of the users of ROWS_AT_ONCE lines. */
  private readonly users = new Float64Array(ROWS_AT_ONCE);
  /** The block whose lines are being stored, when a thread has read them. */
  private current: Block | undefined;
  private readonly row: EventRow;
  private readonly insert: EventInsert;
  private readonly stored: StoredRows;
  private readonly isSame: (rowid: number) => boolean;
  private eventName: Uint8Array = new Uint8Array(0);

  constructor(db: Database, table: string, { names, seen, reader }: Learnt, zone: TimezoneRule) {
    const name = quoteName(table);
    this.names = names;
    this.seen = seen;
    this.reader = reader;
    this.row = new EventRow(zone);
    this.insert = new EventInsert(db, name);
    this.firstRowid =
      (db.query<{ last: number | null }, []>(`SELECT max(rowid) AS last FROM ${name}`).get()?.last ?? 0) + 1;
    this.stored = new StoredRows(db, name);
    this.isSame = (rowid) => this.stored.find(rowid, this.eventName, this.row);
  }

  memory(bytes: number): Buffer | undefined {
    return this.reader?.memory(bytes);
  }

  block(bytes: Buffer, end: number): void {
    if (this.reader === undefined) {
      this.lines.read(bytes, end, this.list);
      this.store(bytes, this.list);
    } else this.waiting.push(this.reader.read(end));
  }

  tooLong(): void {
    if (this.waiting.length > 0) this.waiting.push("too long");
    else this.skipTooLong();
  }

  /** Stores what was read until at most so many blocks wait. */
  async settle(most: number): Promise<void> {
    while (this.waiting.length > most) {
      const next = await this.waiting.shift();
      if (next === undefined) return;
      if (next === "too long") {
        this.skipTooLong();
        continue;
      }
      this.current = next;
      this.store(next.bytes, next);
      this.reader?.done(next);
      await this.reader?.room();
    }
  }

  private skipTooLong(): void {
    this.odd.line++;
    this.odd.skipped(`longer than ${MAX_LINE_BYTES >> 20} MB`);
  }

  private store(bytes: Buffer, { numbers, count, lines }: LineList): void {
    const { odd } = this;
    const before = odd.line;
    for (let line = 0; line < count; line++) {
      if (line % ROWS_AT_ONCE === 0) this.expect(bytes, numbers, line, Math.min(ROWS_AT_ONCE, count - line));
      const at = line * LINE;
      odd.line = before + (numbers[at + LINE_NUMBER] as number);
      if (numbers[at + LINE_IS_EVENT] === 1) {
        odd.whole();
        this.event(bytes, numbers, at, line);
      } else this.checkUtf8(bytes, numbers[at + LINE_START] as number, numbers[at + LINE_END] as number);
    }
    odd.line = before + lines;
  }

  /** Hashes the users of the next lines and tells who counts them; NaN where that takes more than the bytes. */
  private expect(bytes: Buffer, numbers: Int32Array, first: number, count: number): void {
    if (this.reader === undefined) return;
    for (let row = 0; row < count; row++) {
      const at = (first + row) * LINE;
      const start = numbers[at + LINE_USER] as number;
      const isPlain =
        numbers[at + LINE_IS_EVENT] === 1 && start >= 0 && isPlainText(numbers[at + LINE_USER + 2] as number);
      this.users[row] = isPlain ? hashUser(bytes, start, numbers[at + LINE_USER + 1] as number) : Number.NaN;
    }
    this.reader.expect(this.users, count);
  }

  /** Invalid bytes become U+FFFD: a text column must be valid, and all else in the line survives. */
  private checkUtf8(bytes: Uint8Array, start: number, end: number): void {
    if (isUtf8(bytes.subarray(start, end))) {
      this.objects(bytes, start, end);
      return;
    }
    const repaired = Buffer.from(
      `${new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end))}\n`,
    );
    const rows = this.tally.rows + this.tally.duplicates;
    this.objects(repaired, 0, repaired.length - 1);
    if (this.tally.rows + this.tally.duplicates > rows) this.tally.badUtf8++;
  }

  /** One object per line as a rule; several, with or without space between, are taken too. */
  private objects(bytes: Uint8Array, start: number, end: number): void {
    const { scanner } = this.lines;
    let at = start;
    do {
      const next = this.lines.object(bytes, at);
      if (next === ODD) {
        // A byte order mark at the start of a file, or of files that were put together.
        if (hasMark(bytes, at)) this.objects(bytes, at + 3, end);
        else this.odd.notJson(bytes, at, end, scanner.tooDeep);
        return;
      }
      this.odd.whole();
      if (scanner.oddProperties) this.odd.notAnEvent(bytes, at, next, "properties is not an object");
      else if (scanner.eventStart < 0) this.odd.notAnEvent(bytes, at, next, NO_NAME);
      else {
        this.lines.take(this.record);
        this.event(bytes, this.record, 0, ROW_FOREIGN);
      }
      at = next;
    } while (at < end);
  }

  /** `numbers` from `at` on: the record of an event. `line`: its number in the block, or ROW_FOREIGN. */
  private event(bytes: Uint8Array, numbers: Int32Array, at: number, line: number): void {
    const { row, names, tally } = this;
    const code = this.eventCode(bytes, numbers, at + LINE_EVENT);
    if (code < 0) {
      this.odd.notAnEvent(bytes, numbers[at + LINE_EVENT] as number, numbers[at + LINE_EVENT + 1] as number, NO_NAME);
      return;
    }
    row.read(bytes, numbers, at);
    this.eventName = names.bytes[code] as Buffer;
    if (row.length() + this.eventName.length > STORED_ROW_BYTES) {
      this.odd.notStored(bytes, row.properties.start, row.properties.end, TOO_LARGE);
      return;
    }
    const hash = row.hash(names.hashes[code] as number);
    if (hash !== 0 && this.seen.find(hash, this.isSame) !== 0) {
      this.duplicate(code, line);
      return;
    }
    this.insert.run(this.eventName, row);
    const rowid = this.firstRowid + tally.rows;
    if (hash !== 0) this.seen.add(hash, rowid);
    this.hashes.push(hash);
    this.observe(code, line, rowid);
    tally.rows++;
    tally.storedBytes += ROW_OVERHEAD + this.eventName.length + 19 + row.length();
    if (row.time === null) tally.withoutTime++;
    if (!row.distinctId.present) tally.withoutUser++;
  }

  private observe(code: number, line: number, rowid: number): void {
    const { reader, current, row } = this;
    if (reader === undefined || current === undefined) return;
    if (line === ROW_FOREIGN) {
      reader.observeText(current, row.properties.view(), code, row.timeMs, row.user(), rowid);
      return;
    }
    const user = this.users[line % ROWS_AT_ONCE] as number;
    reader.observe(current, line, code, row.timeMs, Number.isNaN(user) ? row.user() : user, rowid);
  }

  /** The event's number; -1 when its name is neither text nor a number. */
  private eventCode(bytes: Uint8Array, numbers: Int32Array, at: number): number {
    const start = numbers[at] as number;
    const end = numbers[at + 1] as number;
    const type = numbers[at + 2] as number;
    const known = this.names.bytes.length;
    const kind = type & VALUE_MASK;
    let code = -1;
    if (kind === VALUE_STRING && type & VALUE_ESCAPED) {
      const name = Buffer.from(decodeText(bytes, start, end));
      code = this.names.code(name, 0, name.length);
    } else if (kind === VALUE_STRING || kind === VALUE_INTEGER || kind === VALUE_REAL) {
      code = this.names.code(bytes, start, end);
    }
    if (code === known) this.reader?.eventName(code, (this.names.bytes[code] as Buffer).toString("utf8"));
    return code;
  }

  /** The copy that Mixpanel processed last stays; of equal ones, or without that mark, the last one seen. */
  private duplicate(code: number, line: number): void {
    this.tally.duplicates++;
    const { stored, row, reader, current } = this;
    if (stored.identical) return;
    const properties = row.properties.view();
    if (!stored.isOlderThan(properties)) return;
    this.tally.storedBytes += stored.replace(properties);
    if (reader === undefined || current === undefined) return;
    reader.retract(current, stored.old, code, row.timeMs, row.user(), stored.rowid);
    this.observe(code, line, stored.rowid);
  }

  notes(): string[] {
    const { withoutTime, withoutUser, badUtf8 } = this.tally;
    const notes: string[] = [];
    const events = (count: number) => (count === 1 ? "1 event came" : `${count} events came`);
    if (withoutTime > 0) notes.push(`${events(withoutTime)} without a usable time: event_time is NULL there.`);
    if (withoutUser > 0) notes.push(`${events(withoutUser)} without a distinct_id: it is NULL there.`);
    if (badUtf8 > 0) {
      const lines = badUtf8 === 1 ? "1 line" : `${badUtf8} lines`;
      notes.push(`${lines} held invalid UTF-8: those bytes are stored as U+FFFD.`);
    }
    return notes;
  }
}

/** Whether a value's bytes are its text. */
function isPlainText(type: number): boolean {
  return (type & VALUE_MASK) !== VALUE_NULL && (type & VALUE_ESCAPED) === 0;
}

function hasMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf;
}
