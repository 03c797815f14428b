/** Reading in a thread of its own: what it gives is what reading in place gives, and its failing costs nothing but time. */
import { afterEach, expect, test } from "bun:test";
import fc from "fast-check";
import { readSummary } from "../../../src/store/stats-pass.ts";
import { readTable } from "../../../src/store/tables.ts";
import { type Fixture, line, openFixture } from "./writer-fixture.ts";

const open: Fixture[] = [];
afterEach(() => {
  for (const fixture of open.splice(0)) fixture.close();
});

function fixture(): Fixture {
  const one = openFixture();
  open.push(one);
  return one;
}

const summaryOf = (f: Fixture) => {
  const table = readTable(f.db, "events");
  return table && readSummary(f.db, table);
};

/** Event `index`, long enough that a few thousand fill several blocks. */
const event = (index: number) =>
  line("View", {
    time: 1_772_000_000 + index,
    distinct_id: `u${index % 50}`,
    $insert_id: `i${index}`,
    n: index,
    text: "x".repeat(200),
  });
const body = (from: number, count: number) =>
  `${Array.from({ length: count }, (_, index) => event(from + index)).join("\n")}\n`;

test("lines of every kind: the thread and the writer itself store the same", async () => {
  const odd = fc.constantFrom(
    "",
    "\r",
    "not json",
    '{"event":"half',
    '{"event":"a","properties":[]}',
    '{"properties":{}}',
    '{"event":7,"properties":{"time":1,"caf\\u00e9":1}}',
    '{"event":"a","properties":{"distinct_id":null,"$distinct_id":"other"}} {"event":"b","properties":{}}',
    '\ufeff{"event":"mark","properties":{"a":1}}',
    '{"event":"a","properties":{"$insert_id":"same","mp_processing_time_ms":1,"v":"old"}}',
    '{"event":"a","properties":{"$insert_id":"same","mp_processing_time_ms":2,"v":"new"}}',
    `{"event":"a","properties":{"deep":${"[".repeat(1_200)}${"]".repeat(1_200)}}}`,
    "\u0000",
  );
  const lines = fc.array(fc.oneof(odd, fc.nat(300).map(event)), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(lines, async (list) => {
      const text = `${[...list, event(0)].join("\n")}\n`;
      const threaded = fixture();
      const inPlace = fixture();
      // A table that holds a row of which no statistics are kept is read in place.
      await inPlace.ingest(`${line("first", {})}\n`, { fromDate: "2026-02-01", toDate: "2026-02-01" });
      inPlace.session.tables.clear();
      const results = [await threaded.ingest(text), await inPlace.ingest(text)];
      expect(results[0]).toEqual(results[1] as (typeof results)[0]);
      expect(threaded.rows()).toEqual(inPlace.rows().slice(1));
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("a thread that fails: its lines are read here, statistics follow by a pass", async () => {
  const f = fixture();
  await f.ingest(body(0, 4_000));
  const [state] = f.session.tables.values();
  // Memory that is none makes it throw.
  state?.reader?.["thread"].postMessage({ kind: "memory", id: -1 });
  expect(await f.ingest(body(4_000, 4_000), { fromDate: "2026-03-02", toDate: "2026-03-02" })).toMatchObject({
    rows: 4_000,
  });
  await f.run("finish", { table: "events" });
  await f.settle();
  expect(summaryOf(f)).toMatchObject({ rows: 8_000, users: 50 });
});

test("many tables one after the other share the threads", async () => {
  const f = fixture();
  for (let table = 0; table < 5; table++) {
    await f.run("create", { name: `t${table}`, type: "events" });
    await f.ingest(body(table * 100, 100), { table: `t${table}` });
    await f.run("finish", { table: `t${table}` });
  }
  expect(f.session.threads.blocks).toBeGreaterThan(4);
  for (let table = 0; table < 5; table++) {
    const info = readTable(f.db, `t${table}`);
    expect(info && readSummary(f.db, info)?.properties.find(({ key }) => key === "n")?.min).toBe(table * 100);
  }
});
