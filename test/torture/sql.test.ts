/** SQL by chance and by the thousand: nothing is written, nothing outside is read, nothing hangs, nothing survives its parent. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Fault } from "../../src/fault.ts";
import { hostileStatements } from "../unit/store/hostile-sql.ts";
import { createFixture, type Fixture, filesBelow, SECRET } from "../unit/store/sandbox-fixture.ts";

let f: Fixture;
beforeAll(() => {
  f = createFixture({ timeoutMs: 1_000 });
});
afterAll(() => f.close());

const REFUSALS = ["SQL_FORBIDDEN", "SQL_ERROR", "LIMIT_EXCEEDED", "SQL_TIMEOUT"];

function state() {
  const count = (table: string) => f.db.query(`SELECT count(*) AS n FROM ${table}`).get();
  return {
    rows: ["events", "people", "_mp_table"].map(count),
    schema: f.db.query("PRAGMA schema_version").get(),
    files: filesBelow(f.dir),
    hashes: [f.path, `${f.path}-wal`, f.other].map((path) => Bun.hash(readFileSync(path)).toString()),
    integrity: f.db.query("PRAGMA integrity_check").get(),
  };
}

/** Runs them a few at a time; returns what must not have happened. */
async function judge(statements: string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (let start = 0; start < statements.length; start += 50) {
    const some = statements.slice(start, start + 50);
    const results = await Promise.all(some.map((sql) => f.attempt(sql)));
    for (const [index, result] of results.entries()) {
      const sql = some[index] ?? "";
      if (result instanceof Fault) {
        if (!REFUSALS.includes(result.code) || (result.message.includes(f.dir) && !sql.includes(f.dir)))
          wrong.push(`${result.code} ${result.message} <= ${sql}`);
      } else if (JSON.stringify(result).includes(SECRET)) wrong.push(`read a secret <= ${sql}`);
    }
  }
  return wrong;
}

const LETTER: fc.Arbitrary<(text: string) => string> = fc.constantFrom(
  (text: string) => text.toUpperCase(),
  (text: string) => text.toLowerCase(),
  (text: string) => text,
);
const SPACE = fc.constantFrom(
  " ",
  "\n",
  "\t",
  "\f",
  "\r\n",
  "  ",
  "/**/",
  "/* ; */",
  "-- x\n",
  "\u00a0",
  "\u2003",
  "\u200b",
  "\ufeff",
  "",
);
const TAIL = fc.constantFrom(
  "",
  ";",
  ";;",
  " -- x",
  " /* x",
  ")",
  ";SELECT 1",
  "; --",
  "\u0000",
  " UNION ALL SELECT 1",
  "'",
  '"',
);

/** The same statement with other letters, spaces, comments and ends. */
function mutations(sql: string, count: number, seed: number): string[] {
  const words = sql.split(/( )/);
  const pieces = fc.tuple(...words.map((word) => (word === " " ? SPACE : LETTER.map((change) => change(word)))));
  const whole = fc.tuple(pieces, TAIL).map(([middle, after]) => middle.join("") + after);
  return fc.sample(whole, { numRuns: count, seed });
}

test("every hostile statement in a hundred spellings", async () => {
  const before = state();
  const statements = hostileStatements(f.other, join(f.dir, "escaped.sqlite"));
  const spelt = statements.flatMap((sql, index) => mutations(sql, 100, index + 1));
  expect(spelt.length).toBeGreaterThan(20_000);
  expect(await judge(spelt)).toEqual([]);
  expect(state()).toEqual(before);
});

