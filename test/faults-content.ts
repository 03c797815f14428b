/** What a faulty service says: other statuses, other bodies, broken lines, broken compression. */
import { constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import { createRandom, shuffled } from "../src/sample/random.ts";
import type { WireReply, WireRequest } from "./faults-wire.ts";

export type ContentFault = {
  /** Instead of asking the service. Its body is `body`, else a plausible error. */
  status?: number;
  /** Retry-After, sent as it is: seconds, a date, nonsense. */
  retryAfter?: number | string;
  /** More headers. */
  headers?: Record<string, string>;
  /** A fixed reply: text as it is, bytes as they are, anything else as JSON. */
  body?: unknown;
  html?: boolean;
  empty?: boolean;
  notJson?: boolean;
  /** Appended as a last line without a newline; `glued` cuts the last record in half and appends it there. */
  line?: string;
  glued?: boolean;
  /** The last line ends in the middle, and the stream ends in order. */
  halfLine?: boolean;
  /** Keeps only the first so many lines. */
  cutAtLine?: number;
  /** This share of the lines comes twice. */
  dupLines?: number;
  shuffle?: boolean;
  /** A line of so many bytes at the end, without a newline. */
  hugeLine?: number;
  /** Puts the Authorization header into the body (default 400), a header, or an export line. */
  echoAuth?: "body" | "header" | "line";
  redirect?: string;
  /** A gzip body of about a thousandth of so many bytes. */
  bomb?: number;
  noGzip?: boolean;
  /** Compressed bytes cut off after so many. */
  gzipCut?: number;
  /** One bit in the middle of the compressed bytes flipped. */
  gzipFlip?: boolean;
  /** The last eight compressed bytes, checksum and size, missing. */
  gzipNoTrailer?: boolean;
  /** Removes these keys wherever they are in the JSON. */
  dropFields?: string[];
  /** Adds unknown keys to the JSON's outer objects. */
  extraFields?: boolean;
  /** Replaces the values of these keys wherever they are in the JSON. */
  wrongTypes?: Record<string, unknown>;
  /** Hostile texts put where Mixpanel's data would carry texts. */
  inject?: string[];
};

const HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>";

export function changedContent(reply: WireReply, fault: ContentFault, request: WireRequest): WireReply {
  const replaced = replacement(reply, fault, request);
  const headers = { ...replaced.headers, ...fault.headers };
  if (fault.retryAfter !== undefined) headers["Retry-After"] = String(fault.retryAfter);
  if (fault.bomb !== undefined) {
    return {
      ...replaced,
      headers: { ...withoutEncoding(headers), "Content-Encoding": "gzip" },
      body: bomb(fault.bomb),
      framing: "chunked",
    };
  }
  const encoded = Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === "content-encoding" && value === "gzip",
  );
  const bytes = Buffer.concat([...replaced.body]);
  const plain = encoded && fault.body === undefined ? gunzipSync(bytes) : bytes;
  const changed = changedBytes(plain, fault, request);
  const breaks = fault.gzipCut !== undefined || fault.gzipFlip || fault.gzipNoTrailer;
  if (fault.hugeLine !== undefined)
    return {
      ...replaced,
      headers: withoutEncoding(headers),
      body: hugeLine(changed, fault.hugeLine),
      framing: "chunked",
    };
  if ((!encoded && !breaks) || fault.noGzip)
    return { ...replaced, headers: withoutEncoding(headers), body: pieces(changed) };
  const compressed = { ...withoutEncoding(headers), "Content-Encoding": "gzip" };
  return { ...replaced, headers: compressed, body: pieces(brokenGzip(gzipSync(changed), fault)) };
}

function withoutEncoding(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-encoding"));
}

/** A body that is not the service's at all. */
function replacement(reply: WireReply, fault: ContentFault, request: WireRequest): WireReply {
  const status =
    fault.status ?? (fault.redirect === undefined ? (fault.echoAuth === "body" ? 400 : reply.status) : 302);
  const authorization = request.headers.get("authorization") ?? "";
  const headers = { ...reply.headers };
  if (fault.redirect !== undefined) headers["Location"] = fault.redirect;
  if (fault.echoAuth === "header") headers["X-Echo"] = authorization;
  const text = (body: string, type: string): WireReply => ({
    ...reply,
    status,
    headers: { ...withoutEncoding(headers), "Content-Type": type },
    body: [Buffer.from(body)],
  });
  if (fault.html) return text(HTML, "text/html");
  if (fault.empty) return text("", "application/json");
  if (fault.notJson) return text('{"data": not json', "application/json");
  if (fault.echoAuth === "body")
    return text(JSON.stringify({ error: `bad request, Authorization: ${authorization}` }), "application/json");
  if (fault.body instanceof Uint8Array) return { ...reply, status, headers, body: [fault.body] };
  if (typeof fault.body === "string") return text(fault.body, "application/json");
  if (fault.body !== undefined) return text(JSON.stringify(fault.body), "application/json");
  if (fault.status !== undefined)
    return text(JSON.stringify({ request: request.target, error: `fault ${status}` }), "application/json");
  return { ...reply, status, headers };
}

