/** HTTP/1.1 by hand, so that every byte can be withheld, cut or delayed. One request per connection. */
import type { Socket } from "node:net";

export type WireRequest = { method: string; target: string; headers: Headers; body: Buffer };

export type Framing = "length" | "chunked" | "close";
export type WireReply = {
  status: number;
  headers: Record<string, string>;
  body: Iterable<Uint8Array>;
  framing: Framing;
};

export type WireFault = {
  /** Never answers; the connection stays open. */
  stallHeaders?: boolean;
  /** Sends so many body bytes, then nothing; the connection stays open. */
  stallAt?: number;
  /** Body bytes per second. */
  drip?: number;
  /** Sends so many body bytes, then closes in order (FIN). */
  finAt?: number;
  /** Sends so many body bytes, then resets (RST). */
  rstAt?: number;
  /** Announces 1,000 bytes more than it sends. */
  shortLength?: boolean;
  /** Chunked, without the last chunk. */
  noLastChunk?: boolean;
  /** No length and no chunks: the end of the connection ends the body. */
  closeDelimited?: boolean;
  /** Seconds the Date header is off. */
  clockSkew?: number;
  /** Every header byte comes alone, this many per second. */
  dripHeaders?: number;
};

const END_OF_HEAD = "\r\n\r\n";
const LENGTH_LIE = 1_000;
const DRIPS_PER_SECOND = 20;

export async function readRequest(socket: Socket): Promise<WireRequest> {
  let received = Buffer.alloc(0);
  let headEnd = -1;
  let request: WireRequest | undefined;
  let expected = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on("close", () => reject(new Error("the client went away")));
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      if (headEnd < 0) {
        headEnd = received.indexOf(END_OF_HEAD);
        if (headEnd < 0) return;
        request = readHead(received.subarray(0, headEnd).toString("latin1"));
        expected = Number(request.headers.get("content-length") ?? 0);
        if (request.headers.get("transfer-encoding")) reject(new Error("chunked requests are not read"));
      }
      if (received.length >= headEnd + END_OF_HEAD.length + expected) resolve();
    });
  });
  if (!request) throw new Error("no request");
  const start = headEnd + END_OF_HEAD.length;
  return { ...request, body: received.subarray(start, start + expected) };
}

function readHead(head: string): WireRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return { method, target, headers, body: Buffer.alloc(0) };
}

export async function writeReply(socket: Socket, reply: WireReply, fault: WireFault): Promise<void> {
  if (fault.stallHeaders) return;
  const framing = fault.closeDelimited
    ? "close"
    : fault.noLastChunk
      ? "chunked"
      : fault.shortLength
        ? "length"
        : reply.framing;
  const pieces = framing === "length" ? [Buffer.concat([...reply.body])] : reply.body;
  const head = headOf(reply, framing, framing === "length" ? (pieces as Buffer[])[0]?.length : undefined, fault);
  if (fault.dripHeaders) await dripText(socket, head, fault.dripHeaders);
  else await write(socket, Buffer.from(head, "latin1"));
  const end = await writeBody(socket, pieces, framing, fault);
  if (end === "stalled") return;
  if (end === "reset") {
    socket.resetAndDestroy();
    return;
  }
  if (end === "whole" && framing === "chunked" && !fault.noLastChunk)
    await write(socket, Buffer.from(`0${END_OF_HEAD}`));
  socket.end();
}

function headOf(reply: WireReply, framing: Framing, length: number | undefined, fault: WireFault): string {
  const headers: Record<string, string> = {
    Date: new Date(Date.now() + (fault.clockSkew ?? 0) * 1000).toUTCString(),
    Connection: "close",
    ...reply.headers,
  };
  if (framing === "chunked") headers["Transfer-Encoding"] = "chunked";
  if (framing === "length") headers["Content-Length"] = String((length ?? 0) + (fault.shortLength ? LENGTH_LIE : 0));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${reply.status} Status`, ...lines].join("\r\n") + END_OF_HEAD;
}

type End = "whole" | "stalled" | "reset" | "cut";

async function writeBody(
  socket: Socket,
  pieces: Iterable<Uint8Array>,
  framing: Framing,
  fault: WireFault,
): Promise<End> {
  const stops: [number | undefined, End][] = [
    [fault.stallAt, "stalled"],
    [fault.finAt, "cut"],
    [fault.rstAt, "reset"],
  ];
  let sent = 0;
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const stop = stops.find(([at]) => at !== undefined && sent + piece.length > at);
    const kept = stop?.[0] === undefined ? piece : piece.subarray(0, stop[0] - sent);
    if (framing === "chunked") await write(socket, Buffer.from(`${piece.length.toString(16)}\r\n`));
    await writeDripping(socket, kept, fault.drip);
    if (stop) return stop[1];
    if (framing === "chunked") await write(socket, Buffer.from("\r\n"));
    sent += piece.length;
  }
  return "whole";
}

async function writeDripping(socket: Socket, bytes: Uint8Array, perSecond: number | undefined): Promise<void> {
  if (perSecond === undefined) return write(socket, bytes);
  const size = Math.max(1, Math.round(perSecond / DRIPS_PER_SECOND));
  for (let start = 0; start < bytes.length; start += size) {
    await write(socket, bytes.subarray(start, start + size));
    await Bun.sleep((1000 * size) / perSecond);
  }
}

async function dripText(socket: Socket, text: string, perSecond: number): Promise<void> {
  for (const character of text) {
    await write(socket, Buffer.from(character, "latin1"));
    await Bun.sleep(1000 / perSecond);
  }
}

/** Resolves when the bytes are on their way; rejects when the client is gone. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error("the client went away"));
    const gone = () => reject(new Error("the client went away"));
    socket.once("close", gone);
    socket.write(bytes, (error) => {
      socket.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
