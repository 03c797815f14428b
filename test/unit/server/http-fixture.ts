/** The HTTP mode in front of a server with two tools: `echo` answers at once, `wait` only ends when it is cancelled. */
import { connect } from "node:net";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { createLog } from "../../../src/log.ts";
import { type HttpOptions, startHttp } from "../../../src/server/http.ts";

export type Seen = { opened: number; closed: number; waiting: number; cancelled: number; working: boolean };

export function fixture(options: Partial<HttpOptions> = {}) {
  const seen: Seen = { opened: 0, closed: 0, waiting: 0, cancelled: 0, working: false };
  const openSession = () => {
    const name = `session ${++seen.opened}`;
    const server = new Server({ name, version: "1" }, { capabilities: { tools: { listChanged: true } } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [] }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
      if (params.name === "wait") await wait(signal, seen);
      return { content: [{ type: "text", text: `${name}: ${JSON.stringify(params.arguments)}` }] };
    });
    return { server, workspace: { jobs: { busy: () => seen.working }, close: async () => void seen.closed++ } };
  };
  const log = createLog("silent", (text) => text);
  const http = startHttp({ host: "127.0.0.1", port: 0, token: undefined, log, openSession, ...options });
  return { http, seen, port: Number(new URL(http.url).port) };
}

function wait(signal: AbortSignal, seen: Seen): Promise<void> {
  seen.waiting++;
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      seen.cancelled++;
      resolve();
    });
  });
}

export const JSON_HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };

export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};

/** Opens a session and returns the headers of its further requests. */
export async function initialize(url: string, headers: Record<string, string> = {}): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...JSON_HEADERS, ...headers },
    body: JSON.stringify(INITIALIZE),
  });
  await response.text();
  const id = response.headers.get("mcp-session-id");
  if (response.status !== 200 || id === null) throw new Error(`initialize: ${response.status}`);
  return { ...JSON_HEADERS, ...headers, "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" };
}

export const call = (id: number | string, name: string, args: object = {}) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });

/** The status line of the answer to bytes as they are, since fetch refuses to send what an attacker would. */
export function rawStatus(port: number, text: string): Promise<{ status: number; head: string }> {
  return new Promise((resolve, reject) => {
    let head = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (data) => {
      head += data;
      if (!head.includes("\r\n\r\n")) return;
      socket.destroy();
      resolve({ status: Number(head.split(" ")[1]), head });
    });
    socket.on("error", reject);
    socket.on("close", () => resolve({ status: Number(head.split(" ")[1] ?? 0), head }));
  });
}

/** Waits for something that must come; the test's own time limit is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}
