import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { IngestResult } from "../../../src/store/writer.ts";
import { type Fixture, faultOf, openFixture } from "./writer-fixture.ts";

let store: Fixture;
let page = 0;
beforeEach(async () => {
  store = openFixture();
  page = 0;
  await store.run("create", { name: "profiles", type: "profiles" });
});
afterEach(() => store.close());

function ingest(body: string | Uint8Array, encoding?: "gzip"): Promise<IngestResult> {
  const path = join(store.dir, `page-${page}`);
  writeFileSync(path, body);
  return store.run<IngestResult>("ingest_profiles", { table: "profiles", jobId: "j", page: page++, path, encoding });
}

const reply = (results: unknown[], indent?: number) =>
  JSON.stringify({ page: 0, page_size: 1000, session_id: "s", status: "ok", total: 3, results }, null, indent);
const rows = () => store.db.query<Record<string, unknown>, []>("SELECT * FROM profiles ORDER BY rowid").all();

describe("profiles", () => {
  test("columns, and the properties exactly as sent", async () => {
    const properties = `{"$last_seen":"2026-03-09T22:41:03", "n": 9007199254740993,"tags":["a"]}`;
    const body = `{"page":0,"results":[{"$distinct_id":"u-17","$properties":${properties}}],"status":"ok"}`;
    expect(await ingest(body)).toMatchObject({ rows: 1, results: 1, duplicates: 0, rejected: 0 });
    expect(rows()).toEqual([{ distinct_id: "u-17", last_seen: "2026-03-09T22:41:03", properties }]);
  });

  test("ids as numbers, groups, none; no properties", async () => {
    const results = [
      { $distinct_id: 42, $properties: {} },
      { group_id: "acme", $properties: { $name: "Acme" } },
      { $distinct_id: null, $properties: { a: 1 } },
      { $properties: { a: 1 } },
      { $distinct_id: "x" },
      { $distinct_id: "y", $properties: [] },
    ];
    const result = await ingest(reply(results, 2));
    expect(result).toMatchObject({ rows: 3, rejected: 3, results: 6 });
    expect(result.examples[0]).toContain("no id");
    expect(rows().map((row) => row["distinct_id"])).toEqual(["42", "acme", "x"]);
  });

  test("what is no profile is rejected, the rest of the page stored", async () => {
    const large = { $distinct_id: "large", $properties: { v: "x".repeat(5_000_000) } };
    const result = await ingest(reply([null, 5, "x", [{}], large, { $distinct_id: "a", $properties: {} }]));
    expect(result).toMatchObject({ rows: 1, rejected: 5, results: 6 });
    expect(result.examples[0]).toBe('profile 1: not a profile: "null"');
    expect(result.examples[4]).toContain("larger than SQL can read");
  });

  test("the latest page wins, and counts as a duplicate", async () => {
    await ingest(reply([{ $distinct_id: "a", $properties: { v: 1 } }]));
    const next = await ingest(
      reply([
        { $distinct_id: "a", $properties: { v: 2 } },
        { $distinct_id: "b", $properties: {} },
      ]),
    );
    expect(next).toMatchObject({ rows: 1, duplicates: 1 });
    expect(rows().map((row) => row["properties"])).toEqual(['{"v":2}', "{}"]);
    expect(store.db.query("SELECT row_count FROM _mp_table").values()).toEqual([[2]]);
    expect(store.db.query("SELECT page, rows FROM _mp_chunk ORDER BY page").values()).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });

  test("an empty page, a page with a byte order mark, a compressed page", async () => {
    expect(await ingest(reply([]))).toMatchObject({ rows: 0, results: 0 });
    expect(await ingest(`\ufeff${reply([{ $distinct_id: "é" }])}\n`)).toMatchObject({ rows: 1 });
    expect(await ingest(gzipSync(reply([{ $distinct_id: "z" }])), "gzip")).toMatchObject({ rows: 1 });
    expect(rows().map((row) => row["distinct_id"])).toEqual(["é", "z"]);
  });

  test.each([
    ["cut", reply([{ $distinct_id: "a", $properties: { v: 1 } }]).slice(0, -5)],
    ["cut in a profile", '{"results":[{"$distinct_id":"a","$prop'],
    ["an error", '{"error":"no such session","status":"error"}'],
    ["HTML", "<html></html>"],
    ["nothing", ""],
    ["garbage behind", `${reply([])}x`],
  ])("%s: nothing is stored", async (_, body) => {
    expect((await faultOf(ingest(body))).code).toBe("UPSTREAM_TRUNCATED");
    expect(rows()).toEqual([]);
  });
});
