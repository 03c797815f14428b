/** Resources over the protocol: listing, reading through the tools' own renderer, subscriptions to what a fetch changes. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  type CallToolResult,
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ReadResourceResult,
  type Resource,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { AnyTool } from "../tools/tool.ts";
import { visible } from "../visible.ts";
import { knownTables } from "../workspace/known.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { ERROR_META } from "./reply.ts";
import { RESOURCES, resolveUri, TEMPLATES } from "./resource-table.ts";

/** The protocol's own code for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002;
const NOT_THERE = new Set(["NOT_FOUND", "TABLE_NOT_FOUND", "INVALID_ARGUMENT"]);

export type RunTool = (tool: string, args: Record<string, unknown>, signal: AbortSignal) => Promise<CallToolResult>;

export type ResourceOptions = { server: Server; workspace: Workspace; tools: readonly AnyTool[]; run: RunTool };

export function registerResources({ server, workspace, tools, run }: ResourceOptions): void {
  const served = new Set(tools.map(({ name }) => name));
  const resources = RESOURCES.filter(({ tool }) => served.has(tool));
  const templates = TEMPLATES.filter(({ tool }) => served.has(tool));

  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: [
      ...resources.map(({ tool: _, args: __, ...entry }) => ({ ...entry, mimeType: "text/plain" })),
      ...ofTables(workspace, served),
    ],
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: templates.map(({ tool: _, variable: __, argument: ___, ...entry }) => ({
      ...entry,
      mimeType: "text/plain",
    })),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params }, { signal }) => {
    const target = resolveUri(params.uri);
    if (!target || !served.has(target.tool)) throw notFound(params.uri);
    return contents(params.uri, await run(target.tool, target.args, signal));
  });
  watchTables(server, workspace, served);
}

function ofTables(workspace: Workspace, served: ReadonlySet<string>): Resource[] {
  return knownTables(workspace).flatMap(({ name }) =>
    TEMPLATES.filter(({ variable, tool }) => variable === "table" && served.has(tool)).map((template) => ({
      uri: template.uriTemplate.replace("{table}", () => encodeURIComponent(name)),
      name: `${template.name}-${visible(name)}`,
      title: `${template.title}: ${visible(name)}`,
      mimeType: "text/plain",
    })),
  );
}

/** A tool's text as a resource; its failure as a protocol error, since a resource cannot fail otherwise. */
function contents(uri: string, result: CallToolResult): ReadResourceResult {
  const text = result.content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
  if (!result.isError) return { contents: [{ uri, mimeType: "text/plain", text }] };
  const error = result._meta?.[ERROR_META];
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "INTERNAL";
  throw new McpError(NOT_THERE.has(code) ? RESOURCE_NOT_FOUND : ErrorCode.InternalError, text, { uri, error });
}

function notFound(uri: string): McpError {
  return new McpError(RESOURCE_NOT_FOUND, `Resource not found: ${visible(uri.slice(0, 200))}`, {
    uri: uri.slice(0, 1000),
  });
}

/** Tells the client when the list of tables changes, and when something it subscribed to does. */
function watchTables(server: Server, workspace: Workspace, served: ReadonlySet<string>): void {
  const subscribed = new Set<string>();
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    const target = resolveUri(params.uri);
    if (!target || !served.has(target.tool)) throw notFound(params.uri);
    subscribed.add(params.uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });

  let names: string | undefined;
  const stop = workspace.onTableChange((table) => {
    const now = JSON.stringify(knownTables(workspace).map(({ name }) => name));
    if (now !== names) void server.sendResourceListChanged().catch(() => {});
    names = now;
    for (const uri of subscribed) if (concerns(uri, table)) void server.sendResourceUpdated({ uri }).catch(() => {});
  });
  server.onclose = stop;
}

function concerns(uri: string, table: string): boolean {
  const target = resolveUri(uri);
  if (target?.tool === "list_tables" || target?.tool === "workspace_info") return true;
  return String(target?.args["table"]).toLowerCase() === table.toLowerCase();
}
