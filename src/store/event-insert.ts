/** The statements that add rows to an events table. */
import type { Database, Statement } from "bun:sqlite";
import type { EventRow } from "./event-row.ts";

export class EventInsert {
  /** Takes the ids as parts of the properties: one view per row instead of three, which is what the collector feels. */
  private readonly parts: Statement;
  private readonly whole: Statement;

  /** `table`: its name, quoted. */
  constructor(db: Database, table: string) {
    this.parts = db.query(
      `INSERT INTO ${table} (event_name, event_time, properties, distinct_id, insert_id) VALUES (CAST(?1 AS TEXT),
       CAST(?2 AS TEXT), CAST(?3 AS TEXT), CAST(substr(?3, ?4, ?5) AS TEXT), CAST(substr(?3, ?6, ?7) AS TEXT))`,
    );
    this.whole = db.query(
      `INSERT INTO ${table} (event_name, event_time, distinct_id, insert_id, properties)
       VALUES (CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT))`,
    );
  }

  run(eventName: Uint8Array, { time, distinctId, insertId, properties }: EventRow): void {
    if (!distinctId.liesIn(properties) || !insertId.liesIn(properties)) {
      this.whole.run(eventName, time, distinctId.bind(), insertId.bind(), properties.bind());
      return;
    }
    this.parts.run(
      eventName,
      time,
      properties.bind(),
      distinctId.positionIn(properties),
      distinctId.length(),
      insertId.positionIn(properties),
      insertId.length(),
    );
  }
}
