/**
 * The one test command: installs, checks, builds, tests, and ends with `N passed, N failed`. Steps that cannot run because an
 * earlier one failed count as failed, so a red step can never look green.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const reports = join(root, "dist", "reports");
const STEP_MS = 30 * 60_000;
let passed = 0;
let failed = 0;

async function step(name: string, command: string[]): Promise<boolean> {
  process.stdout.write(`\n== ${name}\n`);
  const started = Date.now();
  // A step that hangs is a step that failed.
  const child = Bun.spawn(command, { cwd: root, stdout: "inherit", stderr: "inherit", timeout: STEP_MS });
  const ok = (await child.exited) === 0;
  process.stdout.write(`== ${name}: ${ok ? "ok" : "FAILED"} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return ok;
}

/** Adds up a junit report; a run that left none, or fewer failures than its exit code says, counts as one failure. */
function count(name: string, ok: boolean): void {
  const path = join(reports, `${name}.xml`);
  const head = existsSync(path) ? (readFileSync(path, "utf8").match(/<testsuites[^>]*>/)?.[0] ?? "") : "";
  const number = (key: string) => Number(head.match(new RegExp(`\\b${key}="(\\d+)"`))?.[1] ?? 0);
  const failures = number("failures") + number("errors");
  passed += Math.max(0, number("tests") - failures - number("skipped"));
  failed += failures;
  if (head === "" || (!ok && failures === 0)) failed++;
}

function simple(ok: boolean): void {
  if (ok) passed++;
  else failed++;
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const bun = process.execPath;

if (await step("install", [bun, "test/setup.ts"])) {
  simple(await step("types", [bun, "node_modules/typescript/bin/tsc", "--noEmit"]));
  simple(await step("lint", [bun, "node_modules/@biomejs/biome/bin/biome", "ci", "."]));
  const built = await step("build", [bun, "build.ts"]);
  simple(built);
  const suites = readdirSync(join(root, "test")).filter((name) => ["unit", "tools", "e2e"].includes(name));
  for (const suite of ["rules", ...suites.sort().reverse()]) {
    const paths =
      suite === "rules"
        ? ["./test/rules.test.ts", "./test/catalogue.test.ts", "./test/questions.test.ts"]
        : [`./test/${suite}/`];
    const found = paths.filter((path) => existsSync(join(root, path)));
    if (found.length === 0 || (suite === "e2e" && !built)) continue;
    const report = ["--reporter=junit", `--reporter-outfile=${join(reports, `${suite}.xml`)}`];
    count(suite, await step(suite, [bun, "test", "--timeout", "60000", ...report, ...found]));
  }
} else {
  failed++;
}

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
