/** The raw body of an export: compressed bytes as they come, with a watchdog, and an honest word about how its end is known. */
import { Fault } from "../fault.ts";
import { UPSTREAM_IDLE_MS } from "../limits.ts";
import type { Download } from "./api.ts";
import { abortFault, networkReason } from "./network.ts";

/** `released` is called, at times twice, when the body has ended in whatever way. */
export type Socket = { abort(): void; released(): void; host: string; endpoint: string };

/** `idleMs` is for tests. The stream errors with CANCELLED, NETWORK_ERROR (stalled) or UPSTREAM_TRUNCATED (broke off). */
export function downloadOf(
  response: Response,
  socket: Socket,
  signal?: AbortSignal,
  idleMs = UPSTREAM_IDLE_MS,
): Download {
  const { headers, status } = response;
  const length = /^\d+$/.test(headers.get("Content-Length") ?? "") ? Number(headers.get("Content-Length")) : undefined;
  const chunked = /\bchunked\b/i.test(headers.get("Transfer-Encoding") ?? "");
  return {
    status,
    encoding: /^(x-)?gzip$/i.test(headers.get("Content-Encoding")?.trim() ?? "") ? "gzip" : "identity",
    framing: chunked ? "chunked" : length === undefined ? "close" : "length",
    length: chunked ? undefined : length,
    body: watched(response.body, socket, signal, idleMs),
  };
}

function watched(
  source: ReadableStream<Uint8Array> | null,
  socket: Socket,
  signal: AbortSignal | undefined,
  idleMs: number,
): ReadableStream<Uint8Array> {
  const reader = source?.getReader();
  let bytes = 0;
  let stalled = false;
  const abort = () => {
    socket.abort();
    socket.released();
  };
  signal?.addEventListener("abort", abort, { once: true });
  const end = () => {
    signal?.removeEventListener("abort", abort);
    socket.released();
  };
  const failed = (error: unknown): Fault => {
    if (signal?.aborted) return abortFault(signal);
    if (stalled) return stalledFault(socket, bytes, idleMs);
    return brokenFault(socket, bytes, error);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const timer = setTimeout(() => {
          stalled = true;
          socket.abort();
        }, idleMs);
        try {
          if (signal?.aborted) throw abortFault(signal);
          const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
          if (!done) {
            bytes += value.byteLength;
            controller.enqueue(value);
            return;
          }
          end();
          controller.close();
        } catch (error) {
          end();
          socket.abort();
          controller.error(failed(error));
        } finally {
          clearTimeout(timer);
        }
      },
      async cancel() {
        end();
        socket.abort();
        await reader?.cancel().catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

function stalledFault(socket: Socket, bytes: number, idleMs: number): Fault {
  return new Fault(
    "NETWORK_ERROR",
    `Mixpanel (${socket.host}) sent nothing for ${idleMs / 1000} s after ${bytes} bytes of the ${socket.endpoint}.`,
    {
      suggestions: ["Try again; a shorter range per request helps when it stays."],
      details: { reason: "timeout", host: socket.host, bytes },
    },
  );
}

function brokenFault(socket: Socket, bytes: number, cause: unknown): Fault {
  return new Fault(
    "UPSTREAM_TRUNCATED",
    `The connection to Mixpanel (${socket.host}) broke off after ${bytes} bytes of the ${socket.endpoint}.`,
    {
      suggestions: ["Try again; what was complete before is kept."],
      details: { reason: networkReason(cause), host: socket.host, bytes },
      cause,
    },
  );
}
