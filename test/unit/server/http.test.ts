import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { Fault } from "../../../src/fault.ts";
import { MAX_MESSAGE_BYTES } from "../../../src/limits.ts";
import { VERSION } from "../../../src/version.ts";
import { call, fixture, INITIALIZE, initialize, JSON_HEADERS, rawStatus, until } from "./http-fixture.ts";

const open: ReturnType<typeof fixture>[] = [];
const start = (options: Parameters<typeof fixture>[0] = {}) => {
  const started = fixture(options);
  open.push(started);
  return started;
};
afterAll(() => Promise.all(open.map(({ http }) => http.close())));

describe("who gets in", () => {
  const { port, http, seen } = start();
  const body = JSON.stringify(INITIALIZE);
  const post = (host: string, more = "") =>
    `POST /mcp HTTP/1.1\r\n${host}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n${more}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

  test("our own name", async () => {
    expect((await rawStatus(port, post(`Host: localhost:${port}`))).status).toBe(200);
    expect((await rawStatus(port, post(`Host: [::1]:${port}`, "Origin: http://localhost:5173\r\n"))).status).toBe(200);
  });

  const hosts = [
    "evil.com",
    "localhost.evil.com",
    "evil.com@localhost",
    "localhost/evil",
    "localhost\\evil",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "",
    "a".repeat(10_000),
  ];
  test.each(hosts)("not as %p: refused before anything is parsed", async (host) => {
    const before = seen.opened;
    const { status, head } = await rawStatus(port, post(`Host: ${host}`));
    expect(status).toBe(403);
    expect(head.toLowerCase()).not.toContain("access-control");
    expect(seen.opened).toBe(before);
  });
  test("not with two names", async () => {
    expect((await rawStatus(port, post(`Host: localhost:${port}\r\nHost: evil.com`))).status).toBe(403);
    expect((await rawStatus(port, post(`Host: evil.com\r\nHost: localhost:${port}`))).status).toBe(403);
  });
  test("an absolute target does not stand in for the Host", async () => {
    const { status } = await rawStatus(
      port,
      `GET http://localhost:${port}/health HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n`,
    );
    expect(status).toBe(403);
  });
  test.each([
    "null",
    "https://evil.com",
    "file://",
    "chrome-extension://abc",
    "vscode-webview://abc",
    "http://localhost.evil.com",
    "http://evil.com@localhost",
  ])("not from the page %p", async (origin) => {
    const { status, head } = await rawStatus(port, post(`Host: localhost:${port}`, `Origin: ${origin}\r\n`));
    expect(status).toBe(403);
    expect(head.toLowerCase()).not.toContain("access-control");
  });
  test.each(["OPTIONS", "HEAD", "PUT", "PATCH", "TRACE"])("%s is not a method of ours", async (method) => {
    const { status, head } = await rawStatus(
      port,
      `${method} /mcp HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(status).toBe(405);
    expect(head.toLowerCase()).not.toContain("access-control");
  });
  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain; application/json",
    "",
  ])("not with a body of type %p", async (type) => {
    const response = await fetch(http.url, {
      method: "POST",
      headers: { ...JSON_HEADERS, "content-type": type },
      body,
    });
    expect(response.status).toBe(415);
  });
});

describe("health and paths", () => {
  const { http } = start({ token: "a-long-random-token" });
  const root = http.url.replace(/\/mcp$/, "");
  test("health is open and says nothing of the project", async () => {
    const response = await fetch(`${root}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok", version: VERSION });
  });
  test("nothing else is there", async () => {
    for (const path of ["/", "/mcp/", "/mcpx", "/sse", "/health/x", "/.well-known/oauth-protected-resource"]) {
      expect((await fetch(root + path)).status).toBe(404);
    }
  });
});

