import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/fault.ts";
import { openDatabase, SCHEMA_VERSION } from "../../../src/store/schema.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "schema-"));
  path = join(dir, "store.sqlite");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const fault = (): Fault => {
  try {
    openDatabase(path, 0).close();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("it opened");
};

/** Our own file, changed behind our back. */
function alter(...statements: string[]): void {
  openDatabase(path, 0).close();
  const db = new Database(path);
  for (const statement of statements) db.run(statement);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

describe("opening", () => {
  test("makes the file, and opens it again without changing it", () => {
    const db = openDatabase(path, 0);
    expect(db.query("PRAGMA user_version").values()).toEqual([[SCHEMA_VERSION]]);
    expect(db.query("PRAGMA journal_mode").values()).toEqual([["wal"]]);
    expect(db.query("PRAGMA auto_vacuum").values()).toEqual([[2]]);
    db.close();
    const before = readFileSync(path);
    openDatabase(path, 0).close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("an empty file is a new one; user tables are welcome", () => {
    writeFileSync(path, "");
    openDatabase(path, 0).close();
    alter("CREATE TABLE t (a)", "CREATE INDEX i ON t (a)", "CREATE TABLE _mp_dropped_3 (a)");
    openDatabase(path, 0).close();
  });

  test("a file that died while it was being made is finished", () => {
    const db = new Database(path);
    db.run("PRAGMA page_size = 32768");
    db.run("PRAGMA application_id = 1297106008");
    db.close();
    const opened = openDatabase(path, 0);
    expect(opened.query("PRAGMA user_version").values()).toEqual([[SCHEMA_VERSION]]);
    opened.close();
  });
});

describe("refused and left untouched", () => {
  const cases: [string, () => void, RegExp][] = [
    ["text", () => writeFileSync(path, "hello".repeat(100)), /not a SQLite database/],
    [
      "another program's database",
      () => {
        const db = new Database(path);
        db.run("CREATE TABLE cookies (a)");
        db.close();
      },
      /another program made it/,
    ],
    ["a newer version", () => alter("PRAGMA user_version = 99"), /newer version/],
    [
      "a trigger",
      () => alter("CREATE TRIGGER t AFTER INSERT ON _mp_table BEGIN DELETE FROM _mp_chunk; END"),
      /triggers, views/,
    ],
    ["a view", () => alter("CREATE VIEW v AS SELECT load_extension('x')"), /triggers, views/],
    ["a virtual table", () => alter("CREATE VIRTUAL TABLE v USING fts5(a)"), /triggers, views/],
    ["another internal table", () => alter("CREATE TABLE _mp_evil (a)"), /internal tables/],
    ["an internal table that is gone", () => alter("DROP TABLE _mp_chunk"), /internal tables/],
    ["an internal table that is changed", () => alter("ALTER TABLE _mp_job ADD COLUMN x"), /internal tables/],
    ["a folder", () => mkdirSync(path), /not a file/],
    [
      "a damaged file",
      () => {
        alter("CREATE TABLE t (a)");
        const bytes = readFileSync(path);
        bytes.fill(0xff, 100, 30_000);
        writeFileSync(path, bytes);
      },
      /damaged|internal tables/,
    ],
    [
      "a truncated file",
      () => {
        alter("CREATE TABLE t (a)");
        writeFileSync(path, readFileSync(path).subarray(0, 5_000));
      },
      /damaged|cannot/,
    ],
  ];
  test.each(cases)("%s", (_, prepare, message) => {
    prepare();
    const before = statSync(path).isFile() ? readFileSync(path) : undefined;
    const refused = fault();
    expect(refused.code).toBe("CONFIG_INVALID");
    expect(refused.message).toMatch(message);
    expect(refused.message).toContain(path);
    if (before !== undefined) expect(readFileSync(path).equals(before)).toBe(true);
  });
});
