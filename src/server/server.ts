/** The protocol's handlers over three tables of plain data: tools, prompts, resources. The only user of the SDK's Server. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { Protocol, type RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type ServerNotification,
  type ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { Fault } from "../fault.ts";
import { CALL_MS } from "../limits.ts";
import { TOOLSETS } from "../names.ts";
import { nearest } from "../nearest.ts";
import type { AnyTool, Context } from "../tools/tool.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { readArguments } from "./arguments.ts";
import { cancelEveryId } from "./cancel.ts";
import { type CatalogueEntry, catalogueOf } from "./catalogue.ts";
import { registerCompletions } from "./completions.ts";
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO } from "./identity.ts";
import { registerPrompts } from "./prompts.ts";
import { asFault, createFence, type Fence, renderFault, renderResult } from "./reply.ts";
import { type RunTool, registerResources } from "./resources.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

export type ServerOptions = {
  workspace: Workspace;
  tools: readonly AnyTool[];
  redact: (text: string) => string;
  /** Replaces the prepared catalogue, where a test brings tools of its own. */
  catalogue?: CatalogueEntry[];
};

export function createServer(options: ServerOptions): Server {
  const { workspace, tools } = options;
  const server = new Server(SERVER_INFO, { capabilities: CAPABILITIES, instructions: INSTRUCTIONS });
  const names = new Set(tools.map((tool) => tool.name));
  const catalogue = options.catalogue ?? catalogueOf(TOOLSETS).filter((entry) => names.has(entry.name));
  const entries = new Map(catalogue.map((entry) => [entry.name, entry]));
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const fence = createFence();

  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: catalogue }));
  onToolCall(server, async ({ name, arguments: given }, extra) => {
    const tool = byName.get(name);
    const entry = entries.get(name);
    if (!tool || !entry) throw unknownTool(name, [...byName.keys()]);
    const token = extra._meta?.progressToken;
    const progress = monotonicProgress(token, (params) =>
      extra.sendNotification({ method: "notifications/progress", params }),
    );
    return callTool({ tool, entry, given, workspace, fence, redact: options.redact, signal: extra.signal, progress });
  });
  cancelEveryId(server);
  registerPrompts(server, workspace);
  registerCompletions(server, workspace);
  const run: RunTool = (name, given, signal) => {
    const [tool, entry] = [byName.get(name), entries.get(name)];
    if (!tool || !entry) throw unknownTool(name, [...byName.keys()]);
    return callTool({ tool, entry, given, workspace, fence, redact: options.redact, signal, progress: () => {} });
  };
  registerResources({ server, workspace, tools, run });
  server.onerror = (error) => workspace.log.debug(`protocol: ${error.message}`);
  return server;
}

/**
 * The SDK refuses a call whose arguments are not an object before anybody can read them or say what is wrong; models do send
 * them as JSON text. So the call is taken one level below, where the schema is ours.
 */
function onToolCall(
  server: Server,
  handle: (params: { name: string; arguments?: unknown }, extra: Extra) => Promise<CallToolResult>,
): void {
  const params = CallToolRequestSchema.shape.params.extend({ arguments: z.unknown().optional() });
  const schema = z.object({ method: z.literal("tools/call"), params });
  Protocol.prototype.setRequestHandler.call(server, schema, (request: z.output<typeof schema>, extra: Extra) =>
    handle(request.params, extra),
  );
}

function unknownTool(name: string, known: string[]): McpError {
  const near = nearest(name, known, 1)[0];
  const short = JSON.stringify(name.slice(0, 60));
  return new McpError(
    ErrorCode.InvalidParams,
    `Unknown tool ${short}.${near ? ` Did you mean ${near}?` : " tools/list names them all."}`,
  );
}

type Call = {
  tool: AnyTool;
  entry: CatalogueEntry;
  given: unknown;
  workspace: Workspace;
  fence: Fence;
  redact: (text: string) => string;
  signal: AbortSignal;
  progress: Context["progress"];
};

/** Parse, run within the call's time, render. Never throws: what goes wrong is the reply. */
/** Parameters by which a caller says how much it wants to see. */
const LIMITS = ["limit", "top", "properties"];

async function callTool(call: Call): Promise<CallToolResult> {
  const { tool, entry, given, workspace, fence, redact, progress } = call;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(overdue(tool)), CALL_MS);
  const signal = AbortSignal.any([call.signal, deadline.signal]);
  try {
    const args = readArguments(tool, entry.inputSchema, given);
    const value = await orAborted(tool.handler(workspace, args, { signal, progress }), signal);
    const asked = typeof given === "object" && given !== null && LIMITS.some((name) => name in given);
    const fields = new Set(Object.keys(entry.inputSchema.properties ?? {}));
    return renderResult({ tool, args, asked, fields, fence }, value);
  } catch (error) {
    return renderFault(asFault(error, workspace.log.error), redact, new Date(), fence);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the wait when the signal fires, also where a handler does not listen to it. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () =>
      reject(signal.reason instanceof Fault ? signal.reason : new Fault("CANCELLED", "The call was cancelled."));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function overdue(tool: AnyTool): Fault {
  return new Fault("LIMIT_EXCEEDED", `${tool.name} did not finish within ${CALL_MS / 1000} s and was stopped.`, {
    suggestions: [
      "Ask for less: a shorter range or a narrower filter. Long downloads belong to fetch_events, which goes on in the background.",
    ],
  });
}

type ProgressParams = { progressToken: string | number; progress: number; total?: number; message?: string };

/** Progress only ever grows, and a client that did not ask for it gets none. A notification that cannot be sent is dropped. */
function monotonicProgress(
  token: string | number | undefined,
  send: (params: ProgressParams) => Promise<void>,
): Context["progress"] {
  if (token === undefined) return () => {};
  let last = -1;
  return (done, total, note) => {
    if (done <= last) return;
    last = done;
    send({ progressToken: token, progress: done, ...(total === undefined ? {} : { total }), message: note }).catch(
      () => {},
    );
  };
}