const { expression, select, write } = fc.letrec<{ expression: string; select: string; source: string; write: string }>(
  (tie) => {
    const e = tie("expression");
    const NAMES = [
      "event_name",
      "event_time",
      "distinct_id",
      "properties",
      "rowid",
      "e.properties",
      "nope",
      "_mp_table.note",
      '"x"',
    ];
    return {
      expression: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom(...NAMES),
        fc.constantFrom("1", "1.5", "'a'", "NULL", "x'00'", "-9223372036854775808", "9e999", "''", "'{\"a\":1}'"),
        fc
          .tuple(
            e,
            fc.constantFrom(
              "+",
              "-",
              "*",
              "/",
              "%",
              "||",
              "=",
              "<",
              "AND",
              "OR",
              "LIKE",
              "GLOB",
              "->",
              "->>",
              "IS",
              "REGEXP",
            ),
            e,
          )
          .map((parts) => `(${parts.join(" ")})`),
        fc
          .tuple(
            fc.constantFrom(
              "length",
              "abs",
              "json_extract",
              "json_each",
              "count",
              "sum",
              "max",
              "median",
              "stddev",
              "printf",
              "strftime",
              "load_extension",
              "hex",
              "zeroblob",
              "replace",
              "row_number",
              "group_concat",
              "regexp_replace",
            ),
            fc.array(e, { maxLength: 3 }),
          )
          .map(([name, args]) => `${name}(${args.join(", ")})`),
        fc.tuple(e, e, e).map(([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`),
        tie("select").map((sql) => `(${sql})`),
        tie("select").map((sql) => `EXISTS (${sql})`),
        e.map((sql) => `CAST(${sql} AS INTEGER)`),
      ),
      source: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(
          "events",
          "events e",
          "people",
          "main.events",
          "sqlite_master",
          "'_mp_table'",
          "json_each('[1,2]')",
          "pragma_table_info('events')",
          "dbstat",
          "nope",
          "temp.x",
        ),
        fc
          .tuple(
            tie("source"),
            fc.constantFrom(",", "JOIN", "LEFT JOIN", "CROSS JOIN"),
            fc.constantFrom("people p", "events b", "json_tree('{}')"),
          )
          .map((parts) => parts.join(" ")),
        tie("select").map((sql) => `(${sql}) AS q`),
      ),
      select: fc
        .tuple(fc.array(e, { minLength: 1, maxLength: 3 }), tie("source"), fc.option(e), fc.option(e), fc.nat(5))
        .map(([columns, source, where, group, limit]) =>
          [
            "SELECT",
            columns.join(", "),
            "FROM",
            source,
            where === null ? "" : `WHERE ${where}`,
            group === null ? "" : `GROUP BY ${group}`,
            `LIMIT ${limit}`,
          ].join(" "),
        ),
      write: fc.oneof(
        fc
          .tuple(fc.constantFrom("events", "people", "_mp_table", "sqlite_master", "main.events", "t"), e)
          .map(([table, value]) => `INSERT INTO ${table} SELECT ${value}`),
        fc
          .tuple(fc.constantFrom("events", "_mp_table"), e, e)
          .map(([table, value, where]) => `UPDATE ${table} SET event_name = ${value} WHERE ${where}`),
        fc
          .tuple(fc.constantFrom("events", "_mp_table"), e)
          .map(([table, where]) => `DELETE FROM ${table} WHERE ${where} RETURNING *`),
        tie("select").map((sql) => `CREATE TABLE made AS ${sql}`),
        tie("select").map((sql) => `CREATE TEMP VIEW made AS ${sql}`),
        tie("select").map((sql) => `${sql}; DROP TABLE events`),
        tie("select").map((sql) => `WITH w AS (${sql}) DELETE FROM events`),
        tie("select").map((sql) => `SELECT * FROM (DELETE FROM events RETURNING (${sql}))`),
        fc
          .tuple(fc.constantFrom("user_version", "writable_schema", "journal_mode", "table_info"), e)
          .map(([name, value]) => `PRAGMA ${name} = ${value}`),
        e.map((value) => `ATTACH ${value} AS other`),
        e.map((value) => `VACUUM INTO ${value}`),
        fc.constantFrom("BEGIN", "COMMIT", "REINDEX", "ANALYZE", "DROP TABLE events"),
      ),
    };
  },
);

test("ten thousand statements of a grammar, half of them writes", async () => {
  const before = state();
  const anything = fc.oneof(
    select,
    write,
    expression.map((sql) => `SELECT ${sql}`),
    write,
  );
  const wrong = await judge(fc.sample(anything, { numRuns: 10_000, seed: 20_261_125 }));
  expect(wrong).toEqual([]);
  expect(state()).toEqual(before);
});

test("random bytes and random tokens", async () => {
  const before = state();
  const token = fc.constantFrom(
    "SELECT",
    "FROM",
    "(",
    ")",
    ",",
    ";",
    "'",
    '"',
    "[",
    "]",
    "`",
    "--",
    "/*",
    "*/",
    "events",
    "*",
    "1",
    "WITH",
    "AS",
    "DROP",
    "TABLE",
    "\u0000",
    "$",
    "?",
    "::",
    "{",
    "\ud800",
    "💥",
    "\n",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(token, { maxLength: 30 }).map((all) => all.join(" ")),
  );
  expect(await judge(fc.sample(text, { numRuns: 5_000, seed: 7 }))).toEqual([]);
  expect(state()).toEqual(before);
});

test("five hundred queries while another process stores chunks: whole chunks only, never busy", async () => {
  const program = `
    import { Database } from "bun:sqlite";
    const db = new Database(${JSON.stringify(f.path)});
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA synchronous = NORMAL");
    const insert = db.prepare("INSERT INTO growing VALUES (?, ?)");
    process.stdout.write("ready\\n");
    for (let chunk = 0; chunk < 100_000; chunk++) {
      db.run("BEGIN IMMEDIATE");
      for (let row = 0; row < 1_000; row++) insert.run(chunk, "x".repeat(20));
      db.run("COMMIT");
      if (chunk % 20 === 0) db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      await Bun.sleep(5);
    }
  `;
  f.db.run("CREATE TABLE growing (chunk INTEGER, text TEXT)");
  const writer = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  await writer.stdout.getReader().read();
  const counts = new Set<number>();
  for (let index = 0; index < 500; index += 5) {
    const ask = () => f.query("SELECT count(*), max(chunk) FROM growing");
    for (const { rows } of await Promise.all([ask(), ask(), ask(), ask(), ask()])) {
      const [count, last] = rows[0] ?? [];
      expect(count).toBe(1_000 * (Number(last ?? -1) + 1));
      counts.add(Number(count));
    }
  }
  writer.kill("SIGKILL");
  await writer.exited;
  expect(counts.size).toBeGreaterThan(5);
  f.db.run("DROP TABLE growing");
});

test.skipIf(process.platform !== "linux")(
  "a child whose parent is killed during an endless SELECT is gone within a second",
  async () => {
    const program = `
    import { createSandbox } from ${JSON.stringify(join(import.meta.dir, "../../src/store/sandbox.ts"))};
    import { createLog } from ${JSON.stringify(join(import.meta.dir, "../../src/log.ts"))};
    const sandbox = createSandbox({ path: ${JSON.stringify(f.path)}, timeoutMs: 30_000, log: createLog("silent", (text) => text) });
    await sandbox.query("SELECT 1", { rows: 1, chars: 100 });
    void sandbox.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", { rows: 1, chars: 100 });
    await Bun.sleep(100);
    process.stdout.write("busy\\n");
    await Bun.sleep(60_000);
  `;
    for (let round = 0; round < 10; round++) {
      const parent = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
      await parent.stdout.getReader().read();
      const children = childrenOf(parent.pid);
      expect(children).toHaveLength(1);
      parent.kill("SIGKILL");
      await parent.exited;
      const killed = performance.now();
      while (children.some(alive)) {
        expect(performance.now() - killed).toBeLessThan(1_000);
        await Bun.sleep(10);
      }
    }
  },
);

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && statOf(Number(name))[1] === String(pid))
    .map(Number);
}

/** Of /proc/PID/stat, what follows the name: state, parent, ... Empty when the process is gone. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function alive(pid: number): boolean {
  const [status] = statOf(pid);
  return status !== undefined && status !== "Z";
}

test("two thousand children killed in the middle: the next query always works", async () => {
  const abortable = async (index: number) => {
    const abort = new AbortController();
    const running = f.sandbox
      .query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        { rows: 1, chars: 100 },
        abort.signal,
      )
      .catch((error: unknown) => (error instanceof Fault ? error.code : String(error)));
    await Bun.sleep(index % 7);
    abort.abort();
    return running;
  };
  const before = process.memoryUsage.rss();
  for (let index = 0; index < 2_000; index += 2) {
    expect(await Promise.all([abortable(index), abortable(index + 1)])).toEqual(["CANCELLED", "CANCELLED"]);
    if (index % 100 === 0) expect((await f.query("SELECT 7")).rows).toEqual([[7]]);
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(60 * 2 ** 20);
  expect(childrenOf(process.pid).length).toBeLessThanOrEqual(4);
});
