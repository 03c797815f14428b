/** Completion of prompt arguments and of the variables in resource templates, from names already seen. Never asks Mixpanel. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  type CompleteResult,
  ErrorCode,
  McpError,
} from "@modelcontextprotocol/sdk/types.js";
import { GUIDES } from "../guides/index.ts";
import { knownNames, knownTables } from "../workspace/known.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { TEMPLATES } from "./resource-table.ts";

/** As many as the protocol allows in one answer. */
const MOST = 100;

export function registerCompletions(server: Server, workspace: Workspace): void {
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => complete(workspace, params));
}

function complete(workspace: Workspace, { ref, argument }: CompleteRequest["params"]): CompleteResult {
  const names =
    ref.type === "ref/prompt"
      ? ofPrompt(workspace, ref.name, argument.name)
      : ofTemplate(workspace, ref.uri, argument.name);
  const matching = ranked(names, argument.value);
  return { completion: { values: matching.slice(0, MOST), total: matching.length, hasMore: matching.length > MOST } };
}

function ofPrompt(workspace: Workspace, prompt: string, argument: string): string[] {
  const guide = GUIDES.find(({ name }) => name === prompt);
  if (!guide) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${JSON.stringify(prompt.slice(0, 60))}.`);
  const completes = guide.arguments.find(({ name }) => name === argument)?.completes;
  if (completes === undefined) return [];
  const known = knownNames(workspace);
  return completes === "events" ? known.events : known.funnels.map(({ name }) => name);
}

function ofTemplate(workspace: Workspace, uri: string, variable: string): string[] {
  const template = TEMPLATES.find(({ uriTemplate }) => uriTemplate === uri);
  if (!template)
    throw new McpError(ErrorCode.InvalidParams, `There is no resource template ${JSON.stringify(uri.slice(0, 80))}.`);
  if (template.variable !== variable) return [];
  if (variable === "table") return knownTables(workspace).map(({ name }) => name);
  return variable === "event" ? knownNames(workspace).events : [];
}

/** Those that start with what was typed, then those that contain it; case does not matter. */
function ranked(names: string[], typed: string): string[] {
  const wanted = typed.toLowerCase();
  const lower = [...new Set(names)].map((name) => [name, name.toLowerCase()] as const);
  const starting = lower.filter(([, name]) => name.startsWith(wanted));
  const containing = lower.filter(([, name]) => !name.startsWith(wanted) && name.includes(wanted));
  return [...starting, ...containing].map(([name]) => name);
}
