/** macOS lends its own SQLite: 3.43.2 on macOS 14 and 15. Every statement we ship is tried on exactly that version. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import sqlite3InitModule, { type Database as WasmDatabase } from "@sqlite.org/sqlite-wasm";
import { demoSteps } from "../../../src/cli/demo-steps.ts";
import { openGate } from "../../../src/store/sandbox-gate.ts";
import { runQuery } from "../../../src/store/sandbox-run.ts";
import { USER_TABLE_DDL } from "../../../src/store/schema.ts";
import { addFunctions } from "../../../src/store/sql-functions.ts";
import { connect } from "../../harness.ts";
import { type Recorded, recordSql, statementsInSource } from "./sql-recorder.ts";
import { line, openFixture } from "./writer-fixture.ts";

const SOURCE = join(import.meta.dir, "../../../src");
let notes: Recorded[];
beforeAll(async () => {
  const recorder = recordSql();
  notes = recorder.notes;
  await tourOfTheServer();
  await tourOfTheWriter();
  tourOfTheSandbox();
  recorder.stop();
}, 60_000);

/** The main process: catalogue, jobs, quota, statistics and samples. */
async function tourOfTheServer() {
  const t = await connect();
  const sandbox = t.workspace.store.sandbox();
  const ask = sandbox.query;
  sandbox.query = (sql, ...rest) => {
    notes.push({ file: "asked", sql });
    return ask(sql, ...rest);
  };
  await t.call("fetch_events", { from_date: "2 days ago", to_date: "yesterday" });
  await t.call("fetch_events", { from_date: "2 days ago", to_date: "yesterday", mode: "resume" });
  await t.call("fetch_profiles", { limit: 10 });
  await t.call("fetch_profiles");
  await t.call("fetch_status");
  await t.call("segmentation", { event: "Sign Up", from_date: "3 days ago", to_date: "yesterday" });
  await t.call("create_table", {
    table: "kept",
    query: "SELECT event_name AS a, rowid AS b, properties->>'$.plan' AS plan FROM events",
  });
  await t.call("workspace_info");
  for (const table of ["events", "profiles", "kept"]) {
    for (const tool of ["table_schema", "sample", "summarize", "property_keys", "event_breakdown"])
      await t.call(tool, { table });
    for (const column of ["plan", "distinct_id", "event_time", "a", "b", "$.plan", "properties"])
      await t.call("column_stats", { table, column });
  }
  const event = "Page Viewed";
  await t.call("sample", { table: "events", event });
  await t.call("property_keys", { table: "events", event });
  for (const column of ["plan", "event_time", "$screen_width", "items[0].price"])
    await t.call("column_stats", { table: "events", column, event });
  await t.call("sql", { query: "SELECT properties->>'plan', count(*) FROM events GROUP BY 1" });
  await t.call("fetch_cancel", { job_id: "none" });
  await t.call("drop_all_tables", { type: "result", confirm: true });
  await t.close();
}

/** The writer's own handlers, in this process. */
async function tourOfTheWriter() {
  const w = openFixture();
  const event = (index: number, more = {}) =>
    line(`e${index % 3}`, {
      time: 1_772_323_200 + index,
      distinct_id: `u${index % 5}`,
      $insert_id: `i${index}`,
      plan: "pro",
      n: index,
      ...more,
    });
  const body = (from: number, to: number, more = {}) =>
    `${Array.from({ length: to - from }, (_, index) => event(from + index, more)).join("\n")}\n`;
  await w.ingest(body(0, 300));
  await w.ingest(body(0, 300, { mp_processing_time_ms: 5 }), { fromDate: "2026-03-02", toDate: "2026-03-02" });
  await w.ingest(body(0, 400), { replace: true });
  await w.run("finish", { table: "events" });
  await w.settle();
  await w.run("index", { table: "events", columns: [`properties->>'$."plan"'`] });
  await w.settle();
  await w.run("statistics", { table: "events" });
  await w.run("update", {
    table: "events",
    change: { status: "partial", missing_ranges: [], filters: { events: ["a"] } },
  });
  const job = {
    id: "j",
    kind: "events",
    table_name: "events",
    status: "running",
    request: {},
    progress: {},
    pid: process.pid,
    started_at: "",
    heartbeat_at: null,
    finished_at: null,
  };
  await w.run("save_job", job);
  await w.run("create", { name: "people", type: "profiles" });
  const results = [
    { $distinct_id: "u1", $properties: { $last_seen: "2026-03-01T00:00:00", age: 3 } },
    { $distinct_id: "u2", $properties: {} },
  ];
  for (const page of [0, 1]) {
    const path = join(w.dir, `page-${page}`);
    await Bun.write(path, JSON.stringify({ page, page_size: 1_000, session_id: "s", status: "ok", total: 2, results }));
    await w.run("ingest_profiles", { table: "people", jobId: "j", page, path });
  }
  await w.run("finish", { table: "people" });
  await w.settle();
  await w.run("drop", { tables: ["events", "people"] });
  await w.settle();
  w.close();
}

