import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/fault.ts";
import { createLog } from "../../../src/log.ts";
import { createSandbox } from "../../../src/store/sandbox.ts";
import { decodeRow } from "../../../src/store/sql-spool.ts";
import { createFixture, type Fixture, filesBelow } from "./sandbox-fixture.ts";

let f: Fixture;
beforeAll(() => {
  f = createFixture({ timeoutMs: 2_000 });
});
afterAll(() => f.close());

const ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
const numbers = (most: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most}) SELECT i FROM n`;
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "answered",
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

/** Children of this process that run SQL. */
async function sqlPids(): Promise<number[]> {
  const listed = await Bun.$`ps -o pid=,args= --ppid ${process.pid}`.nothrow().quiet().text();
  const rows = listed.split("\n").filter((row) => row.includes("__sql") && !row.includes("defunct"));
  return rows.map((row) => Number.parseInt(row, 10));
}

describe("queries", () => {
  test("fifty at once, each answer to its question", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => f.query(`SELECT ${index} AS n`)));
    expect(answers.map(({ rows }) => rows)).toEqual(Array.from({ length: 50 }, (_, index) => [[index]]));
  });

  test("an endless query holds up nobody, ends at the limit and leaves no trace", async () => {
    const endless = code(f.query(ENDLESS));
    const others = await Promise.all([f.query("SELECT 1"), f.query("SELECT 2"), f.query("SELECT 3")]);
    expect(others.map(({ rows }) => rows[0]?.[0])).toEqual([1, 2, 3]);
    expect(await endless).toBe("SQL_TIMEOUT");
    expect((await f.query("SELECT 4")).rows).toEqual([[4]]);
    expect(filesBelow(join(f.dir, "spool"))).toEqual([]);
  });

  test("a time limit per call lowers the sandbox's own", async () => {
    expect(await code(f.sandbox.query(ENDLESS, { rows: 1, chars: 100, timeoutMs: 100 }))).toBe("SQL_TIMEOUT");
  });

  test("cancelling ends the running query and those that wait", async () => {
    const abort = new AbortController();
    const running = Array.from({ length: 6 }, () =>
      code(f.sandbox.query(ENDLESS, { rows: 1, chars: 100 }, abort.signal)),
    );
    await Bun.sleep(100);
    abort.abort();
    expect(await Promise.all(running)).toEqual(Array.from({ length: 6 }, () => "CANCELLED"));
    expect((await f.query("SELECT 5")).rows).toEqual([[5]]);
    expect(await code(f.sandbox.query("SELECT 1", { rows: 1, chars: 100 }, abort.signal))).toBe("CANCELLED");
  });

  test("memory: a query that collects too much is LIMIT_EXCEEDED", async () => {
    const greedy =
      "SELECT count(DISTINCT v), median(v) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i * 1.5 AS v FROM n)";
    expect(["LIMIT_EXCEEDED", "SQL_TIMEOUT"]).toContain(await code(f.query(greedy)));
    expect((await f.query("SELECT 6")).rows).toEqual([[6]]);
  });

  test("no read lock stays behind after rows were cut", async () => {
    expect((await f.query(numbers(1_000_000), 1)).truncated).toBe(true);
    expect((await f.query("SELECT * FROM events", 1)).truncated).toBe(true);
    const failing = "SELECT abs(CASE rowid WHEN 5 THEN -9223372036854775807 - 1 ELSE 1 END) FROM events";
    expect(await code(f.query(failing))).toBe("SQL_ERROR");
    expect(await code(f.sandbox.spool(failing, join(f.dir, "failing"), "csv"))).toBe("SQL_ERROR");
    expect(await code(f.query("SELECT properties, regexp_extract(event_name, '(') FROM events"))).toBe("SQL_ERROR");
    f.db.run("INSERT INTO people VALUES ('late', '2026', '{}')");
    expect(f.db.query("PRAGMA wal_checkpoint(TRUNCATE)").values()).toEqual([[0, 0, 0]]);
    expect((await f.query("SELECT count(*) FROM people WHERE distinct_id = 'late'")).rows).toEqual([[1]]);
    f.db.run("DELETE FROM people WHERE distinct_id = 'late'");
  });

  test("a transaction under way is not seen, and is no obstacle", async () => {
    f.db.run("BEGIN IMMEDIATE");
    for (let index = 0; index < 100; index++) f.db.run("INSERT INTO people VALUES ('half', '2026', '{}')");
    expect((await f.query("SELECT count(*) FROM people")).rows).toEqual([[3]]);
    f.db.run("COMMIT");
    expect((await f.query("SELECT count(*) FROM people")).rows).toEqual([[103]]);
    f.db.run("DELETE FROM people WHERE distinct_id = 'half'");
  });

  test("a child found dead is replaced before anybody notices, one that dies of its query is not", async () => {
    for (let round = 0; round < 5; round++) {
      for (const pid of await sqlPids()) process.kill(pid, "SIGKILL");
      expect((await f.query("SELECT 5")).rows).toEqual([[5]]);
    }
    const endless = code(f.query(ENDLESS));
    await Bun.sleep(600);
    for (const pid of await sqlPids()) process.kill(pid, "SIGKILL");
    expect(await endless).toBe("LIMIT_EXCEEDED");
  });

  test("tables come and go between queries", async () => {
    f.db.run("CREATE TABLE later (a)");
    expect((await f.query("SELECT count(*) FROM later")).rows).toEqual([[0]]);
    f.db.run("DROP TABLE later");
    expect(await code(f.query("SELECT count(*) FROM later"))).toBe("SQL_ERROR");
  });
});

describe("without a file", () => {
  test("queries that need none are answered, others say that nothing was fetched; the file is found when it appears", async () => {
    const path = join(f.dir, "none.sqlite");
    const sandbox = createSandbox({ path, timeoutMs: 2_000, log: createLog("silent", (text) => text) });
    const ask = (sql: string) => sandbox.query(sql, { rows: 10, chars: 1_000 });
    expect((await ask("SELECT 1")).rows).toEqual([[1]]);
    expect(await ask("SELECT * FROM events").catch((fault) => fault.message)).toBe(
      "No such table: events. Nothing has been fetched yet.",
    );
    expect(existsSync(path)).toBe(false);
    f.db.run(`VACUUM INTO '${path}'`);
    expect((await ask("SELECT count(*) FROM events")).rows).toEqual([[10]]);
    await sandbox.close();
    expect(await code(ask("SELECT 1"))).toBe("CANCELLED");
  });
});

describe("spooling", () => {
  const spool = (sql: string, format: "csv" | "jsonl" | "rows", name = crypto.randomUUID(), signal?: AbortSignal) => {
    const path = join(f.dir, name);
    return f.sandbox
      .spool(sql, path, format, signal)
      .then((reply) => ({ ...reply, text: readFileSync(path, "utf8"), path }));
  };
  const ODD = `SELECT 1 AS a, 'x,y' AS b, 'say "hi"' AS "c,d", NULL AS e, '' AS f, 1.5 AS a, 'two
