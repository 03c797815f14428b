/** `demo`: a whole conversation with the sample project in the terminal, through the real server and a real MCP client. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { environment, loadConfig, secretsOf } from "../config.ts";
import { createLog, createRedactor } from "../log.ts";
import { visible } from "../visible.ts";
import type { Command } from "./command.ts";
import { connectSnippets } from "./connect-snippets.ts";
import type { Canvas, Result } from "./demo-show.ts";
import { demoSteps, type Step } from "./demo-steps.ts";
import { clip, progressBar, wrap } from "./draw.ts";
import { withSample } from "./serve.ts";
import { openSession } from "./session.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

export const command: Command = {
  name: "demo",
  summary: "run a whole conversation against the sample project, here in the terminal",
  flags: {},
  run: demo,
};

async function demo(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-demo-"));
  const env = environment();
  const terminal = createTerminal(process.stdout, env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "");
  const stopped = Promise.withResolvers<number>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopped.resolve(STOPPED));
  const base = await loadConfig({ demo: true, dataDir }, {});
  const { config, stop } = await withSample(base);
  const redact = createRedactor(secretsOf(config));
  const { server, workspace } = openSession(config, createLog("silent", redact), redact);
  const client = new Client({ name: "demo", version: "1" });
  const [near, far] = InMemoryTransport.createLinkedPair();
  try {
    await Promise.all([server.connect(far), client.connect(near)]);
    const code = await Promise.race([converse(client, terminal), stopped.promise]);
    if (code === STOPPED) terminal.line(terminal.style.dim("stopped; the demo's data is removed"));
    await terminal.flush();
    return code;
  } finally {
    await client.close();
    await workspace.close();
    stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** What a shell expects of a program that Ctrl-C ended. */
const STOPPED = 130;

async function converse(client: Client, terminal: Terminal): Promise<number> {
  const { style, width } = terminal;
  const started = performance.now();
  terminal.line(style.bold("A conversation with the sample project: Bean & Box, coffee by subscription"));
  for (const line of wrap(
    "Every answer comes from the MCP server, asked by an MCP client. Nothing is prepared.",
    width,
  ))
    terminal.line(style.dim(line));
  const results = new Map<string, Result>();
  const steps = demoSteps();
  for (const step of steps) await runStep(step, client, terminal, results);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  terminal.line();
  terminal.line(style.dim(`${steps.length} questions in ${seconds} s`));
  for (const line of connectSnippets(process.execPath, terminal)) terminal.line(line);
  return results.has(FAILED) ? 1 : 0;
}

const INDENT = "  ";

async function runStep(step: Step, client: Client, terminal: Terminal, results: Map<string, Result>): Promise<void> {
  const { style } = terminal;
  const canvas = { style, width: terminal.width - INDENT.length };
  terminal.line();
  terminal.line(style.bold(`? ${step.question}`));
  const args = step.kind === "tool" ? step.args(results) : step.args;
  const started = performance.now();
  const lines =
    step.kind === "prompt"
      ? await askPrompt(step.name, step.args, client, canvas)
      : await askTool(step, args, client, terminal, results);
  const took = performance.now() - started;
  const time = style.dim(`  ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
  const [first = "", ...more] = callLines(step, args, canvas.width - 10);
  const last = more.pop();
  terminal.line(INDENT + style.accent(first) + (last === undefined || isSql(args) ? time : ""));
  for (const line of more) terminal.line(INDENT + style.accent(line));
  if (last !== undefined) terminal.line(INDENT + style.accent(last) + (isSql(args) ? "" : time));
  for (const line of lines) terminal.line(INDENT + line);
}

const HARD_SPACE = "\u00a0";
const isSql = (args: Result) => typeof args["query"] === "string";

/** The call as a person would write it; SQL as it stands. */
function callLines(step: Step, args: Result, width: number): string[] {
  const name = step.kind === "prompt" ? `prompt ${step.name}` : step.name;
  if (isSql(args))
    return [
      name,
      ...String(args["query"])
        .split("\n")
        .map((line) => clip(`│ ${line}`, width)),
    ];
  // A value stays on one line.
  const words = Object.entries(args).map(([key, value]) =>
    `${key}=${JSON.stringify(value)}`.replaceAll(" ", HARD_SPACE),
  );
  return wrap([name, ...words].join(" "), width, INDENT).map((line) => line.replaceAll(HARD_SPACE, " "));
}

async function askTool(
  step: Extract<Step, { kind: "tool" }>,
  args: Result,
  client: Client,
  terminal: Terminal,
  results: Map<string, Result>,
): Promise<string[]> {
  const width = terminal.width - INDENT.length;
  const reply = await client.callTool({ name: step.name, arguments: args }, undefined, {
    timeout: 60_000,
    onprogress: ({ progress, total, message }) =>
      terminal.progress(INDENT + progressBar(progress, total ?? 0, message ?? "", width - 1)),
  });
  const text = Array.isArray(reply.content)
    ? reply.content.map((part: { text?: string }) => part.text ?? "").join("\n")
    : "";
  if (reply.isError) {
    results.set(FAILED, {});
    return text.split("\n").flatMap((line) => wrap(line, width));
  }
  const result = (reply.structuredContent ?? {}) as Result;
  results.set(step.name, result);
  return step.show(result, { style: terminal.style, width });
}

/** Noted among the results when an answer was an error: the demo then ends with exit code 1. */
const FAILED = "failed";

const PROMPT_LINES = 5;

async function askPrompt(
  name: string,
  args: Record<string, string>,
  client: Client,
  { style, width }: Canvas,
): Promise<string[]> {
  const prompt = await client.getPrompt({ name, arguments: args });
  const content = prompt.messages[0]?.content;
  const text = content?.type === "text" ? content.text : "";
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return [
    ...lines.slice(0, PROMPT_LINES).map((line) => clip(visible(line.replaceAll("**", "")), width)),
    style.dim(`... ${lines.length} lines that tell the assistant how to work`),
  ];
}
