/** Queries made to exhaust time, memory or disk; each must end within its limit, inside 256 MB, and leave the server answering. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/fault.ts";
import { SQL_CHILD_BYTES } from "../../src/limits.ts";
import { createFixture, type Fixture, filesBelow } from "../unit/store/sandbox-fixture.ts";

const LIMIT_MS = 10_000;
let f: Fixture;
beforeAll(() => {
  f = createFixture({ timeoutMs: LIMIT_MS });
});
afterAll(() => f.close());

const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
const SOME = (most: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most})`;
const MANY = Array.from({ length: 12 }, (_, index) => `events e${index}`).join(", ");

const BOMBS: Record<string, string> = {
  "endless recursion": `${NUMBERS} SELECT count(*) FROM n`,
  "endless rows": `${NUMBERS} SELECT i FROM n WHERE i < 0`,
  "a doubling text": "WITH RECURSIVE d(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM d) SELECT max(length(s)) FROM d",
  "a giant printf": "SELECT printf('%.*c', 2000000000, 'x')",
  "nested replace": `SELECT length(${"replace(".repeat(20)}'x'${", 'x', 'xxxxxxxxxx')".repeat(20)})`,
  "hex of hex": `SELECT length(${"hex(".repeat(40)}'x'${")".repeat(40)})`,
  "group_concat without end": `${NUMBERS} SELECT length(group_concat(i)) FROM n`,
  "json without end": `${NUMBERS} SELECT length(json_group_array(i)) FROM n`,
  "a cross join of twelve tables": `SELECT count(*) FROM ${MANY}`,
  "sorting without end": `${NUMBERS} SELECT i FROM n ORDER BY printf('%.*c', 1000, 'x') || random()`,
  "distinct without end": `${NUMBERS} SELECT count(*) FROM (SELECT DISTINCT printf('%.*c', 1000, 'x') || i FROM n)`,
  "a window over everything": `${NUMBERS} SELECT max(s) FROM (SELECT sum(i) OVER (ORDER BY i DESC) AS s FROM n)`,
  "medians of everything": `${NUMBERS} SELECT median(i), percentile_cont(i, 0.9), stddev(i) FROM n`,
  "long values in many groups": `${SOME(100_000)} SELECT i, group_concat(printf('%.*c', 1000000, 'x')) FROM n GROUP BY i ORDER BY 2`,
  "a backtracking pattern": "SELECT ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!') REGEXP '^(a+)+$'",
  "a GLOB without end": `SELECT ${"'".padEnd(100_0, "a")}' GLOB '${"*a".repeat(400)}b'`,
  "regexp_replace that grows": `WITH RECURSIVE d(s, k) AS (SELECT 'xx', 0 UNION ALL SELECT regexp_replace(s, 'x', 'xxxx'), k + 1 FROM d) SELECT max(length(s)) FROM d`,
  "deep JSON": `SELECT json_extract('${"[".repeat(20_000)}', '$')`,
  "a JSON tree without end": `${SOME(5_000)} SELECT count(*) FROM n, json_tree((SELECT json_group_array(json_object('a', i)) FROM n)), json_tree((SELECT json_group_array(i) FROM n))`,
  "a deep expression": `SELECT ${"(".repeat(5_000)}1${")".repeat(5_000)}`,
  "many unions": `SELECT ${"1 UNION SELECT ".repeat(2_000)}1`,
  "a LIKE of wildcards": `SELECT printf('%.*c', 900000, 'a') LIKE '${"%a".repeat(400)}b'`,
  "materialised rows": `${SOME(50_000_000)}, m AS MATERIALIZED (SELECT printf('%.*c', 500, 'x') || i AS v FROM n) SELECT count(*) FROM m a, m b WHERE a.v = b.v`,
  "a recursive queue":
    "WITH RECURSIVE q(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM q UNION ALL SELECT i + 2 FROM q) SELECT max(i) FROM q",
};

/** Resident bytes of this process' children, the largest seen while `work` runs. */
async function peakOfChildren<Result>(work: Promise<Result>): Promise<{ result: Result; peak: number }> {
  let peak = 0;
  const timer = setInterval(() => {
    for (const pid of children()) peak = Math.max(peak, residentBytes(pid));
  }, 10);
  try {
    return { result: await work, peak };
  } finally {
    clearInterval(timer);
  }
}

function children(): string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === process.pid);
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

function residentBytes(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4_096;
  } catch {
    return 0;
  }
}

for (const [name, sql] of Object.entries(BOMBS))
  test.skipIf(process.platform !== "linux")(name, async () => {
    await f.query("SELECT 1");
    const started = performance.now();
    let slowest = 0;
    const pinging = setInterval(async () => {
      const asked = performance.now();
      await f.query("SELECT 1");
      slowest = Math.max(slowest, performance.now() - asked);
    }, 200);
    const { result, peak } = await peakOfChildren(f.attempt(sql));
    clearInterval(pinging);
    expect(performance.now() - started).toBeLessThan(LIMIT_MS + 500);
    // The watchdog looks every 25 ms; what is allocated in between comes on top.
    expect(peak).toBeLessThan(SQL_CHILD_BYTES * 1.15);
    if (result instanceof Fault) expect(["SQL_TIMEOUT", "LIMIT_EXCEEDED", "SQL_ERROR"]).toContain(result.code);
    expect((await f.query("SELECT count(*) FROM events")).rows).toEqual([[10]]);
    expect(filesBelow(join(f.dir, "spool"))).toEqual([]);
    process.stderr.write(
      `${name}: ${result instanceof Fault ? result.code : "answered"}, ${Math.round(performance.now() - started)} ms, ${Math.round(peak / 2 ** 20)} MB, slowest other query ${Math.round(slowest)} ms\n`,
    );
  });
