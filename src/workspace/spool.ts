/**
 * A download on its way into the store: compressed bytes, moved to a file without being looked at. HTTP says whether the
 * body ended as it should; the writer proves the rest (gzip trailer, whole lines) before a row becomes visible.
 */
import { open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../fault.ts";
import { UPSTREAM_IDLE_MS } from "../limits.ts";
import type { Download } from "../mixpanel/api.ts";
import { release } from "../release.ts";

export type SpoolOptions = {
  signal?: AbortSignal;
  /** Called with the bytes of every piece as it is written. */
  onBytes?: (bytes: number) => void;
  /** For tests. */
  idleMs?: number;
};

/**
 * Writes the body to `path`, replacing what is there; removes the file again unless the body ended properly. Throws
 * UPSTREAM_TRUNCATED for a short body and for one whose end nothing proves (no length, no chunks, no gzip), STORE_FULL when
 * the disk is full, and the body's own Fault when the connection broke.
 */
export async function spoolDownload(download: Download, path: string, options: SpoolOptions = {}): Promise<number> {
  if (download.framing === "close" && download.encoding === "identity") {
    await download.body.cancel().catch(() => undefined);
    throw new Fault(
      "UPSTREAM_TRUNCATED",
      "Mixpanel sent a reply whose end cannot be proven (no length, no chunks, no gzip).",
      {
        suggestions: ["A proxy between this machine and Mixpanel may be removing the framing; try without it."],
      },
    );
  }
  let bytes = 0;
  try {
    bytes = await writeBody(download, path, options);
    if (download.length !== undefined && bytes !== download.length) {
      throw new Fault("UPSTREAM_TRUNCATED", `Mixpanel's reply ended after ${bytes} of ${download.length} bytes.`);
    }
    return bytes;
  } catch (cause) {
    await removeSpool(path);
    throw spoolFault(cause, options.signal);
  }
}

async function writeBody(download: Download, path: string, options: SpoolOptions): Promise<number> {
  const file = await open(path, "w", 0o600).catch(async (cause: unknown) => {
    await download.body.cancel().catch(() => undefined);
    throw cause;
  });
  const reader = download.body.getReader();
  const drip = watchDrip(() => void reader.cancel().catch(() => undefined), options.idleMs ?? UPSTREAM_IDLE_MS);
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (drip.tooSlow()) throw dripFault(bytes);
      options.signal?.throwIfAborted();
      if (done) return bytes;
      // One write may take fewer bytes than it is given: on a nearly full disk it does.
      for (let written = 0; written < value.byteLength; ) {
        written += (await file.write(value, written, value.byteLength - written)).bytesWritten;
      }
      bytes += value.byteLength;
      drip.add(value.byteLength);
      options.onBytes?.(value.byteLength);
      release(value);
    }
  } catch (cause) {
    await reader.cancel().catch(() => undefined);
    throw cause;
  } finally {
    drip.stop();
    await file.close();
  }
}

/** Fewer bytes than this in a whole idle period are no download: a reply that drips would hold a job for ever. */
const FEWEST_BYTES = 1_024;

/** Calls `cancel` once when a period brought too little. The very first byte may take minutes and is not waited for here. */
function watchDrip(cancel: () => void, periodMs: number) {
  let inPeriod = 0;
  let slow = false;
  const timer = setInterval(() => {
    slow = inPeriod < FEWEST_BYTES;
    inPeriod = 0;
    if (slow) cancel();
  }, periodMs);
  return {
    add(bytes: number) {
      inPeriod += bytes;
    },
    tooSlow: () => slow,
    stop: () => clearInterval(timer),
  };
}

function dripFault(bytes: number): Fault {
  return new Fault("NETWORK_ERROR", `Mixpanel's reply came to a standstill after ${bytes} bytes.`, {
    suggestions: ["Try again; a shorter range per request helps when it stays."],
  });
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const FORBIDDEN = new Set(["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR"]);

/** What went wrong while a body was written, as a Fault. */
function spoolFault(cause: unknown, signal: AbortSignal | undefined): Fault {
  if (cause instanceof Fault) return cause;
  if (signal?.aborted) return new Fault("CANCELLED", "The fetch was cancelled.", { cause });
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (FULL.has(code)) {
    return new Fault("STORE_FULL", "The disk of the data folder is full.", {
      suggestions: ['Free some space (drop_table helps), then call the fetch again with mode "resume".'],
      cause,
    });
  }
  if (FORBIDDEN.has(code)) {
    return new Fault("STORE_FULL", `The data folder cannot be written (${code}).`, {
      suggestions: ["Make the data folder writable, or choose another with MP_DATA_DIR or --data-dir."],
      cause,
    });
  }
  return new Fault("UPSTREAM_TRUNCATED", "Mixpanel's reply broke off before its end.", { cause });
}

/** Removes a spool file; one that is gone already is fine. */
export async function removeSpool(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

/** `<pid>-<job>-<chunk>`: the pid lets a later process see that nobody needs the file any more. */
export function spoolPath(spoolDir: string, jobId: string, chunk: string): string {
  return join(spoolDir, `${process.pid}-${jobId}-${chunk.replaceAll(/[^\w.-]/g, "_")}.spool`);
}

/** Removes what processes left that do not run any more. `alive` says whether a pid runs. */
export async function cleanSpools(spoolDir: string, alive: (pid: number) => boolean): Promise<void> {
  const names = await readdir(spoolDir).catch(() => []);
  for (const name of names) {
    const pid = Number(/^(\d+)-/.exec(name)?.[1]);
    if (Number.isInteger(pid) && pid > 0 && !alive(pid)) await removeSpool(join(spoolDir, name));
  }
}
