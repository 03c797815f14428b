/**
 * `bun test/bench/ingest.ts [events]`: the same gzip export over loopback HTTP into our store, through a bare JSON.parse loop,
 * and into DuckDB by its best way that removes duplicates. Prints ratios: single figures depend on the machine and its mood.
 * Each contender runs in a process of its own, so that memory peaks are its own too.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createLines } from "./generate-events.ts";

const CHUNK_EVENTS = 100_000;
/** Runs of each contender; the best counts, because noise only ever adds. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 2);

type Outcome = { seconds: number; rows: number; peakMb: number; more?: Record<string, unknown> };

const [command, ...rest] = process.argv.slice(2);
if (command === "json") print(await runJson(rest));
else if (command === "store") print(await runStore(rest));
else if (command === "duckdb") print(await runDuckdb(rest));
else await compare(Number(command ?? 1_000_000));

function print(outcome: Outcome): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  process.exit(0);
}

async function compare(events: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "bench-ingest-"));
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const { bytes, packed, files } = generate(dir, events);
    say(
      `${events} events, ${(bytes / events).toFixed(0)} bytes each, ${(packed / 1e6).toFixed(0)} MB gzip in ${files} chunks`,
    );
    using server = Bun.serve({
      port: 0,
      idleTimeout: 0,
      fetch: (request) => {
        const file = Bun.file(join(dir, new URL(request.url).pathname));
        return new Response(file.stream(), { headers: { "content-encoding": "gzip", "content-type": "text/plain" } });
      },
    });
    const contenders = process.env["ONLY"]?.split(",") ?? ["json", "store", "duckdb"];
    const best = new Map<string, Outcome>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of contenders) {
        const outcome = await contend(name, [server.url.origin, String(files)]);
        const before = best.get(name);
        if (before === undefined || outcome.seconds < before.seconds) best.set(name, outcome);
        say(`  ${name.padEnd(7)} ${describe(outcome, events)}`);
      }
    }
    const store = best.get("store");
    for (const other of ["json", "duckdb"]) {
      const outcome = best.get(other);
      if (store === undefined || outcome === undefined) continue;
      say(`store is ${(outcome.seconds / store.seconds).toFixed(2)} times as fast as ${other}`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function describe({ seconds, rows, peakMb, more }: Outcome, events: number): string {
  const rate = `${Math.round(events / seconds / 1000)}k events/s`;
  return `${seconds.toFixed(2)} s, ${rate}, ${rows} rows, peak ${peakMb.toFixed(0)} MB ${more === undefined ? "" : JSON.stringify(more)}`;
}

async function contend(name: string, args: string[]): Promise<Outcome> {
  const child = Bun.spawn([process.execPath, import.meta.path, name, ...args], { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return JSON.parse(text) as Outcome;
}

/** Chunk files `0.gz`, `1.gz`, ... */
function generate(dir: string, events: number) {
  const line = createLines(events);
  let bytes = 0;
  let packed = 0;
  let files = 0;
  for (let from = 0; from < events; from += CHUNK_EVENTS) {
    const count = Math.min(CHUNK_EVENTS, events - from);
    const text = Buffer.from(`${Array.from({ length: count }, (_, index) => line(from + index)).join("\n")}\n`);
    const zipped = gzipSync(text, { level: 6 });
    bytes += text.length;
    packed += zipped.length;
    Bun.write(join(dir, `${files++}.gz`), zipped);
  }
  return { bytes, packed, files };
}

function ownPeakMb(pid = process.pid): number {
  if (process.platform !== "linux") return process.memoryUsage.rss() / 1e6;
  const status = Bun.spawnSync(["cat", `/proc/${pid}/status`]).stdout.toString();
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
}

/** What any consumer of the stream does at least: decode, split, parse. */
async function runJson([origin = "", files = "0"]: string[]): Promise<Outcome> {
  const started = performance.now();
  let rows = 0;
  for (let file = 0; file < Number(files); file++) {
    const body = (await fetch(`${origin}/${file}.gz`)).body;
    const decoder = new TextDecoder();
    let tail = "";
    for await (const piece of body ?? []) {
      const lines = (tail + decoder.decode(piece, { stream: true })).split("\n");
      tail = lines.pop() ?? "";
      for (const text of lines) if (JSON.parse(text) !== null) rows++;
    }
  }
  return { seconds: (performance.now() - started) / 1000, rows, peakMb: ownPeakMb() };
}

