import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../../../src/log.ts";
import { openDatabase } from "../../../src/store/schema.ts";
import { openStore } from "../../../src/store/store.ts";
import { type Fixture, faultOf, line, openFixture } from "./writer-fixture.ts";

let store: Fixture;
beforeEach(() => {
  store = openFixture();
});
afterEach(() => store.close());

const many = (count: number, day: string) =>
  Array.from({ length: count }, (_, index) =>
    line("e", { time: 1, $insert_id: `${day}-${index}`, pad: "x".repeat(900) }),
  ).join("\n");
const onDay = (day: string) => ({ fromDate: day, toDate: day });

describe("a full disk", () => {
  test("is STORE_FULL, earlier chunks stay, and with space again it goes on", async () => {
    await store.ingest(many(500, "a"), onDay("2026-01-01"));
    const pages = store.db.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ?? 0;
    store.db.run(`PRAGMA max_page_count = ${pages + 10}`);
    const fault = await faultOf(store.ingest(many(3000, "b"), onDay("2026-01-02")));
    expect(fault.code).toBe("STORE_FULL");
    expect(fault.suggestions.join(" ")).toContain("drop_table");
    expect(store.rows()).toHaveLength(500);
    expect(store.db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
    store.db.run("PRAGMA max_page_count = 1000000");
    expect(await store.ingest(many(3000, "b"), onDay("2026-01-02"))).toMatchObject({ rows: 3000 });
  });
});

describe("several connections", () => {
  test("a reader sees all of a chunk or nothing of it, and does not stop the writer", async () => {
    await store.ingest(many(100, "a"), onDay("2026-01-01"));
    const reader = new Database(store.session.path, { readonly: true });
    reader.run("BEGIN");
    expect(reader.query("SELECT count(*) FROM events").values()).toEqual([[100]]);
    await store.ingest(many(50, "a2"), { ...onDay("2026-01-01"), replace: true });
    await store.ingest(many(2000, "b"), onDay("2026-01-02"));
    expect(reader.query("SELECT count(*) FROM events").values()).toEqual([[100]]);
    reader.run("COMMIT");
    expect(reader.query("SELECT count(*) FROM events").values()).toEqual([[2050]]);
    reader.close();
  });

  test("while another process writes, a request waits, and can be cancelled", async () => {
    await store.ingest(many(1, "a"), onDay("2026-01-01"));
    const other = openDatabase(store.session.path, 0);
    other.run("BEGIN IMMEDIATE");
    const abort = new AbortController();
    const waiting = store.run("update", { table: "events", change: { status: "partial" } });
    const cancelled = faultOf(
      store.run("ingest_profiles", { table: "events", jobId: "j", page: 0, path: "/dev/null" }, abort.signal),
    );
    abort.abort();
    await cancelled;
    other.run("ROLLBACK");
    other.close();
    await waiting;
    expect(store.db.query("SELECT status FROM _mp_table").values()).toEqual([["partial"]]);
  });

  test("the log is cut back after work", async () => {
    await store.ingest(many(30_000, "a"), onDay("2026-01-01"));
    await store.run("finish", { table: "events" });
    await store.settle();
    expect(statSync(`${store.session.path}-wal`).size).toBe(0);
  });

  test("many processes may open a new store at once", async () => {
    const path = join(store.dir, "new.sqlite");
    const script = `const { openDatabase } = await import(${JSON.stringify(join(import.meta.dir, "../../../src/store/schema.ts"))});
      openDatabase(${JSON.stringify(path)}, 5000).close();`;
    const processes = Array.from({ length: 5 }, () =>
      Bun.spawn([process.execPath, "-e", script], { stderr: "inherit" }),
    );
    expect(await Promise.all(processes.map((one) => one.exited))).toEqual([0, 0, 0, 0, 0]);
    openDatabase(path, 0).close();
  });
});

test("an ephemeral store leaves nothing behind", async () => {
  const log = createLog("silent", (text) => text);
  const ephemeral = openStore({ dataDir: "/nowhere", name: "demo", ephemeral: true, sqlTimeoutMs: 1000, log });
  await ephemeral.writer().create({ name: "events", type: "events" });
  expect(existsSync(ephemeral.path)).toBe(true);
  await ephemeral.close();
  expect(existsSync(join(ephemeral.path, ".."))).toBe(false);
});

test("a closed store leaves one file, and no log", async () => {
  const log = createLog("silent", (text) => text);
  const kept = openStore({ dataDir: join(store.dir, "kept"), name: "1", ephemeral: false, sqlTimeoutMs: 1000, log });
  await kept.writer().create({ name: "events", type: "events" });
  await kept.close();
  expect(readdirSync(join(store.dir, "kept")).sort()).toEqual(["1.sqlite", "spool"]);
});
