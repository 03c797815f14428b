/** The writer's handlers in this process, over a store of its own, and ways to feed them. */
import type { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Fault } from "../../../src/fault.ts";
import type { EventChunk, IngestResult } from "../../../src/store/writer.ts";
import { writerProgram } from "../../../src/store/writer-main.ts";
import { openSession, type WriterSession } from "../../../src/store/writer-session.ts";

export type Fixture = {
  dir: string;
  session: WriterSession;
  db: Database;
  run<Result>(command: string, args: unknown, signal?: AbortSignal): Promise<Result>;
  /** Ingests the body into `events`, which is created on first use. */
  ingest(body: string | Uint8Array, options?: Partial<EventChunk> & { raw?: boolean }): Promise<IngestResult>;
  rows(): Record<string, unknown>[];
  /** Runs all background work. */
  settle(): Promise<void>;
  close(): void;
};

export function openFixture(): Fixture {
  const dir = mkdtempSync(join(tmpdir(), "writer-"));
  const session = openSession(join(dir, "store.sqlite"));
  const program = writerProgram(session);
  let created = false;
  let files = 0;
  const fixture: Fixture = {
    dir,
    session,
    db: session.db,
    async run<Result>(command: string, args: unknown, signal = new AbortController().signal) {
      const handler = program.handlers[command];
      if (handler === undefined) throw new Error(`no command ${command}`);
      return (await handler(args as never, { signal, progress() {} })) as Result;
    },
    async ingest(body, { raw = false, ...options } = {}) {
      if (!created) await fixture.run("create", { name: "events", type: "events" });
      created = true;
      const path = join(dir, `${files++}.spool`);
      const encoding = options.encoding ?? "gzip";
      writeFileSync(path, encoding === "gzip" && !raw ? gzipSync(body) : body);
      const chunk: EventChunk = {
        table: "events",
        jobId: "job",
        fromDate: "2026-03-01",
        toDate: "2026-03-01",
        path,
        encoding,
        framing: "chunked",
        timezone: { kind: "utc" },
        replace: false,
        ...options,
      };
      return fixture.run<IngestResult>("ingest_events", chunk);
    },
    rows: () => session.db.query<Record<string, unknown>, []>("SELECT * FROM events ORDER BY rowid").all(),
    async settle() {
      while ((await program.background?.()) === true);
    },
    close() {
      program.close?.();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return fixture;
}

/** An export line. */
export function line(event: string, properties: Record<string, unknown>): string {
  return JSON.stringify({ event, properties });
}

/** The Fault a promise fails with. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const outcome = await work.then(
    (value) => new Error(`no fault, but ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw outcome;
}
