/**
 * An export endpoint on a bare socket, so that a reply can break in every way a network can: what Bun.serve would never
 * send. Answers /export for whole days from made-up events, /engage is not there.
 */
import { createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";

export type Fault =
  | { kind: "none" }
  | { kind: "fin" | "rst" | "shortLength" | "noLastChunk" | "gzipCut"; at: number }
  | {
      kind:
        | "crcFlip"
        | "noTrailer"
        | "terminatedEarly"
        | "gluedTermination"
        | "html"
        | "halfLine"
        | "errorLine"
        | "empty";
    }
  | { kind: "closeDelimited"; at: number }
  | { kind: "status"; status: number; headers?: Record<string, string>; body?: string }
  | { kind: "stall"; at: number };

export type RawExport = {
  url: string;
  /** Days asked for, in order, `from` or `from..to`. */
  asked: string[];
  /** Sockets that are still open in the middle of an answer. */
  open(): number;
  close(): Promise<void>;
};

export type RawOptions = {
  eventsPerDay: number;
  /** What goes wrong with the n-th request (from 0) of these days. */
  fault(days: string, nth: number): Fault;
  delayMs?: number;
};

/** The lines of a day: the same each time, with a few exact duplicates. */
export function dayLines(day: string, count: number): string[] {
  const start = Date.parse(`${day}T00:00:00Z`) / 1000;
  return Array.from({ length: count }, (_, i) => {
    const n = i % 50 === 49 ? i - 1 : i;
    const time = start + ((n * 37) % 86_400);
    const properties = {
      time,
      distinct_id: `u${n % 97}`,
      $insert_id: `${day}-${n}`,
      plan: n % 3 === 0 ? "pro" : "free",
      text: `héllo \u2028 ${n} ${"x".repeat(n % 80)}`,
      mp_processing_time_ms: (time + 5) * 1000,
    };
    return JSON.stringify({ event: n % 2 === 0 ? "View" : "Buy", properties });
  });
}

export async function startRawExport(options: RawOptions): Promise<RawExport> {
  const asked: string[] = [];
  const seen = new Map<string, number>();
  const sockets = new Set<Socket>();
  const stalled = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let head = "";
    socket.on("data", (data) => {
      head += data.toString("latin1");
      for (let end = head.indexOf("\r\n\r\n"); end !== -1; end = head.indexOf("\r\n\r\n")) {
        const request = head.slice(0, end);
        head = head.slice(end + 4);
        setTimeout(() => answer(socket, request), options.delayMs ?? 0);
      }
    });
  });
  const answer = (socket: Socket, request: string) => {
    const url = new URL(request.split(" ")[1] ?? "/", "http://x");
    if (!url.pathname.endsWith("/export")) {
      const body = JSON.stringify({ error: "not here" });
      socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      return;
    }
    const from = url.searchParams.get("from_date") ?? "";
    const to = url.searchParams.get("to_date") ?? "";
    const days = from === to ? from : `${from}..${to}`;
    const nth = seen.get(days) ?? 0;
    seen.set(days, nth + 1);
    asked.push(days);
    const lines: string[] = [];
    for (let time = Date.parse(from); time <= Date.parse(to); time += 86_400_000) {
      lines.push(...dayLines(new Date(time).toISOString().slice(0, 10), options.eventsPerDay));
    }
    const fault = options.fault(days, nth);
    if (fault.kind === "stall") stalled.add(socket);
    send(socket, lines, fault);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    open: () => [...stalled].filter((socket) => sockets.has(socket)).length,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The quota is announced so that the client learns a large one. */
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nRateLimit-Policy: "project";q=100000;w=3600\r\n`;
const GZIP = "Content-Encoding: gzip\r\n";

function chunked(bytes: Uint8Array, last = true): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 4_096) {
    const piece = bytes.subarray(at, at + 4_096);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  if (last) parts.push(Buffer.from("0\r\n\r\n"));
  return Buffer.concat(parts);
}

function send(socket: Socket, lines: string[], fault: Fault): void {
  const text = `${lines.join("\n")}\n`;
  const gzip = gzipSync(text);
  const cut = (bytes: Uint8Array, at: number) => bytes.subarray(0, Math.floor(bytes.length * at));
  const framed = (bytes: Uint8Array, more = GZIP) =>
    socket.write(Buffer.concat([Buffer.from(`${HEAD}${more}Transfer-Encoding: chunked\r\n\r\n`), chunked(bytes)]));
  const plain = (body: string) => framed(gzipSync(body));
  switch (fault.kind) {
    case "none":
      return void framed(gzip);
    case "fin":
      return void socket.end(
        Buffer.concat([Buffer.from(`${HEAD}${GZIP}Transfer-Encoding: chunked\r\n\r\n`), cut(chunked(gzip), fault.at)]),
      );
    case "rst":
      socket.write(
        Buffer.concat([Buffer.from(`${HEAD}${GZIP}Transfer-Encoding: chunked\r\n\r\n`), cut(chunked(gzip), fault.at)]),
      );
      return void setTimeout(() => socket.resetAndDestroy(), 20);
    case "shortLength":
      return void socket.end(
        Buffer.concat([Buffer.from(`${HEAD}${GZIP}Content-Length: ${gzip.length}\r\n\r\n`), cut(gzip, fault.at)]),
      );
    case "noLastChunk":
      return void socket.end(
        Buffer.concat([
          Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`),
          chunked(cut(Buffer.from(text), fault.at), false),
        ]),
      );
    case "gzipCut":
      return void framed(cut(gzip, fault.at));
    case "noTrailer":
      return void framed(gzip.subarray(0, -8));
    case "crcFlip": {
      const flipped = Buffer.from(gzip);
      flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
      return void framed(flipped);
    }
    case "terminatedEarly":
      return void plain(`${lines.slice(0, lines.length / 2).join("\n")}\nterminated early\n`);
    case "gluedTermination":
      return void plain(`${text.slice(0, text.length / 2)}export terminated early`);
    case "html":
      return void plain("<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>");
    case "halfLine":
      // Never between two lines: nobody could tell that from a short day.
      return void plain(text.slice(0, text.lastIndexOf("\n", text.length / 2) - 5));
    case "errorLine":
      return void plain(`${lines.slice(0, 3).join("\n")}\n{"error":"internal error"}\n`);
    case "empty":
      return void socket.end(`${HEAD}${GZIP}Transfer-Encoding: chunked\r\n\r\n`);
    case "closeDelimited":
      return void socket.end(
        Buffer.concat([Buffer.from(`${HEAD}Connection: close\r\n\r\n`), cut(Buffer.from(text), fault.at)]),
      );
    case "stall":
      return void socket.write(
        Buffer.concat([Buffer.from(`${HEAD}${GZIP}Transfer-Encoding: chunked\r\n\r\n`), cut(chunked(gzip), fault.at)]),
      );
    case "status": {
      const body = fault.body ?? "";
      const headers = Object.entries(fault.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      return void socket.write(
        `HTTP/1.1 ${fault.status} X\r\n${headers.join("")}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    }
  }
}
