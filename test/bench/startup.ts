/**
 * Start-up: spawn to the initialize answer and to the tools/list answer of the built executable, against a compiled program that
 * only echoes JSON. Interleaved runs, medians; prints, asserts nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RUNS = 21;
const root = join(import.meta.dir, "../..");
const home = mkdtempSync(join(tmpdir(), "startup-"));

const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "0" } },
};
const input = [
  initialize,
  { jsonrpc: "2.0", method: "notifications/initialized" },
  { jsonrpc: "2.0", id: 2, method: "tools/list" },
];

/** Milliseconds from spawn to the answer with id 1 and to the answer with id 2. */
async function run(command: string[]): Promise<[number, number]> {
  const started = performance.now();
  const child = Bun.spawn(command, {
    cwd: home,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
    env: { HOME: home, PATH: process.env["PATH"] },
  });
  child.stdin.write(`${input.map((message) => JSON.stringify(message)).join("\n")}\n`);
  child.stdin.flush();
  const times: number[] = [];
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    for (const id of [1, 2])
      if (times[id] === undefined && new RegExp(`"id":${id}[,}]`).test(text)) times[id] = performance.now() - started;
    if (times[2] !== undefined) break;
  }
  child.stdin.end();
  await child.exited;
  return [times[1] ?? Number.NaN, times[2] ?? Number.NaN];
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const echoSource = join(home, "echo.ts");
writeFileSync(
  echoSource,
  'for await (const line of console) { const { id } = JSON.parse(line); if (id) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: {} })); }',
);
Bun.spawnSync(
  [
    process.execPath,
    "build",
    echoSource,
    "--compile",
    "--bytecode",
    "--format=esm",
    "--minify",
    `--outfile=${join(home, "echo")}`,
  ],
  { cwd: home },
);

const programs = {
  "JSON echo": [join(home, "echo")],
  "mixpanel-data-mcp": [join(root, "dist/mixpanel-data-mcp")],
  "mixpanel-data-mcp --demo": [join(root, "dist/mixpanel-data-mcp"), "--demo"],
};
const results = new Map<string, [number, number][]>();
for (let index = 0; index < RUNS; index++) {
  for (const [name, command] of Object.entries(programs))
    results.set(name, [...(results.get(name) ?? []), await run(command)]);
}
const floor = median((results.get("JSON echo") ?? []).map(([first]) => first));
console.log(`start-up, medians of ${RUNS} runs (ratio to the echo):`);
for (const [name, times] of results) {
  const [init, list] = [median(times.map(([first]) => first)), median(times.map(([, second]) => second))];
  console.log(
    `  ${name.padEnd(26)} initialize ${init.toFixed(1)} ms (${(init / floor).toFixed(2)}x)   tools/list ${list.toFixed(1)} ms (${(list / floor).toFixed(2)}x)`,
  );
}
rmSync(home, { recursive: true, force: true });
