import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { PropertySummary, TableSummary } from "../../../src/store/profile-summary.ts";
import { QUANTILES } from "../../../src/store/profile-summary-values.ts";
import { CANONICAL_DAY, canonicalProperty } from "../../../src/store/rewrite-access.ts";
import { typesOf, uncountedNote } from "../../../src/store/statistics.ts";
import { readSummary } from "../../../src/store/stats-pass.ts";
import { readTable, type TableInfo } from "../../../src/store/tables.ts";
import { tallyOf } from "../../../src/store/tally.ts";
import { type Fixture, line, openFixture } from "./writer-fixture.ts";

/** Deterministic, uneven, with everything that makes JSON awkward. */
function makeLines(count: number, from = 0): string[] {
  let state = 7 + from;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T;
  return Array.from({ length: count }, (_, index) => {
    const i = index + from;
    const properties: Record<string, unknown> = {
      time: 1_772_000_000 + Math.floor(next() * 5_000_000),
      distinct_id: next() < 0.05 ? undefined : `user-${Math.floor(next() * 400)}`,
      $insert_id: `id-${i}`,
      plan: pick(["free", "pro", "Ünï", "東京", ""]),
      amount: Math.round(next() * 1e6) / 100,
      whole: Math.floor(next() * 50) - 25,
      mixed: pick([1, "1", 2.5, null, true, "später", [1, 2], { a: 1 }]),
      flag: next() < 0.3,
      'quoted "key"': pick(['a "b"', "back\\slash", "line\nbreak", "plain"]),
      "a.b": pick([1, 2]),
      $os: pick(["iOS", "Android"]),
      unique: `${i}-${next().toString(36)}`,
    };
    if (next() < 0.4) properties["sometimes"] = pick(["x", "y"]);
    if (next() < 0.3) delete properties["plan"];
    return line(pick(["View", "View", "View", "Buy", 'Odd "name"']), properties);
  });
}

const REPLACED = (index: number) =>
  line("View", { time: 1_775_000_000, distinct_id: "same", $insert_id: `r-${index}`, plan: "old", whole: 7 });
const REPLACING = (index: number) =>
  line("View", {
    time: 1_775_000_000,
    distinct_id: "same",
    $insert_id: `r-${index}`,
    plan: "new",
    whole: 8,
    added: true,
  });

let f: Fixture;
let table: TableInfo;
let summary: TableSummary;

