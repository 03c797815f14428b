/**
 * The stdio transport: one JSON-RPC message a line, in both directions. Unlike the SDK's it bounds a line's size, answers what it
 * cannot read, knows which requests are still open, and can say when everything written has reached the reader.
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { MAX_MESSAGE_BYTES } from "../limits.ts";

const NEWLINE = 0x0a;
/** Written piece by piece, so that a slow reader is seen to make progress. */
const PIECE_BYTES = 64 * 1024;

export type StdioTransport = Transport & {
  /** Requests that were read and not answered yet. */
  readonly open: ReadonlySet<string | number>;
  /** Resolves when all output has been taken by the reader, or it has taken nothing for `stallMs`. */
  drained(stallMs: number): Promise<void>;
  /** Called once when input ends or output breaks. */
  onend?: (why: "input" | "output") => void;
};

export function createStdioTransport(input: ReadableStream<Uint8Array>, output: NodeJS.WriteStream): StdioTransport {
  const open = new Set<string | number>();
  let tail: Promise<void> = Promise.resolve();
  let pending = 0;
  let lastProgress = Date.now();
  let broken = false;

  const writePiece = (piece: Uint8Array) =>
    new Promise<void>((resolve) => {
      if (broken) return resolve();
      output.write(piece, () => {
        lastProgress = Date.now();
        resolve();
      });
    });

  const write = (message: unknown) => {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    pending++;
    tail = tail.then(async () => {
      for (let start = 0; start < bytes.length; start += PIECE_BYTES)
        await writePiece(bytes.subarray(start, start + PIECE_BYTES));
      pending--;
    });
    return tail;
  };

  const refuse = (code: number, message: string, id: string | number | null = null) =>
    write({ jsonrpc: "2.0", id, error: { code, message } });

  const receive = (line: Uint8Array) => {
    const text = new TextDecoder().decode(line).trim();
    if (text === "") return;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      refuse(-32700, "Parse error: the line is not JSON.");
      return;
    }
    const parsed = asMessage(json);
    if (!parsed) {
      refuse(-32600, "Invalid request: not a JSON-RPC 2.0 message.", idOf(json));
      return;
    }
    if ("method" in parsed && "id" in parsed) open.add(parsed.id);
    if ("method" in parsed && parsed.method === "notifications/cancelled") {
      const id = parsed.params?.["requestId"];
      if (typeof id === "string" || typeof id === "number") open.delete(id);
    }
    transport.onmessage?.(parsed);
  };

  const transport: StdioTransport = {
    open,
    async start() {
      output.on("error", () => {
        broken = true;
        transport.onend?.("output");
      });
      readLines(input, receive, () =>
        refuse(-32600, `Invalid request: a message is longer than ${MAX_MESSAGE_BYTES} bytes.`),
      ).then(
        () => transport.onend?.("input"),
        () => transport.onend?.("input"),
      );
    },
    send(message) {
      if ("id" in message && !("method" in message) && message.id !== undefined) open.delete(message.id);
      return write(message);
    },
    async close() {
      transport.onclose?.();
    },
    async drained(stallMs) {
      lastProgress = Date.now();
      while (pending > 0 && !broken && Date.now() - lastProgress < stallMs) await Promise.race([tail, Bun.sleep(100)]);
    },
  };
  return transport;
}

/** The shape that makes a JSON-RPC 2.0 message; what is inside params and result is checked where it is used. */
function asMessage(json: unknown): JSONRPCMessage | undefined {
  if (typeof json !== "object" || json === null || Reflect.get(json, "jsonrpc") !== "2.0") return undefined;
  const has = (key: string, types: string[]) => types.includes(typeof Reflect.get(json, key));
  const isPlain = (key: string) =>
    has(key, ["object"]) && Reflect.get(json, key) !== null && !Array.isArray(Reflect.get(json, key));
  if ("id" in json && !(has("id", ["string"]) || Number.isSafeInteger(json.id))) return undefined;
  if ("params" in json && !isPlain("params")) return undefined;
  const message = has("method", ["string"])
    ? !("result" in json || "error" in json)
    : "id" in json && (isPlain("result") || isPlain("error"));
  return message ? (json as JSONRPCMessage) : undefined;
}

function idOf(json: unknown): string | number | null {
  if (typeof json !== "object" || json === null || !("id" in json)) return null;
  return typeof json.id === "string" || typeof json.id === "number" ? json.id : null;
}

/** Splits on newlines over bytes; a line over the limit is dropped whole and reported once. */
async function readLines(
  input: ReadableStream<Uint8Array>,
  receive: (line: Uint8Array) => void,
  tooLong: () => void,
): Promise<void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let dropping = false;
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; start = end + 1, end = chunk.indexOf(NEWLINE, start)) {
      const last = chunk.subarray(start, end);
      if (!dropping && size + last.length <= MAX_MESSAGE_BYTES)
        receive(parts.length === 0 ? last : Buffer.concat([...parts, last]));
      else if (!dropping) tooLong();
      parts = [];
      size = 0;
      dropping = false;
    }
    if (start === chunk.length || dropping) continue;
    size += chunk.length - start;
    // The stream may reuse its buffer: what is kept for later is copied.
    parts.push(chunk.slice(start));
    if (size > MAX_MESSAGE_BYTES) {
      tooLong();
      dropping = true;
      parts = [];
      size = 0;
    }
  }
  if (size > 0) receive(Buffer.concat(parts));
}