/** As fetch_events does: a download ahead, one chunk after the other into the writer. */
async function runStore([origin = "", files = "0"]: string[]): Promise<Outcome> {
  const { openStore } = await import("../../src/store/store.ts");
  const { createLog } = await import("../../src/log.ts");
  const dir = mkdtempSync(join(tmpdir(), "bench-store-"));
  try {
    const log = createLog("warn", (text) => text);
    const store = openStore({ dataDir: dir, name: "bench", ephemeral: false, sqlTimeoutMs: 30_000, log });
    const writer = store.writer();
    await writer.create({ name: "events", type: "events", status: "running" });
    const started = performance.now();
    const chunkSeconds: number[] = [];
    let peakLog = 0;
    let rows = 0;
    let next = download(origin, 0, dir);
    for (let file = 0; file < Number(files); file++) {
      const path = await next;
      if (file + 1 < Number(files)) next = download(origin, file + 1, dir);
      const began = performance.now();
      const result = await writer.ingestEvents({
        table: "events",
        jobId: "bench",
        fromDate: `2025-01-01T${String(file).padStart(4, "0")}`,
        toDate: `2025-01-01T${String(file).padStart(4, "0")}`,
        path,
        encoding: "gzip",
        framing: "chunked",
        timezone: { kind: "utc" },
        replace: false,
      });
      rows += result.rows;
      chunkSeconds.push((performance.now() - began) / 1000);
      peakLog = Math.max(peakLog, statSync(`${store.path}-wal`).size);
      rmSync(path);
    }
    await writer.finish("events");
    const seconds = (performance.now() - started) / 1000;
    const children = childPids();
    const peakMb = ownPeakMb() + children.reduce((sum, pid) => sum + ownPeakMb(pid), 0);
    const fifth = Math.max(1, Math.floor(chunkSeconds.length / 5));
    const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
    const more = {
      mainMb: Math.round(ownPeakMb()),
      logMb: Math.round(peakLog / 1e6),
      fileMb: Math.round(statSync(store.path).size / 1e6),
      lastFifthToFirst: Number((sum(chunkSeconds.slice(-fifth)) / sum(chunkSeconds.slice(0, fifth))).toFixed(2)),
    };
    await store.close();
    return { seconds, rows, peakMb, more };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function childPids(): number[] {
  const listed = Bun.spawnSync(["ps", "-o", "pid=,args=", "--ppid", String(process.pid)]).stdout.toString();
  return listed
    .split("\n")
    .filter((row) => row.includes("__writer"))
    .map((row) => Number.parseInt(row, 10));
}

async function download(origin: string, file: number, dir: string): Promise<string> {
  const path = join(dir, `${file}.spool`);
  const body = (await fetch(`${origin}/${file}.gz`, { decompress: false } as RequestInit)).body;
  const sink = Bun.file(path).writer();
  for await (const piece of body ?? []) {
    sink.write(piece);
    await sink.flush();
  }
  await sink.end();
  return path;
}

/** Download to files, read_ndjson, INSERT OR IGNORE into a table with a primary key: the fastest way of storage benchmarks. */
async function runDuckdb([origin = "", files = "0"]: string[]): Promise<Outcome> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const dir = mkdtempSync(join(tmpdir(), "bench-duckdb-"));
  try {
    const started = performance.now();
    for (let file = 0; file < Number(files); file++) {
      const path = await download(origin, file, dir);
      await Bun.$`mv ${path} ${path.replace(".spool", ".json.gz")}`;
    }
    const instance = await DuckDBInstance.create(join(dir, "bench.duckdb"), { threads: "2" });
    const connection = await instance.connect();
    await connection.run(`CREATE TABLE events (event_name VARCHAR, event_time TIMESTAMP, distinct_id VARCHAR, insert_id VARCHAR,
      properties JSON, PRIMARY KEY (event_name, event_time, distinct_id, insert_id))`);
    await connection.run(`INSERT OR IGNORE INTO events
      SELECT event, make_timestamp((properties->>'time')::BIGINT * 1000000), properties->>'distinct_id',
        properties->>'$."$insert_id"', properties
      FROM read_ndjson('${dir}/*.json.gz', columns = {event: 'VARCHAR', properties: 'JSON'})`);
    await connection.run("CHECKPOINT");
    const seconds = (performance.now() - started) / 1000;
    const reader = await connection.runAndReadAll("SELECT count(*) FROM events");
    const rows = Number(reader.getRows()[0]?.[0]);
    return { seconds, rows, peakMb: ownPeakMb(), more: { files: readdirSync(dir).length } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