lines' AS g, x'00ff' AS h, 9007199254740993 AS i, 9e999 AS j`;

  test("CSV as RFC 4180 has it", async () => {
    const { text, rows, bytes } = await spool(ODD, "csv");
    expect(text).toBe(
      'a,b,"c,d",e,f,a,g,h,i,j\r\n1,"x,y","say ""hi""",,"",1.5,"two\nlines",base64:AP8=,9007199254740993,Infinity\r\n',
    );
    expect([rows, bytes]).toEqual([1, Buffer.byteLength(text)]);
  });

  test("JSON lines, duplicate names kept in the text", async () => {
    const { text } = await spool(ODD, "jsonl");
    expect(text).toStartWith('{"a":1,"b":"x,y","c,d":"say \\"hi\\"","e":null');
    expect(JSON.parse(text)).toMatchObject({ h: "base64:AP8=", i: "9007199254740993", j: "Infinity" });
  });

  test("rows keep every value and type", async () => {
    const { text, columns } = await spool(`${ODD} UNION ALL SELECT 2, 'b', 'c', NULL, 'f', 2, 'g', x'', 0, 1`, "rows");
    const [first = "", second = ""] = text.split("\n");
    expect(decodeRow(first)).toEqual([
      1n,
      "x,y",
      'say "hi"',
      null,
      "",
      1.5,
      "two\nlines",
      new Uint8Array([0, 255]),
      9007199254740993n,
      Number.POSITIVE_INFINITY,
    ]);
    expect(decodeRow(second)[5]).toBe(2n);
    expect(columns.map(({ affinity }) => affinity)).toEqual([
      "INTEGER",
      "TEXT",
      "TEXT",
      "",
      "TEXT",
      "",
      "TEXT",
      "BLOB",
      "INTEGER",
      "",
    ]);
  });

  test("nothing is overwritten, and a failed or refused query leaves no file", async () => {
    const { path } = await spool("SELECT 1", "csv");
    await expect(f.sandbox.spool("SELECT 2", path, "csv")).rejects.toThrow();
    expect(readFileSync(path, "utf8")).toBe("1\r\n1\r\n");
    for (const sql of [
      "SELECT nope",
      "DELETE FROM events",
      "SELECT abs(-9223372036854775808 + 0 * i) FROM (SELECT 1 AS i)",
    ]) {
      const missing = join(f.dir, crypto.randomUUID());
      expect(["SQL_ERROR", "SQL_FORBIDDEN"]).toContain(await code(f.sandbox.spool(sql, missing, "csv")));
      expect(existsSync(missing)).toBe(false);
    }
  });

  test("the file is private, and progress is told", async () => {
    let told = 0;
    const path = join(f.dir, "progress.csv");
    const patient = createSandbox({ path: f.path, timeoutMs: 30_000, log: createLog("silent", (text) => text) });
    const { rows } = await patient.spool(numbers(1_500_000), path, "csv", undefined, (count) => {
      told = count;
    });
    await patient.close();
    expect(rows).toBe(1_500_000);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(told).toBeGreaterThan(0);
  });
});

