/** A raw download read as it arrives: inflated, cut into lines or whole text, its end proven. Nothing is stored here. */
import { Fault } from "../fault.ts";
import type { Download } from "./api.ts";

const NEWLINE = 0x0a;
/** The longest line that is read; real ones are below 1 MB. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * The body's bytes after inflating. Throws UPSTREAM_TRUNCATED at the end of a body that broke off, and before the first
 * byte of one whose end nothing would prove (no length, no chunks, no gzip). Leaving the loop early closes the connection.
 */
async function* inflated(download: Download): AsyncGenerator<Uint8Array> {
  const { body, encoding, framing, length } = download;
  if (framing === "close" && encoding === "identity") {
    await body.cancel().catch(() => undefined);
    throw new Fault(
      "UPSTREAM_TRUNCATED",
      "Mixpanel sent a reply whose end cannot be proven (no length, no chunks, no gzip).",
    );
  }
  let received = 0;
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        received += piece.byteLength;
        controller.enqueue(piece);
      },
    }),
  );
  const gzip = encoding === "gzip" && length !== 0;
  const bytes = gzip
    ? counted.pipeThrough(new DecompressionStream("gzip") as unknown as ReadableWritablePair<Uint8Array, Uint8Array>)
    : counted;
  try {
    for await (const piece of bytes) yield piece;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("UPSTREAM_TRUNCATED", "Mixpanel's reply broke off before its end.", { cause });
  }
  if (length !== undefined && received !== length) {
    throw new Fault("UPSTREAM_TRUNCATED", `Mixpanel's reply ended after ${received} of ${length} bytes.`);
  }
}

/** Lines without their end, split at 0x0A only: values may hold U+2028. Blank lines are left out. */
export async function* readLines(download: Download): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let size = 0;
  const take = (last: Uint8Array) => {
    const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    size = 0;
    return decoder.decode(line).trim();
  };
  for await (const piece of inflated(download)) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; start = end + 1, end = piece.indexOf(NEWLINE, start)) {
      const line = take(piece.subarray(start, end));
      if (line !== "") yield line;
    }
    if (start === piece.length) continue;
    parts.push(piece.slice(start));
    size += piece.length - start;
    if (size > MAX_LINE_BYTES) {
      throw new Fault("UPSTREAM_ERROR", `Mixpanel sent a line longer than ${MAX_LINE_BYTES / 1024 / 1024} MB.`);
    }
  }
  const rest = take(new Uint8Array());
  if (rest !== "") yield rest;
}

/** The whole body as text. Throws UPSTREAM_ERROR when it inflates beyond `maxBytes`. */
export async function readText(download: Download, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of inflated(download)) {
    size += piece.byteLength;
    if (size > maxBytes) {
      throw new Fault("UPSTREAM_ERROR", `Mixpanel's reply is larger than ${Math.round(maxBytes / 1024 / 1024)} MB.`, {
        suggestions: ["Ask for less: fewer profiles or only some output_properties."],
      });
    }
    parts.push(piece.slice());
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}
