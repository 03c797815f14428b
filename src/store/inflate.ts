/** A spool file -> its bytes as they were before compression. node:zlib inflates on a thread of its own. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { Fault } from "../fault.ts";

/** Smaller pieces cost more than the inflating itself (16 KB: 2.4 us per event, 256 KB: 0.8), and each wakes two threads. */
const PIECE_BYTES = 262_144;

/**
 * Yields pieces in order; several gzip members follow each other. Throws UPSTREAM_TRUNCATED for gzip that is cut, altered or
 * followed by something else: only a checked trailer proves that the body is whole.
 */
export async function* inflate(path: string, encoding: "gzip" | "identity"): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES });
  if (encoding === "identity") {
    yield* file as AsyncIterable<Uint8Array>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  file.on("error", (error) => gunzip.destroy(error));
  file.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw gzipFault(cause);
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}

function gzipFault(cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (!code.startsWith("Z_")) return cause;
  const what = code === "Z_BUF_ERROR" ? "ended in the middle" : "is damaged";
  return new Fault("UPSTREAM_TRUNCATED", `The compressed download ${what}.`, { cause });
}