describe("token", () => {
  const token = "a-long-random-token";
  const { http, seen } = start({ token });
  const attempt = (headers: Record<string, string>, query = "") =>
    fetch(http.url + query, {
      method: "POST",
      headers: { ...JSON_HEADERS, ...headers },
      body: JSON.stringify(INITIALIZE),
    });

  test("is asked for on loopback too", async () => {
    for (const authorization of [
      "",
      "Bearer",
      "Bearer wrong",
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
    ]) {
      const response = await attempt({ authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toStartWith("Bearer");
    }
    expect((await attempt({}, `?token=${token}&access_token=${token}`)).status).toBe(401);
    expect(seen.opened).toBe(0);
  });
  test("opens the door", async () => {
    expect((await attempt({ authorization: `Bearer ${token}` })).status).toBe(200);
  });
  test("a session id does not replace it", async () => {
    const { authorization: _, ...headers } = await initialize(http.url, { authorization: `Bearer ${token}` });
    expect((await fetch(http.url, { method: "POST", headers, body: call(1, "echo") })).status).toBe(401);
    expect((await fetch(http.url, { headers })).status).toBe(401);
    expect((await fetch(http.url, { method: "DELETE", headers })).status).toBe(401);
  });
});

describe("starting", () => {
  test("a foreign address without a token is refused", () => {
    for (const host of ["0.0.0.0", "::", "192.168.7.7", "example.com"]) {
      expect(() => fixture({ host })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });
  test("a port in use is said so", () => {
    const { port } = start();
    let fault: unknown;
    try {
      fixture({ port });
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: "CONFIG_INVALID", message: `Port ${port} on 127.0.0.1 is already in use.` });
  });
});

describe("bodies", () => {
  const { http, port, seen } = start({ bodyMs: 100 });
  const statusOf = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    (await fetch(http.url, { method: "POST", headers: { ...JSON_HEADERS, ...headers }, body })).status;

  test("junk", async () => {
    for (const junk of [
      "",
      "x",
      "{",
      "nul",
      "\0",
      "[]",
      "[1]",
      "42",
      "null",
      '"x"',
      "{}",
      '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    ]) {
      expect(await statusOf(junk)).toBe(400);
    }
    expect(await statusOf(Uint8Array.of(0xff, 0xfe, 0x7b, 0x7d))).toBe(400);
    expect(await statusOf(`[${JSON.stringify(INITIALIZE)}]`)).toBe(400);
    expect(seen.opened - seen.closed).toBe(0);
  });
  test("depth", async () => {
    const deep = (levels: number) =>
      `{"jsonrpc":"2.0","id":1,"method":"initialize","params":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(await statusOf(deep(300))).toBe(400);
    expect(await statusOf(deep(1_000_000))).toBe(400);
  });
  test("too long, announced or not", async () => {
    expect(await statusOf(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toBe(413);
    const { status } = await rawStatus(
      port,
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`,
    );
    expect(status).toBe(413);
  });
  test("too long in chunks without a length", async () => {
    const status = await new Promise<number>((resolve) => {
      const piece = "x".repeat(1024 * 1024);
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(
          "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        for (let count = 0; count < 11; count++) socket.write(`100000\r\n${piece}\r\n`);
      });
      socket.once("data", (data) => resolve(Number(String(data).split(" ")[1])));
      socket.on("error", () => {});
    });
    expect(status).toBe(413);
  });
  test("too slow", async () => {
    const { status } = await rawStatus(
      port,
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    expect(status).toBe(408);
  });
  test("many large ones at once are not all read into memory", async () => {
    const { port: crowded } = start({ bodyMs: 1_000 });
    const half = "x".repeat(MAX_MESSAGE_BYTES / 2);
    const statuses = await Promise.all(
      Array.from(
        { length: 8 },
        () =>
          new Promise<number>((resolve) => {
            const socket = connect(crowded, "127.0.0.1", () => {
              socket.write(
                `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${MAX_MESSAGE_BYTES}\r\n\r\n${half}`,
              );
            });
            socket.once("data", (data) => resolve(Number(String(data).split(" ")[1])));
            socket.on("error", () => {});
          }),
      ),
    );
    expect(statuses).toContain(429);
    expect(statuses.filter((status) => status !== 429 && status !== 408)).toEqual([]);
  });
  test("the wrong Accept", async () => {
    expect(await statusOf(JSON.stringify(INITIALIZE), { accept: "application/json" })).toBe(406);
    expect(seen.opened - seen.closed).toBe(0);
  });
});

describe("sessions", () => {
  const { http, seen } = start();
  const post = (headers: Record<string, string>, body: string, signal?: AbortSignal) =>
    fetch(http.url, { method: "POST", headers, body, signal: signal ?? null });

  test("each has its own server", async () => {
    const [one, two] = await Promise.all([initialize(http.url), initialize(http.url)]);
    const texts = await Promise.all(
      [post(one, call(1, "echo", { a: 1 })), post(two, call(1, "echo", { b: 2 }))].map(async (reply) =>
        (await reply).text(),
      ),
    );
    expect(texts[0]).toContain('{\\"a\\":1}');
    expect(texts[1]).toContain('{\\"b\\":2}');
    expect(texts[0]?.match(/session \d+/)?.[0]).not.toBe(texts[1]?.match(/session \d+/)?.[0]);
  });
  test("unknown, missing and ended ones", async () => {
    const headers = await initialize(http.url);
    const { "mcp-session-id": _, ...without } = headers;
    expect((await post({ ...headers, "mcp-session-id": "unknown" }, call(1, "echo"))).status).toBe(404);
    expect((await post(without, call(1, "echo"))).status).toBe(400);
    expect((await fetch(http.url, { headers: without })).status).toBe(400);
    const closed = seen.closed;
    expect((await fetch(http.url, { method: "DELETE", headers })).status).toBe(200);
    await until(() => seen.closed === closed + 1);
    expect((await post(headers, call(1, "echo"))).status).toBe(404);
    expect((await fetch(http.url, { method: "DELETE", headers })).status).toBe(404);
  });
  test("a protocol version nobody speaks", async () => {
    const headers = await initialize(http.url);
    expect((await post({ ...headers, "mcp-protocol-version": "1999-01-01" }, call(1, "echo"))).status).toBe(400);
  });
  test("a client that goes away cancels its call, and only that", async () => {
    const [one, two] = await Promise.all([initialize(http.url), initialize(http.url)]);
    const { waiting, cancelled } = seen;
    const leaving = new AbortController();
    const staying = new AbortController();
    const gone = post(one, call(7, "wait"), leaving.signal).then((reply) => reply.text());
    const stays = post(two, call(7, "wait"), staying.signal).then((reply) => reply.text());
    gone.catch(() => {});
    stays.catch(() => {});
    await until(() => seen.waiting === waiting + 2);
    leaving.abort();
    await until(() => seen.cancelled === cancelled + 1);
    expect(await (await post(one, call(7, "echo"))).text()).toContain("session");
    expect(seen.cancelled).toBe(cancelled + 1);
    staying.abort();
    await until(() => seen.cancelled === cancelled + 2);
  });
  test("a cancelled call ends its stream", async () => {
    const headers = await initialize(http.url);
    const { waiting } = seen;
    const text = post(headers, call("x", "wait")).then((reply) => reply.text());
    await until(() => seen.waiting === waiting + 1);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "x" } };
    expect((await post(headers, JSON.stringify(cancel))).status).toBe(202);
    expect(await text).toBe("");
  });
  test("an id in use is not used twice", async () => {
    const headers = await initialize(http.url);
    const { waiting } = seen;
    const leaving = new AbortController();
    const first = post(headers, call(3, "wait"), leaving.signal).then((reply) => reply.text());
    first.catch(() => {});
    await until(() => seen.waiting === waiting + 1);
    expect((await post(headers, call(3, "echo"))).status).toBe(400);
    leaving.abort();
  });
  test("the stream of notifications answers at once, once a session", async () => {
    const headers = await initialize(http.url);
    const leaving = new AbortController();
    const listening = await fetch(http.url, {
      headers: { ...headers, accept: "text/event-stream" },
      signal: leaving.signal,
    });
    expect(listening.status).toBe(200);
    expect((await fetch(http.url, { headers: { ...headers, accept: "text/event-stream" } })).status).toBe(409);
    leaving.abort();
  });
  test("fifty at once, calls interleaved", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => initialize(http.url)));
    const texts = await Promise.all(
      all.map(async (headers, index) => (await post(headers, call(1, "echo", { index }))).text()),
    );
    for (const [index, text] of texts.entries()) expect(text).toContain(`{\\"index\\":${index}}`);
  });
  test("idle ones are closed, busy ones are not", async () => {
    const { http: quiet, seen: quietSeen } = start();
    const used = await initialize(quiet.url);
    await initialize(quiet.url);
    const leaving = new AbortController();
    const running = fetch(quiet.url, { method: "POST", headers: used, body: call(1, "wait"), signal: leaving.signal });
    running.catch(() => {});
    await until(() => quietSeen.waiting === 1);
    await quiet.sessions.sweep(Date.now() + 1000, 60_000);
    expect(quiet.sessions.size).toBe(2);
    await quiet.sessions.sweep(Date.now() + 61_000, 60_000);
    expect(quiet.sessions.size).toBe(1);
    expect(quietSeen.closed).toBe(1);
    leaving.abort();
    await until(() => quietSeen.cancelled === 1);
    quietSeen.working = true;
    await quiet.sessions.sweep(Date.now() + 600_000, 60_000);
    expect(quiet.sessions.size).toBe(1);
    quietSeen.working = false;
    await quiet.sessions.sweep(Date.now() + 700_000, 60_000);
    expect(quiet.sessions.size).toBe(0);
  });
});

test("stopping cancels what runs and closes every session", async () => {
  const { http, seen } = start();
  const headers = await initialize(http.url);
  await initialize(http.url);
  const call7 = fetch(http.url, { method: "POST", headers, body: call(7, "wait") }).then((reply) => reply.text());
  call7.catch(() => {});
  await until(() => seen.waiting === 1);
  await http.close();
  expect(seen).toEqual({ opened: 2, closed: 2, waiting: 1, cancelled: 1, working: false });
  await expect(fetch(http.url)).rejects.toThrow();
});
