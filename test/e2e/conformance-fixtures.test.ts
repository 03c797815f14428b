/**
 * The suite's own tools, as far as a text-only server can have them, behind our server and HTTP mode: what the built
 * executable cannot show because it has no such tools.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../src/fault.ts";
import type { CatalogueEntry } from "../../src/server/catalogue.ts";
import { buildCatalogue } from "../../src/server/catalogue-build.ts";
import { type HttpServer, startHttp } from "../../src/server/http.ts";
import { createServer } from "../../src/server/server.ts";
import { defineTool, LOCAL_READ } from "../../src/tools/tool.ts";
import { connect, type Harness } from "../harness.ts";

const SUITE = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/conformance/dist/index.js");

const common = {
  title: "Fixture",
  description: "A tool of the conformance suite.",
  toolset: "guide" as const,
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({ text: z.string() }),
  summary: () => "",
};
const TOOLS = [
  defineTool({
    ...common,
    name: "test_simple_text",
    page: ({ text }) => text,
    handler: async () => ({ text: "This is a simple text response for testing." }),
  }),
  defineTool({
    ...common,
    name: "test_error_handling",
    async handler() {
      throw new Fault("NOT_FOUND", "This tool intentionally returns an error for testing");
    },
  }),
  defineTool({
    ...common,
    name: "test_tool_with_progress",
    async handler(_workspace, _args, { progress }) {
      for (const done of [0, 50, 100]) {
        progress(done, 100, "");
        await Bun.sleep(20);
      }
      return { text: "done" };
    },
  }),
];
const SCENARIOS = ["tools-call-simple-text", "tools-call-error", "tools-call-with-progress"];

let harness: Harness;
let http: HttpServer;
beforeAll(async () => {
  harness = await connect();
  const { workspace } = harness;
  const catalogue = buildCatalogue(TOOLS) as CatalogueEntry[];
  http = startHttp({
    host: "127.0.0.1",
    port: 0,
    token: undefined,
    log: workspace.log,
    // One workspace serves all sessions here, so none of them may close it.
    openSession: () => ({
      server: createServer({ workspace, tools: TOOLS, redact: (text) => text, catalogue }),
      workspace: { jobs: workspace.jobs, close: async () => {} },
    }),
  });
});
afterAll(async () => {
  await http.close();
  await harness.close();
});

test.each(SCENARIOS)(
  "%s",
  async (scenario) => {
    const out = mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-conformance-"));
    const child = Bun.spawn([process.execPath, SUITE, "server", "--url", http.url, "--scenario", scenario, "-o", out], {
      cwd: out,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    rmSync(out, { recursive: true, force: true });
    expect(code, stdout).toBe(0);
  },
  30_000,
);
