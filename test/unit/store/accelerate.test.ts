import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createLog } from "../../../src/log.ts";
import { createAccelerator } from "../../../src/store/accelerate.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { line } from "./writer-fixture.ts";

let dir: string;
let store: Store;
const log = createLog("error", (text) => text);

async function ingest(day: string, from: number): Promise<void> {
  const path = join(store.spoolDir, `${day}.gz`);
  const lines = Array.from({ length: 500 }, (_, index) => {
    const i = from + index;
    return line(i % 3 ? "View" : "Buy", {
      time: Date.parse(day) / 1000 + index,
      distinct_id: `u${i % 40}`,
      $insert_id: `i${i}`,
      plan: ["a", "b"][i % 2],
      price: i / 10,
    });
  });
  writeFileSync(path, gzipSync(`${lines.join("\n")}\n`));
  await store.writer().ingestEvents({
    table: "events",
    jobId: "j",
    fromDate: day,
    toDate: day,
    path,
    encoding: "gzip",
    framing: "length",
    timezone: { kind: "utc" },
    replace: false,
  });
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "accelerate-"));
  store = openStore({ dataDir: dir, name: "t", ephemeral: false, sqlTimeoutMs: 30_000, log });
  store.db();
  await store.writer().create({ name: "events", type: "events" });
  await ingest("2026-03-01", 0);
  await store.writer().finish("events");
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const indexes = () =>
  store
    .db()
    .query<{ sql: string }, []>("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%properties%'")
    .all();

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 500 && !condition(); waited++) await Bun.sleep(10);
  expect(condition()).toBe(true);
}

const AVERAGES =
  "SELECT properties->>'plan' AS plan, avg(properties->>'price') FROM events WHERE event_name = 'Buy' GROUP BY plan";

test("a slow query gets an index in the background, once, and then uses it", async () => {
  const rewrite = createAccelerator({ store, log, slowMs: 5 });
  expect(rewrite(AVERAGES).after?.(4)).toBeUndefined();
  expect(indexes()).toEqual([]);
  expect(rewrite(AVERAGES).after?.(6)).toBe(
    "An index on event_name, plan, price is being built in the background: the next such query will be faster.",
  );
  expect(rewrite(AVERAGES).after?.(6)).toBe("An index on event_name, plan, price is being built in the background.");
  await until(() => indexes().length === 1);
  const again = rewrite(AVERAGES);
  expect(again.after?.(1_000)).toBeUndefined();
  expect(again.sql).not.toContain("LIMIT -1");
  const limits = { rows: 10, chars: 10_000 };
  const plan = await store.sandbox().query(`EXPLAIN QUERY PLAN ${again.sql}`, limits);
  expect(JSON.stringify(plan.rows)).toContain("_q_");
  expect((await store.sandbox().query(AVERAGES, limits)).rows).toHaveLength(2);
});

test("counts come from the statistics of the present version only", async () => {
  const rewrite = createAccelerator({ store, log });
  const counts = "SELECT event_name, count(*) AS n FROM events GROUP BY event_name";
  const limits = { rows: 10, chars: 10_000 };
  expect(rewrite(counts).sql).toContain("VALUES");
  await ingest("2026-03-02", 500);
  expect(rewrite(counts).sql).toBe(counts);
  expect((await store.sandbox().query(counts, limits)).rows).toEqual([
    ["Buy", 334],
    ["View", 666],
  ]);
  await store.writer().finish("events");
  await until(() => rewrite(counts).sql.includes("VALUES"));
  expect((await store.sandbox().query(counts, limits)).rows).toEqual([
    ["Buy", 334],
    ["View", 666],
  ]);
});
