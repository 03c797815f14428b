/** Reading bodies with a limit on bytes and time, so that no reply can fill the memory or hold a call. */
import { constants, gunzipSync, inflateSync } from "node:zlib";
import { ERROR_BODY_MS, MAX_ERROR_BODY_BYTES } from "../limits.ts";

export type BodyText = { text: string } | { tooLarge: true };

/** The whole body as text, without a byte order mark; stops at `maxBytes`. Transport errors are thrown as they come. */
export async function readText(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<BodyText> {
  if (body === null) return { text: "" };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream and closes the connection.
    if (size > maxBytes) return { tooLarge: true };
    chunks.push(chunk);
  }
  return { text: new TextDecoder().decode(Buffer.concat(chunks)) };
}

/** As much of an error body as comes within its limits; never throws. `raw` bodies may still be compressed. */
export async function readErrorText(response: Response, raw: boolean): Promise<string> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), ERROR_BODY_MS);
  try {
    for (let size = 0; size < MAX_ERROR_BODY_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.byteLength;
    }
  } catch {
    // What came before the connection broke is better than nothing.
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => {});
  }
  const bytes = Buffer.concat(chunks).subarray(0, MAX_ERROR_BODY_BYTES);
  return new TextDecoder().decode(raw ? expanded(bytes, response.headers.get("Content-Encoding")) : bytes);
}

function expanded(bytes: Buffer, encoding: string | null): Buffer {
  const options = { maxOutputLength: MAX_ERROR_BODY_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    if (encoding === "gzip" || encoding === "x-gzip") return gunzipSync(bytes, options);
    return encoding === "deflate" ? inflateSync(bytes, options) : bytes;
  } catch {
    return Buffer.alloc(0);
  }
}
