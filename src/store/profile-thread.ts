/** The statistics thread of the writer (an entry point of its own in the build). See profile-client.ts. */
import { Database } from "bun:sqlite";
import { createProfile } from "./profile.ts";
import { ROW, ROW_COUNT, ROW_EVENT, ROW_ID, ROW_RETRACTED, ROW_TIME, ROW_USER } from "./profile-batch.ts";
import type { FromThread, ToThread } from "./profile-client.ts";
import { SPAN } from "./spans.ts";
import { summarizeTable } from "./stats-pass.ts";
import type { TableInfo } from "./tables.ts";

declare const self: Worker;

let names: string[] = [];
let profile = createProfile(names);
type Views = { bytes: Uint8Array; spans: Int32Array; rows: Float64Array };
/** As in ingest.ts: tables that were replaced by larger ones are collected before they add up. */
const COLLECT_BATCHES = 128;
let seen = 0;
const batches = new Map<number, Views>();

self.onmessage = ({ data }: MessageEvent<ToThread>) => {
  switch (data.kind) {
    case "memory": {
      const { bytes, spans, rows } = data.memory;
      if (bytes.byteLength === 0) batches.delete(data.id);
      else
        batches.set(data.id, {
          bytes: new Uint8Array(bytes),
          spans: new Int32Array(spans),
          rows: new Float64Array(rows),
        });
      break;
    }
    case "batch": {
      const views = batches.get(data.id);
      if (views !== undefined) observe(views, data.count);
      if (++seen % COLLECT_BATCHES === 0) 0;
      answer({ kind: "done", id: data.id });
      break;
    }
    case "reset":
      names = [];
      profile = createProfile(names);
      batches.clear();
      break;
    case "keys":
      for (const name of data.names) names.push(name);
      break;
    case "event":
      profile.eventName(data.code, data.name);
      break;
    case "summarize":
      answer({ kind: "summary", summary: summarize(data.path, data.table) });
      break;
    default:
      profile[data.kind]();
  }
};

function answer(message: FromThread): void {
  self.postMessage(message);
}

function observe({ bytes, spans, rows }: Views, count: number): void {
  let from = 0;
  for (let row = 0; row < count; row++) {
    const at = row * ROW;
    const properties = rows[at + ROW_COUNT] as number;
    const act = rows[at + ROW_RETRACTED] === 1 ? profile.retract : profile.observe;
    act(
      bytes,
      spans,
      from,
      properties,
      rows[at + ROW_EVENT] as number,
      rows[at + ROW_TIME] as number,
      rows[at + ROW_USER] as number,
      rows[at + ROW_ID] as number,
    );
    from += properties * SPAN;
  }
}

/** Reads the values that are shown from the table, on a connection of its own. */
function summarize(path: string, table: TableInfo) {
  const db = new Database(path, { readonly: true });
  try {
    return summarizeTable(db, table, profile);
  } finally {
    db.close();
  }
}
