/** `bun run bench`: every benchmark, one after the other; each prints ratios and asserts nothing. Some minutes. */
import { join } from "node:path";

for (const [name, file, ...args] of [
  ["start-up", "startup.ts"],
  ["a million events into the store, against JSON.parse and DuckDB", "ingest.ts", "1000000"],
  ["analyst questions and statistics, against DuckDB", "queries.ts", "1000000"],
] as const) {
  console.log(`\n== ${name}`);
  const run = Bun.spawn([process.execPath, join(import.meta.dir, file), ...args], {
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await run.exited) !== 0) process.exitCode = 1;
}
