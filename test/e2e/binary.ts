/** Runs the built executable: as a command, or as a server behind the official client. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { Sample } from "../../src/sample/service.ts";

export const BINARY = join(import.meta.dir, "../../dist/mixpanel-data-mcp");
if (!existsSync(BINARY)) throw new Error("build first: bun run build");

/** A home of its own: nothing of the user's machine is seen or touched. */
export function temporaryHome(): { home: string; env: Record<string, string>; remove(): void } {
  const home = mkdtempSync(join(tmpdir(), "home-"));
  return {
    home,
    env: { HOME: home, PATH: process.env["PATH"] ?? "" },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

export function sampleEnv(sample: Sample): Record<string, string> {
  const { username, secret, projectId } = sample.credentials;
  return { MP_USERNAME: username, MP_SECRET: secret, MP_PROJECT_ID: String(projectId), MP_API_URL: sample.url };
}

export type Ran = { code: number; stdout: string; stderr: string };

/** Must not block this process: the sample service answers from it. */
export async function run(args: string[], env: Record<string, string>, stdin = "", cwd?: string): Promise<Ran> {
  const child = Bun.spawn([BINARY, ...args], {
    env,
    cwd: cwd ?? env["HOME"],
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

export async function connectBinary(args: string[], env: Record<string, string>, cwd?: string): Promise<Client> {
  const client = new Client({ name: "e2e", version: "0" });
  await client.connect(
    new StdioClientTransport({ command: BINARY, args, env, cwd: cwd ?? env["HOME"], stderr: "ignore" }),
  );
  await client.listTools();
  return client;
}
