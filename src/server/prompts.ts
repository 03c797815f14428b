/** The guides as prompts: for people, who pick them in their client. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  ErrorCode,
  GetPromptRequestSchema,
  type GetPromptResult,
  ListPromptsRequestSchema,
  McpError,
  type Prompt,
} from "@modelcontextprotocol/sdk/types.js";
import type { Guide } from "../guides/guide.ts";
import { GUIDES } from "../guides/index.ts";
import { nearest } from "../nearest.ts";
import { knownNames } from "../workspace/known.ts";
import type { Workspace } from "../workspace/workspace.ts";

export function registerPrompts(server: Server, workspace: Workspace): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: GUIDES.map(listed) }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) =>
    getPrompt(workspace, params.name, params.arguments ?? {}),
  );
}

function listed({ name, title, description, arguments: args }: Guide): Prompt {
  return {
    name,
    title,
    description,
    arguments: args.map((argument) => ({ name: argument.name, description: argument.description, required: true })),
  };
}

function getPrompt(workspace: Workspace, name: string, given: Record<string, string>): GetPromptResult {
  const guide = GUIDES.find((one) => one.name === name);
  if (!guide) throw unknownPrompt(name);
  const missing = guide.arguments.filter((argument) => !given[argument.name]?.trim());
  if (missing[0]) {
    throw new McpError(
      ErrorCode.InvalidParams,
      `${name} needs the argument ${missing[0].name}: ${missing[0].description}.`,
    );
  }
  const text = guide.text(knownNames(workspace), given);
  return { description: guide.description, messages: [{ role: "user", content: { type: "text", text } }] };
}

function unknownPrompt(name: string): McpError {
  const names = GUIDES.map((guide) => guide.name);
  const near = nearest(name, names, 1)[0];
  const hint = near ? `Did you mean ${near}?` : `There are: ${names.join(", ")}.`;
  return new McpError(ErrorCode.InvalidParams, `There is no prompt ${JSON.stringify(name.slice(0, 60))}. ${hint}`);
}
