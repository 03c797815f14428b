/** The official conformance suite against the built executable's HTTP mode. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "./serve-http.ts";

const SUITE = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/conformance/dist/index.js");
/** What needs no fixture of the suite's, and therefore must pass. */
const APPLICABLE = [
  "server-initialize",
  "logging-set-level",
  "ping",
  "tools-list",
  "server-sse-multiple-streams",

  "resources-list",
  "prompts-list",
  "dns-rebinding-protection",
];

test("every applicable scenario passes, and only the listed ones are not applicable", async () => {
  const { url, stop } = await serve();
  const out = mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-conformance-"));
  const baseline = join(import.meta.dir, "conformance-baseline.yml");
  const args = ["--suite", "all", "--spec-version", "2025-11-25", "--expected-failures", baseline, "-o", out];
  const child = Bun.spawn([process.execPath, SUITE, "server", "--url", url, ...args], {
    cwd: out,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  await stop();
  rmSync(out, { recursive: true, force: true });
  for (const scenario of APPLICABLE) expect(stdout).toContain(`✓ ${scenario}:`);
  expect(code, stdout.slice(stdout.indexOf("=== SUMMARY")) + stderr).toBe(0);
}, 60_000);
