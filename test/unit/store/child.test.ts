import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createLog } from "../../../src/log.ts";
import { listChunks } from "../../../src/store/chunks.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { listTables, processAlive } from "../../../src/store/tables.ts";
import type { EventChunk } from "../../../src/store/writer.ts";
import { faultOf, line } from "./writer-fixture.ts";

let dir: string;
let store: Store;
const log = createLog("silent", (text) => text);
const open = () => openStore({ dataDir: dir, name: "1", ephemeral: false, sqlTimeoutMs: 30_000, log });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "child-"));
  store = open();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A chunk of its own day. */
function chunk(day: number, rows: number): EventChunk {
  const date = `2026-01-${String(day).padStart(2, "0")}`;
  const path = join(dir, `${day}.spool`);
  const lines = Array.from({ length: rows }, (_, index) =>
    line("e", {
      time: Date.parse(date) / 1000 + index,
      distinct_id: `u${index}`,
      $insert_id: `${day}-${index}`,
      pad: "x".repeat(300),
    }),
  );
  writeFileSync(path, gzipSync(lines.join("\n")));
  const rest = { encoding: "gzip", framing: "chunked", timezone: { kind: "utc" }, replace: false } as const;
  return { table: "events", jobId: "j", fromDate: date, toDate: date, path, ...rest };
}

/** Processes whose parent is this one and that were started as the writer. */
async function writerPids(): Promise<number[]> {
  const listed = await Bun.$`ps -o pid=,args= --ppid ${process.pid}`.nothrow().quiet().text();
  return listed
    .split("\n")
    .filter((row) => row.includes("__writer"))
    .map((row) => Number.parseInt(row, 10));
}

describe("the writer child", () => {
  test("stores, reports, and is seen by the main process at once", async () => {
    await store.writer().create({ name: "events", type: "events", status: "running" });
    const result = await store.writer().ingestEvents(chunk(1, 100));
    expect(result).toMatchObject({ rows: 100, rejected: 0 });
    await store.writer().finish("events");
    expect(listTables(store)).toMatchObject([{ name: "events", row_count: 100, version: 1 }]);
    expect(listChunks(store, "events")).toMatchObject([{ from_date: "2026-01-01", rows: 100 }]);
    expect(store.db().query("SELECT count(*) FROM events").values()).toEqual([[100]]);
  });

  test("the main process cannot write by mistake", () => {
    expect(() => store.db().run("CREATE TABLE t (a)")).toThrow();
  });

  test("faults arrive as they were thrown", async () => {
    await store.writer().create({ name: "events", type: "events" });
    expect(await faultOf(store.writer().create({ name: "events", type: "events" }))).toMatchObject({
      code: "TABLE_EXISTS",
    });
    const missing = { ...chunk(1, 1), table: "nope" };
    expect(await faultOf(store.writer().ingestEvents(missing))).toMatchObject({ code: "TABLE_NOT_FOUND" });
  });

  test("cancelling one request leaves the child and its other requests alone", async () => {
    await store.writer().create({ name: "events", type: "events" });
    const abort = new AbortController();
    const big = store.writer().ingestEvents(chunk(1, 60_000), abort.signal);
    const small = store.writer().ingestEvents(chunk(2, 10));
    abort.abort();
    expect((await faultOf(big)).code).toBe("CANCELLED");
    expect(await small).toMatchObject({ rows: 10 });
    expect(listChunks(store, "events")).toHaveLength(1);
  });

  test("killed at any moment: no partial chunk, none lost, the next request starts another", async () => {
    await store.writer().create({ name: "events", type: "events" });
    for (let day = 1; day <= 6; day++) {
      const work = store.writer().ingestEvents(chunk(day, 4000));
      await Bun.sleep(20 * day);
      for (const pid of await writerPids()) process.kill(pid, "SIGKILL");
      expect(await work).toMatchObject({ rows: 4000 });
    }
    expect(store.db().query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
    expect(store.db().query("SELECT count(*) FROM events").values()).toEqual([[24_000]]);
    expect(listChunks(store, "events").map(({ rows }) => rows)).toEqual([4000, 4000, 4000, 4000, 4000, 4000]);
  });

  test("close ends it, also in the middle of a chunk, and loses nothing that was stored", async () => {
    await store.writer().create({ name: "events", type: "events" });
    await store.writer().ingestEvents(chunk(1, 10));
    const pids = await writerPids();
    const work = faultOf(store.writer().ingestEvents(chunk(2, 100_000)));
    await store.close();
    expect((await work).code).toBe("CANCELLED");
    expect(pids.filter(processAlive)).toEqual([]);
    store = open();
    expect(listTables(store)).toMatchObject([{ row_count: 10 }]);
  });

  test("gets nothing of our environment", async () => {
    process.env["MP_SECRET"] = "canary";
    await store.writer().create({ name: "t", type: "events" });
    delete process.env["MP_SECRET"];
    const [pid] = await writerPids();
    if (process.platform !== "linux") return;
    expect(await Bun.file(`/proc/${pid}/environ`).text()).not.toContain("canary");
  });

  test("does not outlive a parent that is killed", async () => {
    const script = join(dir, "parent.ts");
    const source = join(import.meta.dir, "../../../src/store");
    const body = `
      const { openStore } = await import(${JSON.stringify(`${source}/store.ts`)});
      const log = { error() {}, warn() {}, info() {}, debug() {} };
      const store = openStore({ dataDir: ${JSON.stringify(join(dir, "other"))}, name: "1", ephemeral: false, sqlTimeoutMs: 1, log });
      await store.writer().create({ name: "events", type: "events" });
      const ps = Bun.spawnSync(["ps", "-o", "pid=,args=", "--ppid", String(process.pid)]).stdout.toString();
      console.log(parseInt(ps.split("\\n").find((row) => row.includes("__writer")) ?? "0", 10));
      void store.writer().request("statistics", { table: "events" });
      setInterval(() => {}, 1000);`;
    writeFileSync(script, body);
    const parent = Bun.spawn([process.execPath, script], { stdout: "pipe", stderr: "inherit" });
    const { value } = await parent.stdout.getReader().read();
    const pid = Number.parseInt(new TextDecoder().decode(value), 10);
    expect(processAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await parent.exited;
    for (let waited = 0; waited < 3000 && processAlive(pid); waited += 20) await Bun.sleep(20);
    expect(processAlive(pid)).toBe(false);
  });
});
