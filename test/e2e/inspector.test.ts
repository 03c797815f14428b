/** The Inspector's command line, as a developer points it at the built executable. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { BINARY, emptyHome } from "./wire.ts";

const INSPECTOR = join(
  import.meta.dir,
  "../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
);

async function inspect(...args: string[]): Promise<{ code: number; result: Record<string, unknown>; stderr: string }> {
  const home = emptyHome();
  const command = [
    process.execPath,
    INSPECTOR,
    "--cli",
    BINARY,
    "--demo",
    "--ephemeral",
    ...args,
    "--format",
    "json",
    "-q",
  ];
  const child = Bun.spawn(command, { cwd: home.cwd, env: home.env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  home.remove();
  const first = stdout.split("\n")[0] ?? "";
  const { result } = first.startsWith("{")
    ? (JSON.parse(first) as { result: Record<string, unknown> })
    : { result: {} };
  return { code, result, stderr };
}

describe("the Inspector", () => {
  test("finds every schema portable", async () => {
    const { code, result, stderr } = await inspect("--method", "tools/list", "--strict");
    expect(code, stderr).toBe(0);
    // What may hold anything (a row of another tool's list, a JQL result) says so; nothing else is doubtful.
    const doubts = [...stderr.matchAll(/Warning: tool "(\w+)"\n.*\n {2}Issue: (.*)/g)].map(
      ([, tool, issue]) => `${tool}: ${issue}`,
    );
    expect(doubts.filter((doubt) => !doubt.includes("no validation keyword"))).toEqual([]);
    expect(stderr).not.toMatch(/[1-9]\d* errors/);
    expect((result["tools"] as unknown[]).length).toBeGreaterThan(40);
  }, 30_000);

  test("calls a tool", async () => {
    const { code, result } = await inspect(
      "--method",
      "tools/call",
      "--tool-name",
      "list_events",
      "--tool-args-json",
      '{"limit":3}',
    );
    expect(code).toBe(0);
    expect(result["structuredContent"]).toMatchObject({ truncated: true });
  }, 30_000);

  test("sees an error as one", async () => {
    const { code, result } = await inspect(
      "--method",
      "tools/call",
      "--tool-name",
      "guide",
      "--tool-args-json",
      '{"topic":"nothing"}',
    );
    expect(code).not.toBe(0);
    expect(result["isError"]).toBe(true);
  }, 30_000);

  test("gets a prompt", async () => {
    const { code, result } = await inspect(
      "--method",
      "prompts/get",
      "--prompt-name",
      "retention_analysis",
      "--prompt-args",
      "event=Sign Up",
    );
    expect(code).toBe(0);
    expect(JSON.stringify(result["messages"])).toContain("retention(born_event=");
  }, 30_000);

  test("lists prompts, resources and templates, and reads one", async () => {
    for (const [method, key, least] of [
      ["prompts/list", "prompts", 8],
      ["resources/list", "resources", 6],
      ["resources/templates/list", "resourceTemplates", 4],
    ] as const) {
      const { code, result } = await inspect("--method", method);
      expect(code).toBe(0);
      expect((result[key] as unknown[]).length).toBeGreaterThanOrEqual(least);
    }
    const { code, result } = await inspect("--method", "resources/read", "--uri", "schema://events");
    expect(code).toBe(0);
    expect(JSON.stringify(result["contents"])).toContain("schema://events");
  }, 60_000);
});
