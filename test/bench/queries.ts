/**
 * Analyst questions over the same events in our store and in DuckDB (JSON column layout): `bun test/bench/queries.ts [events]`.
 * Prints milliseconds and ratios (ours / DuckDB), asserts nothing. "first": the first time a question is asked after a fresh
 * fetch, base indexes built; "again": median of three more, after the indexes that the first run asked for are there.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { openStore, type Store } from "../../src/store/store.ts";
import { createLines } from "./generate-events.ts";
import { QUESTIONS, TOOL_QUESTIONS } from "./questions.ts";

const CHUNK = 50_000;

async function main(): Promise<void> {
  const events = Number(process.argv[2] ?? 1_000_000);
  const dir = mkdtempSync(join(tmpdir(), "mixpanel-bench-"));
  try {
    await run(events, dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function run(events: number, dir: string): Promise<void> {
  const log = { debug() {}, info() {}, warn() {}, error: (message: string) => print(message) };
  const store = openStore({ dataDir: dir, name: "bench", ephemeral: false, sqlTimeoutMs: 60_000, log: log as never });
  const ndjson = join(dir, "events.ndjson");
  await load(store, events, ndjson);
  const duck = await (await DuckDBInstance.create(join(dir, "events.duckdb"))).connect();
  await loadDuck(duck, ndjson);
  await settled(store);
  print(`\n${events} lines; the SQL child's peak memory is printed last.\n`);
  await askQuestions(store, duck);
  await askTools(store, duck);
  print(`\npeak resident memory of the SQL child: ${childPeak("__sql")} MB`);
  await store.close();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function load(store: Store, events: number, ndjson: string): Promise<void> {
  store.db();
  mkdirSync(store.spoolDir, { recursive: true });
  const line = createLines(events);
  const writer = store.writer();
  await writer.create({ name: "events", type: "events" });
  const file = Bun.file(ndjson).writer();
  let spent = 0;
  for (let first = 0; first < events; first += CHUNK) {
    const lines = Array.from({ length: Math.min(CHUNK, events - first) }, (_, index) => line(first + index));
    const text = `${lines.join("\n")}\n`;
    file.write(text);
    await file.flush();
    const path = join(store.spoolDir, `${first}.gz`);
    writeFileSync(path, Bun.gzipSync(text, { level: 1 }));
    const day = new Date(Date.UTC(2025, 0, 1 + first / CHUNK)).toISOString().slice(0, 10);
    const started = performance.now();
    await writer.ingestEvents({
      table: "events",
      jobId: "bench",
      fromDate: day,
      toDate: day,
      path,
      encoding: "gzip",
      framing: "length",
      timezone: { kind: "utc" },
      replace: false,
    });
    spent += performance.now() - started;
  }
  await file.end();
  await writer.finish("events");
  print(`stored in ${Math.round(spent)} ms, ${Math.round(events / spent)}k events per second`);
}

async function loadDuck(duck: DuckDBConnection, ndjson: string): Promise<void> {
  const started = performance.now();
  await duck.run(`CREATE TABLE events AS SELECT DISTINCT event AS event_name,
    make_timestamp(CAST(properties->>'$.time' AS BIGINT) * 1000000) AS event_time,
    properties->>'$.distinct_id' AS distinct_id, properties->>'$."$insert_id"' AS insert_id, properties
    FROM read_ndjson('${ndjson}', columns = {event: 'VARCHAR', properties: 'JSON'})`);
  print(`DuckDB loaded in ${Math.round(performance.now() - started)} ms`);
}

/** Until the base indexes are there. */
async function settled(store: Store): Promise<void> {
  for (let waited = 0; waited < 600 && indexCount(store) < 3; waited++) await Bun.sleep(100);
}

function indexCount(store: Store): number {
  const row = store
    .db()
    .query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    .get();
  return row?.n ?? 0;
}

async function duckTime(duck: DuckDBConnection, sql: string): Promise<number> {
  const started = performance.now();
  await (await duck.runAndReadAll(sql)).getRows();
  return performance.now() - started;
}

async function ourTime(store: Store, sql: string): Promise<{ ms: number; hint?: string; rows: number }> {
  const started = performance.now();
  const { hint, rows } = await store.sandbox().query(sql, { rows: 5_000, chars: 20_000_000 });
  return { ms: performance.now() - started, hint, rows: rows.length };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function askQuestions(store: Store, duck: DuckDBConnection): Promise<void> {
  await ourTime(store, "SELECT 1");
  const firsts: number[] = [];
  const agains: number[] = [];
  print(row("question", "DuckDB", "first", "ratio", "DuckDB", "again", "ratio"));
  for (const { name, sql, duckdb } of QUESTIONS) {
    const duckFirst = await duckTime(duck, duckdb);
    const first = await ourTime(store, sql);
    if (first.hint?.includes("index")) await indexBuilt(store, indexCount(store));
    const again: number[] = [];
    const duckAgain: number[] = [];
    for (let time = 0; time < 3; time++) {
      duckAgain.push(await duckTime(duck, duckdb));
      again.push((await ourTime(store, sql)).ms);
    }
    firsts.push(first.ms / duckFirst);
    agains.push(median(again) / median(duckAgain));
    print(
      row(
        name,
        duckFirst,
        first.ms,
        first.ms / duckFirst,
        median(duckAgain),
        median(again),
        median(again) / median(duckAgain),
      ),
    );
  }
  print(row("geometric mean", "", "", geometric(firsts), "", "", geometric(agains)));
}

async function indexBuilt(store: Store, before: number): Promise<void> {
  for (let waited = 0; waited < 300 && indexCount(store) === before; waited++) await Bun.sleep(50);
}

async function askTools(store: Store, duck: DuckDBConnection): Promise<void> {
  const context = { signal: new AbortController().signal, progress() {} };
  const ratios: number[] = [];
  print(`\n${row("tool", "DuckDB", "ours", "ratio", "", "", "")}`);
  for (const { name, call, duckdb } of TOOL_QUESTIONS) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let time = 0; time < 3; time++) {
      const started = performance.now();
      await call(store, context);
      ours.push(performance.now() - started);
      let sum = 0;
      for (const sql of duckdb) sum += await duckTime(duck, sql);
      theirs.push(sum);
    }
    ratios.push(median(ours) / median(theirs));
    print(row(name, median(theirs), median(ours), median(ours) / median(theirs), "", "", ""));
  }
  print(row("geometric mean", "", "", geometric(ratios), "", "", ""));
}

function geometric(values: number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function row(name: string, ...cells: (string | number)[]): string {
  const shown = cells.map((cell) => (typeof cell === "number" ? cell.toFixed(cell < 10 ? 2 : 0) : cell).padStart(8));
  return `${name.padEnd(34)}${shown.join("")}`;
}

/** Highest resident memory of a child of this process, from Linux' /proc. */
function childPeak(command: string): number {
  let peak = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const isOurs =
        status.includes(`PPid:\t${process.pid}\n`) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(command);
      if (isOurs) peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // It ended meanwhile.
    }
  }
  return Math.round(peak);
}

await main();
