/** The HTTP mode of the built executable through the official client. */
import { afterAll, describe, expect, test } from "bun:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startSample } from "../../src/sample/service.ts";
import { type Running, serve as serveHttp } from "./serve-http.ts";
import { BINARY, emptyHome } from "./wire.ts";

const running: Running[] = [];
const serve: typeof serveHttp = async (...options) => {
  const one = await serveHttp(...options);
  running.push(one);
  return one;
};

async function connect(
  url: string,
  token?: string,
): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: "test", version: "0" });
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport };
}

async function start(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const home = emptyHome();
  const child = Bun.spawn([BINARY, "serve", "--transport", "http", ...args], {
    cwd: home.cwd,
    env: { ...home.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  home.remove();
  return { code, stdout, stderr };
}

afterAll(() => Promise.all(running.map((one) => one.stop())));

describe("a client", () => {
  test("finds tools, prompts and resources, and calls", async () => {
    const { url } = await serve();
    const { client, transport } = await connect(url);
    expect((await client.listTools()).tools.length).toBeGreaterThan(40);
    expect((await client.listPrompts()).prompts.length).toBe(8);
    expect((await client.listResources()).resources.length).toBeGreaterThanOrEqual(6);
    const result = await client.callTool({ name: "list_events", arguments: {} });
    expect(result.isError).not.toBe(true);
    expect(await client.readResource({ uri: "schema://events" })).toMatchObject({
      contents: [{ uri: "schema://events" }],
    });
    await transport.terminateSession();
    await client.close();
  });

  test("has a workspace of its own", async () => {
    const { url } = await serve();
    const [one, two] = await Promise.all([connect(url), connect(url)]);
    const wait_seconds = 30;
    const fetched = await one.client.callTool({
      name: "fetch_events",
      arguments: { from_date: "3 days ago", to_date: "yesterday", wait_seconds },
    });
    expect(fetched.structuredContent).toMatchObject({ status: "completed" });
    const tables = (reply: { structuredContent?: unknown }) =>
      (reply.structuredContent as { tables: unknown[] }).tables.length;
    expect(tables((await one.client.callTool({ name: "list_tables", arguments: {} })) as object)).toBe(1);
    expect(tables((await two.client.callTool({ name: "list_tables", arguments: {} })) as object)).toBe(0);
    await Promise.all([one.client.close(), two.client.close()]);
  });

  test("that goes away mid-call frees the connection to Mixpanel", async () => {
    const sample = await startSample();
    let arrived = 0;
    let left = 0;
    // Mixpanel as it is on a bad day: it takes the question and never answers.
    const stalled = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch(request) {
        arrived++;
        request.signal.addEventListener("abort", () => left++);
        return new Promise<Response>(() => {});
      },
    });
    const { username, secret, projectId } = sample.credentials;
    const env = {
      MP_USERNAME: username,
      MP_SECRET: secret,
      MP_PROJECT_ID: projectId,
      MP_API_URL: `http://127.0.0.1:${stalled.port}`,
    };
    const { url } = await serve([], env);
    const { client } = await connect(url);
    const leaving = new AbortController();
    const call = client.callTool({ name: "list_events", arguments: {} }, undefined, { signal: leaving.signal });
    call.catch(() => {});
    while (arrived === 0) await Bun.sleep(5);
    leaving.abort();
    while (left < arrived) await Bun.sleep(5);
    const before = arrived;
    expect((await client.callTool({ name: "guide", arguments: {} })).isError).not.toBe(true);
    // And without a word: the connection just ends.
    const { client: other, transport } = await connect(url);
    const cut = other.callTool({ name: "list_events", arguments: { refresh: true } });
    cut.catch(() => {});
    while (arrived === before) await Bun.sleep(5);
    await transport.close();
    while (left < arrived) await Bun.sleep(5);
    await client.close();
    await stalled.stop(true);
    await sample.close();
  });

  test("is told when a table appears", async () => {
    const { url } = await serve();
    const { client } = await connect(url);
    const { ResourceListChangedNotificationSchema, ResourceUpdatedNotificationSchema } = await import(
      "@modelcontextprotocol/sdk/types.js"
    );
    const changed = new Promise<void>((resolve) =>
      client.setNotificationHandler(ResourceListChangedNotificationSchema, () => resolve()),
    );
    const updated = new Promise<string>((resolve) =>
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => resolve(params.uri)),
    );
    await client.subscribeResource({ uri: "workspace://tables" });
    await client.callTool({
      name: "fetch_events",
      arguments: { from_date: "yesterday", to_date: "yesterday", wait_seconds: 30 },
    });
    await changed;
    expect(await updated).toBe("workspace://tables");
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toContain("workspace://schema/events");
    await client.close();
  });
});

describe("the token", () => {
  test("is needed on loopback too once it is set, and appears nowhere", async () => {
    const token = "e2e-token-7f3a9c0d1b";
    const { url, stderr } = await serve(["--demo", "--ephemeral", "--log-level", "debug"], { MP_HTTP_TOKEN: token });
    await expect(connect(url)).rejects.toThrow();
    await expect(connect(url, `${token}x`)).rejects.toThrow();
    const { client } = await connect(url, token);
    const info = await client.callTool({ name: "workspace_info", arguments: {} });
    expect(JSON.stringify(info)).not.toContain(token);
    expect(stderr()).not.toContain(token);
    await client.close();
  });
});

describe("the process", () => {
  test("refuses a foreign address without a token", async () => {
    const { code, stdout, stderr } = await start(["--host", "0.0.0.0", "--demo"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("MP_HTTP_TOKEN");
    expect(stderr.trim().split("\n").length).toBe(1);
  });

  test("says that a port is taken", async () => {
    const { url } = await serve();
    const { code, stdout, stderr } = await start(["--port", new URL(url).port, "--demo"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("already in use");
    expect(stderr.trim().split("\n").length).toBe(1);
  });

  test.each(["70000", "-1", "http", "80.5"])("refuses the port %s", async (port) => {
    expect((await start([`--port=${port}`, "--demo"])).code).toBe(2);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it, with a client connected", async (signal) => {
    const { url, child } = await serve();
    const { client } = await connect(url);
    child.kill(signal);
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stdout).text()).toBe("");
    await client.close();
  });
});
