/** The first answers must be exactly those of the SDK's server, whichever of the two gives them. */
import { describe, expect, test } from "bun:test";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js";
import { openSession } from "../../../src/cli/session.ts";
import { loadConfig } from "../../../src/config.ts";
import { createLog } from "../../../src/log.ts";
import { TOOLSETS } from "../../../src/names.ts";
import { createFront } from "../../../src/server/front.ts";
import { PROTOCOL_VERSIONS } from "../../../src/server/identity.ts";

const plain = (text: string) => text;

async function session() {
  const config = await loadConfig({}, { MP_CONFIG_PATH: "/nonexistent/config.toml", MP_DATA_DIR: "/nonexistent/data" });
  return openSession(config, createLog("silent", plain), plain);
}

/** The client's end, with what arrived there and a wait for the n-th message. */
function clientOf(near: Transport) {
  const got: JSONRPCMessage[] = [];
  near.onmessage = (message) => void got.push(message);
  return {
    got,
    send: (message: object) => near.send({ jsonrpc: "2.0", ...message } as JSONRPCMessage),
    async until(count: number) {
      while (got.length < count) await Bun.sleep(1);
      return got;
    },
  };
}

async function behindFront() {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const { server, workspace } = await session();
  let opened = 0;
  const front = createFront(far, TOOLSETS, async (inner) => {
    opened++;
    await server.connect(inner);
  });
  await far.start();
  await near.start();
  return { client: clientOf(near), front, opened: () => opened, close: () => workspace.close() };
}

async function direct() {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const { server, workspace } = await session();
  await server.connect(far);
  await near.start();
  return { client: clientOf(near), close: () => workspace.close() };
}

const initialize = (protocolVersion: string) => ({
  id: 1,
  method: "initialize",
  params: { protocolVersion, capabilities: {}, clientInfo: { name: "t", version: "1" } },
});

test("the protocol versions are the SDK's", () => {
  expect(PROTOCOL_VERSIONS).toEqual(SUPPORTED_PROTOCOL_VERSIONS);
});

describe("the same answer with and without", () => {
  for (const [name, request] of [
    ["initialize, newest", initialize("2025-11-25")],
    ["initialize, older", initialize("2024-11-05")],
    ["initialize, unknown", initialize("1999-01-01")],
    ["ping", { id: "p", method: "ping" }],
    ["tools/list", { id: 7, method: "tools/list", params: {} }],
    ["initialize without a client", { id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } }],
    ["an unknown method", { id: 2, method: "nope" }],
  ] as const) {
    test(name, async () => {
      const [a, b] = [await behindFront(), await direct()];
      await a.client.send(request);
      await b.client.send(request);
      expect(JSON.parse(JSON.stringify(await a.client.until(1)))).toEqual(
        JSON.parse(JSON.stringify(await b.client.until(1))),
      );
      a.front.stop();
      await Promise.all([a.close(), b.close()]);
    });
  }
});

test("nothing is loaded for what constants answer; the rest comes in order after one load", async () => {
  const { client, front, opened, close } = await behindFront();
  await client.send(initialize("2025-11-25"));
  await client.send({ id: 2, method: "tools/list" });
  await client.until(2);
  expect(opened()).toBe(0);
  await client.send({ method: "notifications/initialized" });
  await client.send({ id: 3, method: "prompts/list" });
  await client.send({ id: 4, method: "tools/call", params: { name: "guide", arguments: {} } });
  await client.send({ id: 5, method: "tools/list" });
  const got = await client.until(5);
  expect(got.map((message) => ("id" in message ? message.id : undefined)).sort()).toEqual([1, 2, 3, 4, 5]);
  expect(opened()).toBe(1);
  front.stop();
  await close();
});

test("after stop nothing is loaded", async () => {
  const { client, front, opened, close } = await behindFront();
  await client.send(initialize("2025-11-25"));
  await client.send({ method: "notifications/initialized" });
  front.stop();
  await client.send({ id: 3, method: "prompts/list" });
  await Bun.sleep(5);
  expect(opened()).toBe(0);
  await close();
});
