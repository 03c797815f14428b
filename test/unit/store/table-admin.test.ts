import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRow } from "../../../src/store/sql-spool.ts";
import { type Fixture, faultOf, line, openFixture } from "./writer-fixture.ts";

let store: Fixture;
beforeEach(() => {
  store = openFixture();
});
afterEach(() => store.close());

const names = () =>
  store.db.query("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name").values().flat();
const own = ["_mp_chunk", "_mp_job", "_mp_stat", "_mp_table"];

describe("tables", () => {
  test("a name is taken once, without regard to case", async () => {
    await store.run("create", { name: "events", type: "events", status: "running", filters: { where: "x" } });
    expect((await faultOf(store.run("create", { name: "Events", type: "profiles" }))).code).toBe("TABLE_EXISTS");
    expect(store.db.query("SELECT name, type, status, filters FROM _mp_table").values()).toEqual([
      ["events", "events", "running", '{"where":"x"}'],
    ]);
  });

  test("update changes what it names and nothing else", async () => {
    await store.run("create", { name: "t", type: "events", timezone: "UTC", filters: { a: 1 } });
    const missing_ranges = [{ from_date: "2026-01-01", to_date: "2026-01-02" }];
    await store.run("update", { table: "t", change: { status: "partial", missing_ranges, filters: null } });
    expect(store.db.query("SELECT status, missing_ranges, filters, timezone FROM _mp_table").values()).toEqual([
      ["partial", JSON.stringify(missing_ranges), null, "UTC"],
    ]);
    expect((await faultOf(store.run("update", { table: "x", change: {} }))).code).toBe("TABLE_NOT_FOUND");
  });

  test("a dropped table is out of sight at once, its pages go back behind", async () => {
    const body = Array.from({ length: 20_000 }, (_, index) =>
      line("e", { time: 1, $insert_id: `${index}`, x: "x".repeat(200) }),
    );
    await store.ingest(body.join("\n"));
    await store.run("finish", { table: "events" });
    await store.settle();
    expect(names()).toContain("_mp_index_1_name");
    expect(names()).toContain("events");
    const pages = () => store.db.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ?? 0;
    const before = pages();
    expect(await store.run<unknown>("drop", { tables: ["EVENTS", "nope"] })).toEqual({
      dropped: ["events"],
      rows: 20_000,
    });
    expect(names()).not.toContain("events");
    expect(store.db.query("SELECT count(*) FROM _mp_chunk").values()).toEqual([[0]]);
    // The name is free again before the old rows are gone.
    await store.run("create", { name: "events", type: "events" });
    await store.settle();
    expect(names()).toEqual([...own, "events"]);
    expect(pages()).toBeLessThan(before / 4);
  });

  test("indexes go while a chunk arrives that is large beside the table, and stay for a small one", async () => {
    const lines = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => line("e", { time: 1, $insert_id: `${from + index}` })).join("\n");
    await store.ingest(lines(0, 5000));
    await store.run("finish", { table: "events" });
    await store.settle();
    await store.ingest(line("e", {}), { fromDate: "2026-03-02", toDate: "2026-03-02" });
    expect(names()).toContain("_mp_index_1_name");
    const big = Array.from({ length: 5000 }, (_, index) =>
      line("e", { $insert_id: `${index}`, x: crypto.randomUUID() + crypto.randomUUID() }),
    ).join("\n");
    await store.ingest(big, { fromDate: "2026-03-03", toDate: "2026-03-03" });
    expect(names()).not.toContain("_mp_index_1_name");
  });
});

describe("adopt", () => {
  const path = () => join(store.dir, "rows");
  const columns = [
    { name: "name", type: "TEXT" },
    { name: 'Odd "name"', type: "" },
  ];

  test("holds exactly the values of the query", async () => {
    const rows = [
      ["a", 9_007_199_254_740_993n],
      [null, 1.5],
      ["12", "12"],
      ["é\n", new Uint8Array([0, 255])],
      ["inf", Number.POSITIVE_INFINITY],
    ];
    writeFileSync(path(), rows.map((row) => encodeRow(row)).join(""));
    expect(await store.run<unknown>("adopt", { table: "r", columns, path: path(), query: "select 1" })).toEqual({
      rows: 5,
    });
    const stored = store.db.query('SELECT name, typeof("Odd ""name"""), CAST("Odd ""name""" AS TEXT) FROM r').values();
    expect(stored.slice(0, 3)).toEqual([
      ["a", "integer", "9007199254740993"],
      [null, "real", "1.5"],
      ["12", "text", "12"],
    ]);
    expect(stored.map((row) => row[1]).slice(3)).toEqual(["blob", "real"]);
    expect(existsSync(path())).toBe(false);
    expect(store.db.query("SELECT type, row_count, status FROM _mp_table").values()).toEqual([
      ["result", 5, "complete"],
    ]);
  });

  test("a taken name changes nothing", async () => {
    await store.run("create", { name: "r", type: "events" });
    writeFileSync(path(), "");
    expect((await faultOf(store.run("adopt", { table: "r", columns, path: path(), query: "q" }))).code).toBe(
      "TABLE_EXISTS",
    );
    expect(existsSync(path())).toBe(false);
  });
});

test("a job's row is inserted, then changed", async () => {
  const job = {
    id: "j",
    kind: "events",
    table_name: "t",
    status: "running",
    request: { a: 1 },
    progress: { done: 0 },
    pid: 1,
  };
  const times = { started_at: "2026-01-01T00:00:00Z", heartbeat_at: null, finished_at: null };
  await store.run("save_job", { ...job, ...times });
  await store.run("save_job", {
    ...job,
    ...times,
    status: "completed",
    progress: { done: 3 },
    finished_at: "2026-01-01T00:01:00Z",
  });
  expect(store.db.query("SELECT status, request, progress, finished_at FROM _mp_job").values()).toEqual([
    ["completed", '{"a":1}', '{"done":3}', "2026-01-01T00:01:00Z"],
  ]);
});
