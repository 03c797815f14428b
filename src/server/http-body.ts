/** Reads the body of a POST: bounded in bytes and in time, and only then parsed. */
import { HTTP_BUFFER_BYTES, MAX_MESSAGE_BYTES } from "../limits.ts";

/** Deeper than any argument of ours; recursion over a deeper value could exhaust the stack. */
const MAX_DEPTH = 200;

export type Body = { ok: true; message: unknown } | { ok: false; status: 400 | 408 | 413 | 429; reason: string };

/** The bytes of all bodies that are being read at this moment: many at once may not fill the memory either. */
export type Buffered = { bytes: number };

/** `timeoutMs` is for the whole body, from the moment the headers were read. */
export async function readBody(request: Request, timeoutMs: number, buffered: Buffered): Promise<Body> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_MESSAGE_BYTES) return tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  let timer: Timer | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), timeoutMs);
  });
  try {
    while (reader) {
      const read = await Promise.race([reader.read(), late]);
      if (read === "late")
        return { ok: false, status: 408, reason: `The body did not arrive within ${timeoutMs / 1000} s.` };
      if (read.done) break;
      size += read.value.length;
      buffered.bytes += read.value.length;
      if (size > MAX_MESSAGE_BYTES) return tooLarge();
      if (buffered.bytes > HTTP_BUFFER_BYTES)
        return { ok: false, status: 429, reason: "Too many large requests at once." };
      chunks.push(read.value);
    }
  } catch {
    return { ok: false, status: 400, reason: "The body broke off." };
  } finally {
    clearTimeout(timer);
    buffered.bytes -= size;
    reader?.cancel().catch(() => {});
  }
  return parse(Buffer.concat(chunks));
}

function tooLarge(): Body {
  return { ok: false, status: 413, reason: `The body is longer than ${MAX_MESSAGE_BYTES} bytes.` };
}

function parse(bytes: Uint8Array): Body {
  try {
    const message: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (deeperThan(message, MAX_DEPTH))
      return { ok: false, status: 400, reason: `The message is nested more than ${MAX_DEPTH} levels deep.` };
    return { ok: true, message };
  } catch {
    // Not UTF-8, not JSON, or nested too deeply for the parser itself.
    return { ok: false, status: 400, reason: "Parse error: the body is not JSON." };
  }
}

/** Level by level, without recursion. */
export function deeperThan(value: unknown, levels: number): boolean {
  let layer: unknown[] = [value];
  for (let level = 0; level <= levels; level++) {
    layer = layer.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
    if (layer.length === 0) return false;
  }
  return true;
}
