/** `demo`: a whole conversation with the sample project in the terminal, through the real server and a real MCP client. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { environment, loadConfig, secretsOf } from "../config.ts";
import { createLog, createRedactor } from "../log.ts";
import type { Command } from "./command.ts";
import { connectSnippets } from "./connect-snippets.ts";
import { demoSteps, type Step } from "./demo-steps.ts";
import { withSample } from "./serve.ts";
import { openSession } from "./session.ts";
import { createTerminal, progressBar, type Terminal } from "./terminal.ts";

export const command: Command = {
  name: "demo",
  summary: "run a whole conversation against the sample project, here in the terminal",
  flags: {},
  run: demo,
};

type Result = Record<string, unknown>;

async function demo(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-demo-"));
  const env = environment();
  const terminal = createTerminal(process.stdout, env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "");
  const base = await loadConfig({ demo: true, dataDir }, { NO_COLOR: env["NO_COLOR"] });
  const { config, stop } = await withSample(base);
  const redact = createRedactor(secretsOf(config));
  const { server, workspace } = openSession(config, createLog("error", redact), redact);
  const client = new Client({ name: "demo", version: "1" });
  const [near, far] = InMemoryTransport.createLinkedPair();
  try {
    await Promise.all([server.connect(far), client.connect(near)]);
    terminal.line(
      terminal.style.bold("A conversation with the sample project: Bean & Box, a coffee shop with subscriptions."),
    );
    terminal.line(
      terminal.style.dim("Every answer below comes from the MCP server, asked by an MCP client; nothing is prepared."),
    );
    const results = new Map<string, Result>();
    for (const step of demoSteps()) await runStep(step, client, terminal, results);
    for (const line of connectSnippets(process.execPath, terminal.style)) terminal.line(line);
    await terminal.flush();
    return 0;
  } finally {
    await client.close();
    await workspace.close();
    stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function runStep(step: Step, client: Client, terminal: Terminal, results: Map<string, Result>): Promise<void> {
  const { style } = terminal;
  terminal.line();
  terminal.line(style.bold(`? ${step.question}`));
  const started = performance.now();
  const lines =
    step.kind === "prompt"
      ? await askPrompt(step.name, step.args, client)
      : await askTool(step, client, terminal, results);
  const took = performance.now() - started;
  const args =
    Object.keys(step.kind === "tool" ? step.args(results) : step.args).length > 0
      ? JSON.stringify(step.kind === "tool" ? step.args(results) : step.args)
      : "";
  terminal.line(
    style.accent(`  ${step.kind === "prompt" ? "prompt " : ""}${step.name} ${args}`) +
      style.dim(`  ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`),
  );
  for (const line of lines) terminal.line(`  ${line}`);
}

async function askTool(
  step: Extract<Step, { kind: "tool" }>,
  client: Client,
  terminal: Terminal,
  results: Map<string, Result>,
): Promise<string[]> {
  const reply = await client.callTool({ name: step.name, arguments: step.args(results) }, undefined, {
    timeout: 60_000,
    onprogress: ({ progress, total, message }) =>
      terminal.progress(`  ${progressBar(progress, total ?? 0, message ?? "")}`),
  });
  const text = Array.isArray(reply.content)
    ? reply.content.map((part: { text?: string }) => part.text ?? "").join("\n")
    : "";
  if (reply.isError) return text.split("\n");
  const result = (reply.structuredContent ?? {}) as Result;
  results.set(step.name, result);
  return step.show(result, terminal.style, results);
}

async function askPrompt(name: string, args: Record<string, string>, client: Client): Promise<string[]> {
  const prompt = await client.getPrompt({ name, arguments: args });
  const content = prompt.messages[0]?.content;
  const text = content?.type === "text" ? content.text : "";
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return [
    ...lines.slice(0, 8).map((line) => line.slice(0, 140)),
    `... (${lines.length} lines that tell the assistant how to work)`,
  ];
}