function changedBytes(bytes: Buffer, fault: ContentFault, request: WireRequest): Buffer {
  if (touchesLines(fault, request)) return Buffer.from(changedLines(bytes.toString(), fault, request));
  if (!fault.dropFields && !fault.extraFields && !fault.wrongTypes && !fault.inject) return bytes;
  try {
    return Buffer.from(JSON.stringify(changedJson(JSON.parse(bytes.toString()), fault, true)));
  } catch {
    return bytes;
  }
}

function touchesLines(fault: ContentFault, request: WireRequest): boolean {
  const lines = [fault.line, fault.halfLine, fault.cutAtLine, fault.dupLines, fault.shuffle].some(
    (each) => each !== undefined,
  );
  return lines || fault.echoAuth === "line" || (fault.inject !== undefined && request.target.includes("/export"));
}

function changedLines(text: string, fault: ContentFault, request: WireRequest): string {
  const random = createRandom(5);
  let lines = text.split("\n").filter((line) => line !== "");
  if (fault.inject) lines = lines.map((line, index) => injectedLine(line, fault.inject ?? [], index));
  if (fault.echoAuth === "line") {
    const properties = { time: 1, distinct_id: "echo", authorization: request.headers.get("authorization") };
    lines.push(JSON.stringify({ event: "Echo", properties }));
  }
  if (fault.dupLines !== undefined)
    lines = lines.flatMap((line) => (random.chance(fault.dupLines ?? 0) ? [line, line] : [line]));
  if (fault.shuffle) lines = shuffled(lines, 9);
  if (fault.cutAtLine !== undefined) lines = lines.slice(0, fault.cutAtLine);
  const last = lines.at(-1) ?? "";
  const half = last.slice(0, Math.floor(last.length / 2));
  if (fault.halfLine) return [...lines.slice(0, -1), half].join("\n");
  if (fault.line !== undefined)
    return [...(fault.glued ? lines.slice(0, -1) : lines), (fault.glued ? half : "") + fault.line].join("\n");
  return lines.map((line) => `${line}\n`).join("");
}

function injectedLine(line: string, payloads: string[], index: number): string {
  const payload = payloads[index % payloads.length] ?? "";
  const parsed = JSON.parse(line) as { event: string; properties: Record<string, unknown> };
  const event = index % 10 === 0 ? payload : parsed.event;
  return JSON.stringify({
    ...parsed,
    event,
    properties: { ...parsed.properties, injected: payload, [payload]: index },
  });
}

const TEXTS = new Set(["name", "description", "error", "$name", "event_name", "step_label"]);

function changedJson(value: unknown, fault: ContentFault, outer: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => changedJson(item, fault, true));
    return fault.inject && items.some((item) => typeof item === "string") ? [...items, ...fault.inject] : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !fault.dropFields?.includes(key))
    .map(([key, inner]): [string, unknown] => {
      if (fault.wrongTypes && Object.hasOwn(fault.wrongTypes, key)) return [key, fault.wrongTypes[key]];
      if (fault.inject && TEXTS.has(key) && typeof inner === "string")
        return [key, fault.inject[inner.length % fault.inject.length]];
      const changed = changedJson(inner, fault, false);
      return [key, fault.inject && key === "values" ? withHostileKeys(changed, fault.inject) : changed];
    });
  if (fault.extraFields && outer) entries.push(["unexpected_field", { nested: [1, "two", null] }], ["__unknown", true]);
  return Object.fromEntries(entries);
}

/** Segments named by hostile texts, each with the numbers of the first one. */
function withHostileKeys(values: unknown, payloads: string[]): unknown {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return values;
  const [first] = Object.values(values);
  return Object.fromEntries([...Object.entries(values), ...payloads.map((payload) => [payload, first] as const)]);
}

function brokenGzip(bytes: Buffer, fault: ContentFault): Buffer {
  let broken = Buffer.from(bytes);
  if (fault.gzipFlip) {
    const middle = Math.floor(broken.length / 2);
    broken[middle] = (broken[middle] ?? 0) ^ 0x10;
  }
  if (fault.gzipNoTrailer) broken = broken.subarray(0, -8);
  return fault.gzipCut === undefined ? broken : broken.subarray(0, fault.gzipCut);
}

const PIECE_BYTES = 64 * 1024;

function* pieces(bytes: Buffer): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
}

const BLOCK_BYTES = 16 * 1024 * 1024;

/** One gzip stream that inflates to so many spaces: the same flushed block again and again, made while it is sent. */
function* bomb(bytes: number): Generator<Uint8Array> {
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  const block = deflateRawSync(Buffer.alloc(Math.min(bytes, BLOCK_BYTES), " "), {
    finishFlush: constants.Z_FULL_FLUSH,
  });
  for (let made = 0; made < bytes; made += BLOCK_BYTES) yield block;
  yield Buffer.concat([deflateRawSync(Buffer.alloc(0)), Buffer.alloc(8)]);
}

function* hugeLine(before: Buffer, bytes: number): Generator<Uint8Array> {
  yield* pieces(before);
  yield Buffer.from('{"event":"Huge","properties":{"text":"');
  const piece = Buffer.alloc(PIECE_BYTES, "a");
  for (let sent = 0; sent < bytes; sent += PIECE_BYTES) yield piece.subarray(0, Math.min(PIECE_BYTES, bytes - sent));
}
