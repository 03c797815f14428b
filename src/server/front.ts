/**
 * The first answers of a stdio server. A client asks initialize and tools/list, and often ping, before anything else; both are
 * constants, so they are answered from prepared data, and the SDK with its schemas, the tools and the workspace (four fifths of
 * the start-up time) are loaded when the first message comes that needs them, or a moment after initialisation. From then on every
 * message goes to the SDK's server, which gets the same initialize replayed. A test holds both answers to be equal.
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/sdk/types.js";
import type { Toolset } from "../names.ts";
import { catalogueOf } from "./catalogue.ts";
import { CAPABILITIES, INSTRUCTIONS, PROTOCOL_VERSIONS, SERVER_INFO } from "./identity.ts";

/** The replayed initialize has this id; its answer goes nowhere. */
const REPLAY_ID = "mixpanel-data-mcp/replay";
/** Long enough that a client's tools/list is not held up by loading, short enough that its first call is not either. */
const LOAD_AFTER_MS = 150;

export type Front = {
  /** The transport to connect the SDK's server to. */
  readonly inner: Transport;
  /** Stops waiting; nothing is loaded any more. */
  stop(): void;
};

/** `open` connects a server to `inner`; it is called once, when one is needed. */
export function createFront(
  outer: Transport,
  toolsets: readonly Toolset[],
  open: (inner: Transport) => Promise<void>,
): Front {
  let stage: "front" | "loading" | "open" = "front";
  let initialize: JSONRPCRequest | undefined;
  let waiting: JSONRPCMessage[] = [];
  let timer: Timer | undefined;

  const load = async () => {
    if (stage !== "front") return;
    stage = "loading";
    clearTimeout(timer);
    await open(inner);
    stage = "open";
    if (initialize) inner.onmessage?.({ ...initialize, id: REPLAY_ID });
    for (const message of waiting) inner.onmessage?.(message);
    waiting = [];
  };

  const inner: Transport = {
    start: async () => {},
    send: (message, options) =>
      "id" in message && message.id === REPLAY_ID ? Promise.resolve() : outer.send(message, options),
    close: () => outer.close(),
  };

  outer.onmessage = (message) => {
    if (stage === "open") return inner.onmessage?.(message);
    const result =
      stage === "front" && "method" in message && "id" in message
        ? answer(message, toolsets, initialize !== undefined)
        : undefined;
    if (result && "id" in message && message.id !== undefined) {
      if ("method" in message && message.method === "initialize") initialize = message;
      void outer.send({ jsonrpc: "2.0", id: message.id, result });
      return;
    }
    waiting.push(message);
    if ("method" in message && message.method === "notifications/initialized" && initialize)
      timer ??= setTimeout(load, LOAD_AFTER_MS);
    else void load();
  };
  outer.onclose = () => inner.onclose?.();
  outer.onerror = (error) => inner.onerror?.(error);
  return {
    inner,
    stop() {
      clearTimeout(timer);
      stage = stage === "front" ? "loading" : stage;
    },
  };
}

/** What the SDK's server would answer, or undefined where that takes more than constants. */
function answer(
  request: JSONRPCRequest,
  toolsets: readonly Toolset[],
  initialized: boolean,
): Record<string, unknown> | undefined {
  if (request.method === "ping") return {};
  if (request.method === "tools/list") return { tools: catalogueOf(toolsets) };
  if (request.method !== "initialize" || initialized) return undefined;
  const { protocolVersion, capabilities, clientInfo } = request.params ?? {};
  const client =
    isObject(clientInfo) && typeof clientInfo["name"] === "string" && typeof clientInfo["version"] === "string";
  if (typeof protocolVersion !== "string" || !isObject(capabilities) || !client) return undefined;
  return {
    protocolVersion: PROTOCOL_VERSIONS.includes(protocolVersion) ? protocolVersion : PROTOCOL_VERSIONS[0],
    capabilities: CAPABILITIES,
    serverInfo: SERVER_INFO,
    instructions: INSTRUCTIONS,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
