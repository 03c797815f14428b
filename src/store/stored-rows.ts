/** Looks at rows that are stored already, to tell duplicates from collisions and to let the newer copy win. */
import type { Database, Statement } from "bun:sqlite";
import type { EventRow } from "./event-row.ts";
import { KEY_PROCESSED } from "./property-keys.ts";
import {
  decodeText,
  KEY,
  lineOf,
  Scanner,
  SPAN,
  VALUE_END,
  VALUE_MASK,
  VALUE_START,
  VALUE_STRING,
  VALUE_TYPE,
} from "./scan.ts";

export class StoredRows {
  /** The row `find` recognised last, and whether its properties are the same bytes. */
  rowid = 0;
  identical = false;
  /** The properties of that row, after `isOlderThan`. */
  old: Uint8Array = new Uint8Array(0);

  private readonly scanner = new Scanner();
  private readonly same: Statement;
  private readonly read: Statement;
  private readonly update: Statement;

  constructor(db: Database, table: string) {
    this.same = db.query(
      `SELECT properties = CAST(?6 AS TEXT) FROM ${table} WHERE rowid = ?1 AND event_name = CAST(?2 AS TEXT)
       AND event_time IS CAST(?3 AS TEXT) AND distinct_id IS CAST(?4 AS TEXT) AND insert_id = CAST(?5 AS TEXT)`,
    );
    this.read = db.query(`SELECT CAST(properties AS BLOB) FROM ${table} WHERE rowid = ?`);
    this.update = db.query(`UPDATE ${table} SET properties = CAST(? AS TEXT) WHERE rowid = ?`);
  }

  /** Whether the row has the identity of `row`: same event, time, distinct_id and insert_id. */
  find(rowid: number, eventName: Uint8Array, row: EventRow): boolean {
    const found = this.same.values(
      rowid,
      eventName,
      row.time,
      row.distinctId.bind(),
      row.insertId.bind(),
      row.properties.bind(),
    )[0];
    if (found === undefined) return false;
    this.rowid = rowid;
    this.identical = found[0] === 1;
    return true;
  }

  /** Whether the copy with these properties replaces the row found last. One that does not say when it was processed loses to one that does. */
  isOlderThan(properties: Uint8Array): boolean {
    this.old = this.read.values(this.rowid)[0]?.[0] as Uint8Array;
    const before = this.processedAt(this.old);
    return Number.isNaN(before) || this.processedAt(properties) >= before;
  }

  /** Returns the change in bytes. */
  replace(properties: Uint8Array | null): number {
    this.update.run(properties, this.rowid);
    return (properties?.length ?? 0) - this.old.length;
  }

  /** `mp_processing_time_ms`, NaN without one. */
  private processedAt(properties: Uint8Array): number {
    const bytes = lineOf(properties);
    const { scanner } = this;
    scanner.scan(bytes, 0);
    const { spans, count } = scanner;
    for (let at = 0; at < count * SPAN; at += SPAN) {
      if (spans[at + KEY] !== KEY_PROCESSED) continue;
      const value = decodeText(bytes, spans[at + VALUE_START] as number, spans[at + VALUE_END] as number);
      const type = (spans[at + VALUE_TYPE] as number) & VALUE_MASK;
      return value === "" || (type === VALUE_STRING && Number.isNaN(Number(value))) ? Number.NaN : Number(value);
    }
    return Number.NaN;
  }
}
