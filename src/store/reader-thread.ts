/** The reading thread of the writer (an entry point of its own in the build). See reader-client.ts. */
import { Database } from "bun:sqlite";
import { EventLines, LINE, LINE_COUNT, LINE_SPANS, type LineList } from "./event-lines.ts";
import { ROW, ROW_EVENT, ROW_FOREIGN, ROW_ID, ROW_LINE, ROW_TEXT } from "./line-block.ts";
import { createPropertyProfile } from "./profile.ts";
import { summarizeProperties } from "./profile-summary.ts";
import { PropertyKeys } from "./property-keys.ts";
import type { FromThread, ToThread } from "./reader-client.ts";
import { SPAN } from "./spans.ts";
import { sampleReader } from "./stats-pass.ts";
import type { TableInfo } from "./tables.ts";

declare const self: Worker;

/** Properties of the events in a block, as a rule. */
const FIRST_PROPERTIES = 14_000;

type View = LineList & { bytes: Buffer; rows: Float64Array; spans: { list: Int32Array } };

let table = newTable();
const views = new Map<number, View>();

/** What is learnt of one table. `texts` reads what is not a line of a block. */
function newTable() {
  const keys = new PropertyKeys();
  return { lines: new EventLines(keys), texts: new EventLines(keys), profile: createPropertyProfile(keys.names) };
}

self.onmessage = ({ data }: MessageEvent<ToThread>) => {
  switch (data.kind) {
    case "memory": {
      const { bytes, numbers, rows } = data.memory;
      views.set(data.id, {
        bytes: Buffer.from(bytes as SharedArrayBuffer),
        numbers: new Int32Array(numbers),
        count: 0,
        lines: 0,
        rows: new Float64Array(rows),
        spans: views.get(data.id)?.spans ?? { list: new Int32Array(FIRST_PROPERTIES * SPAN) },
      });
      break;
    }
    case "read":
      read(data.id, data.end);
      break;
    case "observe":
      observe(views.get(data.id), data.count);
      answer({ kind: "observed", id: data.id });
      break;
    case "forget":
      views.delete(data.id);
      break;
    case "reset":
      table = newTable();
      views.clear();
      break;
    case "summarize":
      answer({ kind: "summary", summary: summarize(data.path, data.table) });
  }
};

function answer(message: FromThread): void {
  self.postMessage(message);
}

function read(id: number, end: number): void {
  const view = views.get(id);
  if (view === undefined) return;
  const { numbers } = view;
  table.lines.read(view.bytes, end, view, view.spans);
  const grown = view.numbers === numbers ? undefined : view.numbers.buffer;
  answer({ kind: "read", id, count: view.count, lines: view.lines, numbers: grown });
}

function observe(view: View | undefined, count: number): void {
  if (view === undefined) return;
  for (let row = 0; row < count; row++) observeRow(view, row * ROW);
}

function observeRow({ bytes, numbers, spans, rows }: View, at: number): void {
  const { profile, texts } = table;
  const line = rows[at + ROW_LINE] as number;
  const event = rows[at + ROW_EVENT] as number;
  const rowid = rows[at + ROW_ID] as number;
  if (line !== ROW_FOREIGN) {
    const record = line * LINE;
    const from = numbers[record + LINE_SPANS] as number;
    profile.observe(bytes, spans.list, from, numbers[record + LINE_COUNT] as number, event, rowid);
    return;
  }
  const text = rows[at + ROW_TEXT] as number;
  texts.object(bytes, text < 0 ? -1 - text : text);
  const act = text < 0 ? profile.retract : profile.observe;
  act(bytes, texts.scanner.spans, 0, texts.scanner.count, event, rowid);
}

/** Reads the values that are shown from the table, on a connection of its own. */
function summarize(path: string, info: TableInfo) {
  const db = new Database(path, { readonly: true });
  try {
    // What reading left behind goes before the lists of values are made: 10 MB less at the peak.
    Bun.gc(true);
    return summarizeProperties(table.profile, sampleReader(db, info, table.profile));
  } finally {
    db.close();
  }
}
