/** Notes every SQL text this process gives to SQLite, by database file, so that a test can try them all on another version. */
import { Database } from "bun:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type Recorded = { file: string; sql: string };
type Method = (this: object, sql: string, ...rest: unknown[]) => unknown;

/** Returns the notes, which grow, and the way to stop. */
export function recordSql(): { notes: Recorded[]; stop(): void } {
  const notes: Recorded[] = [];
  const undo: (() => void)[] = [];
  const patch = (prototype: object, names: string[], fileOf: (db: object) => string) => {
    for (const name of names) {
      const original = Reflect.get(prototype, name) as Method;
      const recording: Method = function (sql, ...rest) {
        notes.push({ file: fileOf(this), sql });
        return original.call(this, sql, ...rest);
      };
      Reflect.set(prototype, name, recording);
      undo.push(() => Reflect.set(prototype, name, original));
    }
  };
  patch(Database.prototype, ["query", "prepare", "run", "exec"], (db) => basename((db as Database).filename));
  patch(DatabaseSync.prototype, ["prepare", "exec"], () => "sandbox");
  return {
    notes,
    stop() {
      for (const each of undo) each();
    },
  };
}

/** Advice to models quotes SQL that is not ours to run. */
const ADVICE = new Set(["sql-dialect.ts", "sql-patterns.ts", "sql-errors.ts", "sql-statement.ts"]);
const STATEMENT =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|CREATE|DROP|ALTER|PRAGMA|ANALYZE|VACUUM|BEGIN|COMMIT|ROLLBACK|EXPLAIN)\b[\s\S]*/;

/** The SQL literals in the source below `dir`: for each its constant beginning (up to the first `${`). */
export function statementsInSource(dir: string): { file: string; start: string }[] {
  const files = readdirSync(dir, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".ts") && !ADVICE.has(basename(name)));
  return files.flatMap((file) => {
    const source = readFileSync(join(dir, file), "utf8").replaceAll(/^\s*(\/\/|\*|\/\*\*).*$/gm, "");
    const literals = [...source.matchAll(/`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)"/g)].map(
      ([, template, text]) => template ?? text ?? "",
    );
    return literals
      .filter((text) => STATEMENT.test(text) && !text.includes("..."))
      .map((text) => ({
        file,
        start: (text.split("${")[0] ?? "").replaceAll("\\n", " ").replaceAll(/\s+/g, " ").trim(),
      }));
  });
}
