/** The raw export body: untouched bytes, how their end is known, stalls, breaks, cancelling. */
import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { path } from "../../../src/mixpanel/api.ts";
import { downloadOf } from "../../../src/mixpanel/download.ts";
import { faultOf, json, PROJECT, type Stub, stub } from "./stub.ts";

const BODY = gzipSync('{"event":"A","properties":{}}\n'.repeat(2_000));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that writes its bytes by hand. */
async function raw(answer: (socket: Socket, request: string) => void): Promise<{ url: string; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (data) => answer(socket, data.toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, sockets };
}

function api(url: string) {
  const server: Stub = stub(() => json([]));
  closers.push(() => server.close());
  return server.api({ apiUrl: url });
}

const call = {
  family: "export" as const,
  path: path`/export`,
  query: { from_date: "2026-03-01", to_date: "2026-03-01" },
};
const bytes = (body: ReadableStream<Uint8Array>) => new Response(body).bytes();
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n";

describe("download", () => {
  test("asks for gzip below the export path", async () => {
    let request = "";
    const { url } = await raw((socket, text) => {
      request = text;
      socket.end(`${HEAD}Content-Length: 0\r\n\r\n`);
    });
    await bytes((await api(url).download(call)).body);
    expect(request).toStartWith(
      `GET /api/2.0/export?project_id=${PROJECT}&from_date=2026-03-01&to_date=2026-03-01 HTTP/1.1`,
    );
    expect(request).toMatch(/accept-encoding: gzip\r\n/i);
  });

  test("announced length", async () => {
    const { url } = await raw((socket) => {
      socket.write(`${HEAD}Content-Length: ${BODY.length}\r\n\r\n`);
      socket.end(BODY);
    });
    const { body, ...facts } = await api(url).download(call);
    expect(facts).toEqual({ status: 200, encoding: "gzip", framing: "length", length: BODY.length });
    expect(Buffer.compare(Buffer.from(await bytes(body)), BODY)).toBe(0);
  });

  test("chunks", async () => {
    const { url } = await raw((socket) => {
      socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n`);
      socket.write(BODY);
      socket.end("\r\n0\r\n\r\n");
    });
    const { body, ...facts } = await api(url).download(call);
    expect(facts).toEqual({ status: 200, encoding: "gzip", framing: "chunked", length: undefined });
    expect(Buffer.compare(Buffer.from(await bytes(body)), BODY)).toBe(0);
  });

  test("an end that only the closing connection tells, uncompressed", async () => {
    const { url } = await raw((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nline\n"));
    const { body, ...facts } = await api(url).download(call);
    expect(facts).toEqual({ status: 200, encoding: "identity", framing: "close", length: undefined });
    expect(Buffer.from(await bytes(body)).toString()).toBe("line\n");
  });

  const broken: [string, (socket: Socket) => void][] = [
    [
      "less than announced",
      (socket) => {
        socket.write(`${HEAD}Content-Length: ${BODY.length + 10}\r\n\r\n`);
        socket.end(BODY);
      },
    ],
    [
      "no last chunk",
      (socket) => {
        socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n`);
        socket.end(BODY);
      },
    ],
    [
      "a reset",
      (socket) => {
        socket.write(`${HEAD}Content-Length: ${BODY.length + 10}\r\n\r\n`);
        socket.write(BODY, () => setTimeout(() => socket.resetAndDestroy(), 20));
      },
    ],
  ];
  for (const [name, answer] of broken) {
    test(`${name} is UPSTREAM_TRUNCATED`, async () => {
      const { url } = await raw(answer);
      const { body } = await api(url).download(call);
      const fault = await faultOf(bytes(body));
      expect([fault.code, fault.message]).toEqual(["UPSTREAM_TRUNCATED", expect.stringContaining("broke off after")]);
    });
  }

  test("cancelling closes the connection", async () => {
    const { url, sockets } = await raw((socket) => void socket.write(`${HEAD}Content-Length: 1000000\r\n\r\nxxxx`));
    const controller = new AbortController();
    const { body } = await api(url).download(call, controller.signal);
    const reader = body.getReader();
    await reader.read();
    const next = faultOf(reader.read());
    controller.abort();
    expect((await next).code).toBe("CANCELLED");
    while (sockets.size > 0) await Bun.sleep(5);
  });

  test("leaving the body closes the connection", async () => {
    const { url, sockets } = await raw((socket) => void socket.write(`${HEAD}Content-Length: 1000000\r\n\r\nxxxx`));
    const { body } = await api(url).download(call);
    for await (const _ of body) break;
    while (sockets.size > 0) await Bun.sleep(5);
  });

  test("a body that stalls is given up", async () => {
    const { url } = await raw((socket) => void socket.write(`${HEAD}Content-Length: 1000000\r\n\r\nxxxx`));
    const controller = new AbortController();
    const response = await fetch(url, { decompress: false, signal: controller.signal });
    const socket = { abort: () => controller.abort(), released: () => {}, host: url, endpoint: "export" };
    const fault = await faultOf(bytes(downloadOf(response, socket, undefined, 100).body));
    expect([fault.code, fault.message]).toEqual([
      "NETWORK_ERROR",
      expect.stringMatching(/sent nothing for 0.1 s after 4 bytes/),
    ]);
  });

  test("an error reply may be compressed too", async () => {
    const text = gzipSync(JSON.stringify({ error: "to_date cannot be later than today" }));
    const { url } = await raw((socket) => {
      socket.write(`HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\nContent-Length: ${text.length}\r\n\r\n`);
      socket.end(text);
    });
    const fault = await faultOf(api(url).download(call));
    expect([fault.code, fault.message]).toEqual([
      "QUERY_INVALID",
      expect.stringContaining("to_date cannot be later than today"),
    ]);
  });
});

describe("a download of the query family", () => {
  test("holds its place among five until its body ends, and stays compressed", async () => {
    const server = stub(() => new Response(BODY, { headers: { "Content-Encoding": "gzip" } }));
    closers.push(() => server.close());
    const client = server.api();
    const engage = { family: "query" as const, path: path`/engage`, form: { page: 0 } };
    const bodies = await Promise.all(Array.from({ length: 5 }, () => client.download(engage)));
    let sixth = false;
    const next = client.download(engage).then(async ({ body, encoding }) => {
      sixth = true;
      expect(encoding).toBe("gzip");
      await bytes(body);
    });
    await Bun.sleep(150);
    expect(sixth).toBe(false);
    expect(Buffer.compare(Buffer.from(await bytes(bodies[0]?.body ?? new ReadableStream())), BODY)).toBe(0);
    await next;
    for (const { body } of bodies.slice(1)) await body.cancel();
    await bytes((await client.download(engage)).body);
    expect(client.quota().query.used).toBe(7);
  });
});

describe("an error body that never ends", () => {
  for (const [name, chunk] of [
    ["drips", 10],
    ["floods", 64 * 1024],
  ] as const) {
    test(`${name}: is cut by time and size`, async () => {
      const server = stub(
        () =>
          new Response(
            new ReadableStream({
              async pull(controller) {
                if (chunk < 100) await Bun.sleep(100);
                controller.enqueue(new Uint8Array(chunk).fill(120));
              },
            }),
            { status: 400 },
          ),
      );
      closers.push(() => server.close());
      const fault = await faultOf(server.api().download(call));
      expect([fault.code, fault.message]).toEqual(["QUERY_INVALID", expect.stringContaining("xxxxxxxxxx")]);
    });
  }
});