function current(name = "events"): TableInfo {
  const found = readTable(f.db, name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
}

function read(info: TableInfo): TableSummary {
  const found = readSummary(f.db, info);
  if (found === undefined) throw new Error("no statistics");
  return found;
}

beforeAll(async () => {
  f = openFixture();
  const lines = [...makeLines(3_000), ...Array.from({ length: 20 }, (_, index) => REPLACED(index))];
  await f.ingest(`${lines.join("\n")}\n`);
  const more = [
    ...Array.from({ length: 20 }, (_, index) => REPLACING(index)),
    '{"event":"Buy","properties":{"time":1775000000,"distinct_id":"twice","$insert_id":"d","plan":"first","plan":"second","whole":9007199254740993,"nul":"x\\u0000y","esc":"caf\\u00e9","caf\\u00e9":1}}',
    '{"event":"Buy","properties":{"time":1775000001,"distinct_id":"twice","$insert_id":"e","nul":"x\\u0000z","esc":"café","café":2,"deep":' +
      `${"[".repeat(80)}1${"]".repeat(80)}}}`,
    // Not simply one event: read by another way.
    `${line("View", { plan: "pro", whole: 3 })} ${line("Buy", { plan: "free", amount: 2.5 })}`,
    `\ufeff${line("Buy", { plan: "pro", sometimes: "x", mixed: { a: 1 } })}`,
  ];
  await f.ingest(`${more.join("\n")}\n`, { fromDate: "2026-03-02", toDate: "2026-03-02" });
  await f.run("finish", { table: "events" });
  table = current();
  summary = read(table);
});
afterAll(() => f.close());

const value = (sql: string) => Object.values(f.db.query<Record<string, unknown>, []>(sql).get() ?? {})[0];
const all = (sql: string) => f.db.query<Record<string, unknown>, []>(sql).values() as unknown[][];

function property(key: string, of: TableSummary = summary): PropertySummary {
  const found = of.properties.find((entry) => entry.key === key);
  if (found === undefined) throw new Error(`no property ${key}`);
  return found;
}

describe("kept while storing, the same as SQL says", () => {
  test("rows, users, events", () => {
    expect(summary.rows).toBe(Number(value("SELECT count(*) FROM events")));
    expect(summary.users).toBe(Number(value("SELECT count(DISTINCT distinct_id) FROM events")));
    expect(summary.rowsWithUser).toBe(Number(value("SELECT count(distinct_id) FROM events")));
    const events = summary.events.map(({ event, rows, users, firstSeen, lastSeen }) => [
      event,
      rows,
      users,
      firstSeen,
      lastSeen,
    ]);
    const oracle = all(`SELECT event_name, count(*), count(DISTINCT distinct_id),
      CAST(round((julianday(min(event_time)) - 2440587.5) * 86400) AS INTEGER) * 1000,
      CAST(round((julianday(max(event_time)) - 2440587.5) * 86400) AS INTEGER) * 1000 FROM events GROUP BY 1`);
    expect<unknown>(events.toSorted()).toEqual(oracle.toSorted());
  });

  test("presence of every property in every event", () => {
    const ours = summary.properties
      .flatMap(({ key, events }) => events.map(([code, rows]) => [summary.events[code]?.event, key, rows]))
      .toSorted();
    const oracle = all(
      "SELECT event_name, key, count(*) FROM (SELECT DISTINCT e.rowid, event_name, j.key FROM events e, json_each(e.properties) j) GROUP BY 1, 2",
    ).toSorted();
    expect<unknown>(ours).toEqual(oracle);
  });

  test.each(["plan", "amount", "whole", "flag", 'quoted "key"', "a.b", "$os", "unique", "sometimes", "added", "esc"])(
    "values of %s",
    (key) => {
      const path = `$.${JSON.stringify(key)}`.replaceAll("'", "''");
      const e = `properties->>'${path}'`;
      const { count, distinct, min, max, top, mean, std, quantiles, distinctExact, topExact } = property(key);
      expect(count).toBe(Number(value(`SELECT count(${e}) FROM events`)));
      expect(distinct).toBe(Number(value(`SELECT count(DISTINCT ${e}) FROM events`)));
      expect([distinctExact, topExact]).toEqual([key !== "whole", key !== "whole"]);
      const oracle = all(
        `SELECT ${e}, count(*) FROM events WHERE ${e} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`,
      );
      const isFlag = key === "flag" || key === "added";
      expect(top.map(([, n]) => n)).toEqual(oracle.map(([, n]) => Number(n)));
      if (!isFlag) expect<unknown>(top.slice(0, 5)).toEqual(oracle.slice(0, 5));
      if (isFlag) return;
      if (key !== "whole") expect<unknown>([min, max]).toEqual(all(`SELECT min(${e}), max(${e}) FROM events`)[0]);
      if (mean === null) return;
      const numbers = all(`SELECT ${e} FROM events WHERE typeof(${e}) IN ('integer', 'real') ORDER BY 1`).map(([n]) =>
        Number(n),
      );
      const average = numbers.reduce((a, b) => a + b, 0) / numbers.length;
      expect(mean).toBeCloseTo(average, 6);
      const variance = numbers.reduce((sum, n) => sum + (n - average) ** 2, 0) / (numbers.length - 1);
      expect((std ?? 0) / Math.sqrt(variance)).toBeCloseTo(1, 9);
      expect<unknown>(quantiles).toEqual(QUANTILES.map((share) => interpolated(numbers, share)));
    },
  );

  test("integers beyond 2^53 keep all digits as extremes", () => {
    expect(property("whole").max).toBe("9007199254740993");
    expect(property("whole").min).toBe(-25);
  });

  test("types", () => {
    expect(typesOf(property("mixed").kinds).toSorted()).toEqual([
      "array",
      "boolean",
      "integer",
      "object",
      "real",
      "string",
    ]);
    expect(typesOf(property("flag").kinds)).toEqual(["boolean"]);
    expect(property("plan").top.map(([text]) => text)).not.toContain("old");
  });

  test("a text is whole behind a NUL", () => {
    expect(property("nul").top).toEqual([
      ["x\0y", 1],
      ["x\0z", 1],
    ]);
    expect(tallyOf(summary, [canonicalProperty("nul")])).toBeUndefined();
  });

  test("an escaped key and a plain one are one", () => {
    expect(property("café").present).toBe(2);
    expect(property("esc").distinct).toBe(1);
  });
});

test("tallies are what SQL counts", () => {
  for (const whats of [
    ["event_name"],
    [CANONICAL_DAY],
    ["event_name", CANONICAL_DAY],
    [canonicalProperty("plan")],
    [canonicalProperty("flag")],
  ]) {
    const oracle = all(
      `SELECT ${whats.join(", ")}, count(*) FROM events GROUP BY ${whats.map((_, i) => i + 1).join(", ")}`,
    );
    const ours = tallyOf(summary, whats)?.map(({ values, rows }) => [...values, rows]);
    expect<unknown>(ours?.toSorted()).toEqual(oracle.toSorted());
  }
  for (const key of ["amount", "mixed", "unique", "whole"])
    expect(tallyOf(summary, [canonicalProperty(key)])).toBeUndefined();
});

function interpolated(sorted: number[], share: number): number {
  const position = share * (sorted.length - 1);
  const [below = 0, above = 0] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  return below + (above - below) * (position - Math.floor(position));
}

describe("gathered by a pass over the rows", () => {
  const without = ({ events: _events, ...rest }: PropertySummary) => rest;

  test("gives the same", async () => {
    f.db.run("DELETE FROM _mp_stat");
    f.session.tables.clear();
    await f.run("statistics", { table: "events" });
    const again = read(table);
    expect(again.properties.map(without)).toEqual(summary.properties.map(without));
    expect(again.topUsers).toEqual(summary.topUsers);
    expect(again.times).toEqual(summary.times);
    expect(again.events.toSorted((a, b) => (a.event < b.event ? -1 : 1))).toEqual(
      summary.events.toSorted((a, b) => (a.event < b.event ? -1 : 1)),
    );
  });

  test("goes on in the background when the caller leaves", async () => {
    f.db.run("DELETE FROM _mp_stat");
    f.session.tables.clear();
    const gone = AbortSignal.abort();
    await f.run("statistics", { table: "events" }, gone).catch(() => {});
    await f.settle();
    expect(read(table).rows).toBe(summary.rows);
  });

  test("after an append by another process, for the new version only", async () => {
    await f.ingest(`${makeLines(500, 10_000).join("\n")}\n`, { fromDate: "2026-03-03", toDate: "2026-03-03" });
    expect(readSummary(f.db, current())).toBeUndefined();
    await f.run("finish", { table: "events" });
    await f.settle();
    expect(read(current()).rows).toBe(current().row_count);
    expect(property("unique", read(current())).distinct).toBe(
      Number(value("SELECT count(DISTINCT properties->>'$.unique') FROM events")),
    );
  });
});

test("thousands of properties in each row", async () => {
  const wide = openFixture();
  const properties = (row: number) =>
    Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`p${index}`, index % 3 === 0 ? `v${row}` : index]));
  await wide.ingest(`${Array.from({ length: 60 }, (_, row) => line("Wide", properties(row))).join("\n")}\n`);
  await wide.run("finish", { table: "events" });
  const info = readTable(wide.db, "events");
  const found = info && readSummary(wide.db, info);
  expect(found?.properties.length).toBeGreaterThanOrEqual(3_000);
  expect(found?.properties.find(({ key }) => key === "p2997")).toMatchObject({ present: 60, distinct: 60, min: "v0" });
  expect(found?.properties.find(({ key }) => key === "p2998")?.top).toEqual([[2998, 60]]);
  wide.close();
}, 30_000);

test("properties beyond what is counted are said to be missing", () => {
  expect(uncountedNote({ table, summary })).toEqual([]);
  const [note] = uncountedNote({ table, summary: { ...summary, overflowed: true } });
  const sql = note?.slice(note.indexOf("SELECT"), -1) ?? "";
  expect(all(sql).length).toBeGreaterThan(10);
});