describe("sorting", () => {
  test("only the first rows are kept while sorting, and they are the same", async () => {
    f.db.run("CREATE TABLE wide (a TEXT, n INTEGER, text TEXT)");
    f.db.run(`INSERT INTO wide WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < 4999)
      SELECT 'a' || (i * 31 % 7), i * 7919 % 50, i FROM i`);
    for (const sql of [
      "SELECT * FROM wide ORDER BY n",
      "SELECT * FROM wide ORDER BY a DESC, n;",
      "SELECT DISTINCT a, n % 5 AS m FROM wide ORDER BY m DESC, 1",
      "SELECT a, count(*) AS c, max(text) FROM wide GROUP BY a ORDER BY c DESC",
      "SELECT *, row_number() OVER (ORDER BY text) AS r FROM wide ORDER BY n, r",
      "WITH w AS (SELECT * FROM wide) SELECT a FROM w UNION ALL SELECT text FROM w ORDER BY 1",
      "SELECT w.a AS x, v.a AS x FROM wide w JOIN (SELECT a, n FROM wide ORDER BY n LIMIT 3) v USING (n) ORDER BY w.text",
      'SELECT a AS "ORDER", (SELECT n FROM wide ORDER BY 1 LIMIT 1) FROM wide ORDER BY text -- LIMIT 1',
    ]) {
      const expected = f.db.prepare(sql).values();
      for (const most of [1, 5, 700]) {
        const { rows, truncated } = await f.query(sql, most);
        expect(rows).toEqual(expected.slice(0, most) as never);
        expect(truncated).toBe(expected.length > most);
      }
    }
    f.db.run("DROP TABLE wide");
  });
});