/** What the SQL child asks for itself; queries of models are theirs. */
function tourOfTheSandbox() {
  const gate = openGate(undefined, undefined);
  addFunctions(gate.db);
  for (const sql of [
    "SELECT nope",
    "SELECT * FROM nope",
    "SELECT nope(1)",
    "SELECT name FROM sqlite_master",
    "PRAGMA table_list",
  ]) {
    try {
      runQuery(gate, { sql, rows: 1, chars: 1_000 });
    } catch {
      // Only what was asked on the way to the message matters.
    }
  }
  gate.close();
}

/** What only rare moments need (a lost race, a refund, a recovery), what is part of a string, and what the demonstration asks. */
const RARE = [
  "DELETE FROM request WHERE id = ?",
  "INSERT OR IGNORE INTO pool (scope, pool) VALUES (?, ?)",
  "UPDATE pool SET quota = ? WHERE scope = ? AND pool = ?",
  "PRAGMA wal_checkpoint(PASSIVE)",
  "PRAGMA temp_store_directory = ''",
  "ROLLBACK",
  "SELECT * FROM (\nSELECT 1\n)",
  "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view') OR sql LIKE 'create virtual%' LIMIT 1",
  "SELECT sql FROM sqlite_master WHERE type = 'table' AND name GLOB '_mp_*' AND name NOT GLOB '_mp_dropped_*'",
  "SELECT table_name, pid FROM _mp_job WHERE status = 'running' AND pid NOT NULL",
  "SELECT name FROM _mp_table ORDER BY name",
  "SELECT rowid FROM events ORDER BY random() LIMIT 1",
  "SELECT count(DISTINCT distinct_id) FROM events",
  "SELECT event_name, count(DISTINCT distinct_id) FROM events GROUP BY event_name",
  "SELECT (SELECT min(distinct_id) FROM events), (SELECT max(distinct_id) FROM events)",
  "SELECT sqlite_version() AS version",
  "SELECT DISTINCT key FROM (SELECT properties FROM events WHERE json_valid(properties) LIMIT 200) AS recent, json_each(recent.properties) WHERE typeof(key) = 'text'",
];

const databases = new Map<string, WasmDatabase>();
afterAll(() => {
  for (const db of databases.values()) db.close();
});

/** The tables of users stand for those that other processes made in the tour. */
function prepareDatabase(db: WasmDatabase): WasmDatabase {
  for (const [table, ddl] of [
    ["events", USER_TABLE_DDL.events],
    ["profiles", USER_TABLE_DDL.profiles],
    ["kept", "(a, b, plan)"],
  ])
    db.exec(`CREATE TABLE ${table} ${ddl}`);
  // In the product these are sql-functions.ts, tested on their own.
  for (const [name, arity] of [
    ["median", 1],
    ["percentile_cont", 2],
  ] as const)
    db.createFunction({ name, arity, xStep: () => {}, xFinal: () => null });
  return db;
}

/** Reasons that say nothing about the version: objects the replay did not make, or made before. */
const NOT_THERE =
  /no such (table|index): (main\.)?_mp_|already exists|no such index|_mp_dropped_|no such (column|table|function): nope/;

test("every statement we ship runs on SQLite 3.43.2", async () => {
  const sqlite3 = await sqlite3InitModule({ print() {}, printErr() {} });
  expect(sqlite3.capi.sqlite3_libversion()).toBe("3.43.2");
  const open = (file: string): WasmDatabase => {
    const known = databases.get(file) ?? prepareDatabase(new sqlite3.oo1.DB(":memory:"));
    databases.set(file, known);
    return known;
  };
  const failed: string[] = [];
  const quota = notes.find(({ sql }) => /CREATE TABLE.*\bpool\b/s.test(sql))?.file ?? "";
  const rare = RARE.map((sql) => ({ file: /\b(pool|request)\b/.test(sql) ? quota : "store.sqlite", sql }));
  const demonstration = demoSteps().flatMap((step) =>
    step.kind === "tool" && step.name === "sql" ? [{ file: "asked", sql: String(step.args(new Map())["query"]) }] : [],
  );
  expect(demonstration.length).toBeGreaterThan(2);
  for (const { file, sql } of [...notes, ...rare, ...demonstration]) {
    const db = open(file);
    try {
      // Tables are made, so that what names them can be prepared; everything else is only prepared.
      if (/^\s*CREATE (TEMP )?TABLE/i.test(sql)) db.exec(sql);
      else db.prepare(sql).finalize();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!NOT_THERE.test(reason)) failed.push(`${file} ${reason}: ${sql}`);
    }
  }
  expect([...new Set(failed)]).toEqual([]);
  expect(new Set(notes.map(({ sql }) => sql)).size).toBeGreaterThan(60);
});

test("and no statement in the source was left out", () => {
  const recorded = [
    ...new Set([...notes.map(({ sql }) => sql), ...RARE].map((sql) => sql.replaceAll(/\s+/g, " ").trim())),
  ];
  const missed = statementsInSource(SOURCE)
    .filter(({ file, start }) => !file.includes("demo") && !recorded.some((sql) => sql.startsWith(start)))
    .map(({ file, start }) => `${file}: ${start}`);
  expect(missed).toEqual([]);
});
