/** /export: raw events as JSON lines, streamed, gzip when the client takes it, cut anywhere. */
import { once } from "node:events";
import { constants, createGzip } from "node:zlib";
import { rowOf } from "../count.ts";
import type { SampleEvent } from "../data.ts";
import { createRandom } from "../random.ts";
import {
  ApiError,
  compileExpression,
  dayParameter,
  integer,
  optional,
  type SampleRequest,
  type Service,
  textList,
} from "../request.ts";
import { DAY } from "../zone.ts";

const GZIP_ABOVE_BYTES = 1_400;
const MAX_LIMIT = 100_000;
/** One event in so many is delivered twice. */
const DUPLICATE_EVERY = 331;
const BATCH_CHARS = 64 * 1024;

/** Answers once the parameters are good; `done` is called when the last byte was taken or the client went away. */
export function exportEvents(request: SampleRequest, service: Service, done: () => void): Response {
  const lines = linesOf(selectEvents(request, service), service, optional(request, "time_in_ms") === "true");
  const text = batches(lines);
  const first = text.next().value ?? "";
  const small = Buffer.byteLength(first) <= GZIP_ABOVE_BYTES;
  const gzip = !small && /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  const source = gzip ? compress(first, text) : encode(first, text);
  const headers: Record<string, string> = {
    "Content-Type": "text/plain",
    ...(gzip ? { "Content-Encoding": "gzip" } : {}),
  };
  return new Response(streamOf(anyCut(source), done), { headers });
}

function selectEvents(request: SampleRequest, service: Service): SampleEvent[] {
  const from = dayParameter(request, "from_date");
  const to = dayParameter(request, "to_date");
  const { data } = service;
  const now = service.now() / 1000;
  // Whichever calendar is ahead: both readings of "today" exist.
  if (to > Math.max(data.zone.day(now), Math.floor(now / DAY)))
    throw new ApiError(400, "to_date cannot be later than today", { plain: true });
  if (from > to) throw new ApiError(400, "from_date cannot be later than to_date", { plain: true });
  const limit = optional(request, "limit") === undefined ? undefined : integer(request, "limit", MAX_LIMIT);
  if (limit !== undefined && limit > MAX_LIMIT) throw new ApiError(400, `limit cannot be greater than ${MAX_LIMIT}`);
  const names = textList(request, "event");
  const wanted = names && new Set(names);
  const where = whereOf(request, service);
  const clock = service.createdBefore2023 ? "local" : "time";
  const [start, end] = [from * DAY, (to + 1) * DAY];
  const events: SampleEvent[] = [];
  for (const event of data.events) {
    if (event[clock] < start || event[clock] >= end || (wanted && !wanted.has(event.event))) continue;
    if (where && where(rowOf(data, event)) !== true) continue;
    events.push(event);
    if (events.length === limit) break;
  }
  return events;
}

/** A bad filter is a 400 that says nothing useful. */
function whereOf(request: SampleRequest, service: Service) {
  const text = optional(request, "where");
  try {
    return text === undefined ? undefined : compileExpression("where", text, service);
  } catch (error) {
    if (error instanceof ApiError) throw new ApiError(400, "", { plain: true });
    throw error;
  }
}

/** No order is promised: neighbours swap places. Projects from before 2023 carry local wall-clock time as if it were UTC. */
function* linesOf(events: SampleEvent[], service: Service, milliseconds: boolean): Generator<string> {
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index + (index % 2 === 0 ? (index + 1 < events.length ? 1 : 0) : -1)];
    if (!event) continue;
    const seconds = service.createdBefore2023 ? event.local : event.time;
    const time = milliseconds ? seconds * 1000 : seconds;
    const line = JSON.stringify({
      event: event.event,
      properties: time === event.time ? event.properties : { ...event.properties, time },
    });
    yield line;
    if (isDoubled(event)) yield line;
  }
}

/** Whether the export delivers this event twice. Only events with an insert id, so that they can be told apart. */
export function isDoubled(event: SampleEvent): boolean {
  return event.time % DUPLICATE_EVERY === 7 && event.properties["$insert_id"] !== undefined;
}

function* batches(lines: Generator<string>): Generator<string> {
  let batch = "";
  for (const line of lines) {
    batch += `${line}\n`;
    if (batch.length < BATCH_CHARS) continue;
    yield batch;
    batch = "";
  }
  if (batch) yield batch;
}

const encoder = new TextEncoder();

async function* encode(first: string, rest: Generator<string>): AsyncGenerator<Uint8Array> {
  yield encoder.encode(first);
  for (const batch of rest) yield encoder.encode(batch);
}

async function* compress(first: string, rest: Generator<string>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  // A client that goes away ends the stream with an error, which is no news to anybody.
  const heard = (event: string) => once(gzip, event).catch(() => undefined);
  const closed = heard("close");
  const feed = async () => {
    for (let batch: string | undefined = first; batch !== undefined; batch = rest.next().value) {
      if (!gzip.write(batch)) await Promise.race([heard("drain"), closed]);
      if (gzip.destroyed) return;
    }
    gzip.end();
  };
  const fed = feed();
  try {
    for await (const chunk of gzip) yield chunk as Uint8Array;
    await fed;
  } finally {
    gzip.destroy();
  }
}

/** Cuts the bytes at arbitrary places: inside lines, inside characters, inside gzip blocks. */
async function* anyCut(source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const random = createRandom(7);
  for await (const chunk of source) {
    for (let start = 0; start < chunk.length; ) {
      const end = Math.min(chunk.length, start + 1 + random.below(48 * 1024));
      yield chunk.subarray(start, end);
      start = end;
    }
  }
}

function streamOf(source: AsyncGenerator<Uint8Array>, done: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done: ended } = await source.next();
      if (!ended) return controller.enqueue(value);
      done();
      controller.close();
    },
    async cancel() {
      done();
      await source.return(undefined);
    },
  });
}
