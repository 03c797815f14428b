/**
 * Runs the chunks of a fetch: a few at once, each with its attempts, until all are done, one fails in a way that dooms
 * the others, or too many in a row fail. Knows nothing of events or profiles.
 */
import { Fault, type FaultCode } from "../fault.ts";
import { pause } from "./pause.ts";

/** A broken stream is fetched again from its start; the third time it is given up. */
const ATTEMPTS = 3;
const BACKOFF_MS = 500;
/** With so many failures and no success in between it is not the chunk: what is left is not tried. */
const FAILURES_IN_A_ROW = 6;

/** Trying another chunk would end the same way. */
const FATAL = new Set<FaultCode>([
  "CONFIG_MISSING",
  "CONFIG_INVALID",
  "AUTH_FAILED",
  "PERMISSION_DENIED",
  "PLAN_LIMIT",
  "RATE_LIMITED",
  "QUERY_INVALID",
  "NOT_FOUND",
  "STORE_FULL",
  "STORE_BUSY",
  "TABLE_NOT_FOUND",
  "INVALID_ARGUMENT",
  "CANCELLED",
  "INTERNAL",
]);

/** A stream that broke, as opposed to a request that was answered with an error: worth the same request again. */
const BROKEN = new Set<FaultCode>(["UPSTREAM_TRUNCATED", "NETWORK_ERROR", "UPSTREAM_ERROR"]);

/** Thrown by `attempt` for a failure that the client has already retried: the chunk is given up at once. */
export class Settled {
  constructor(readonly fault: Fault) {}
}

export type ChunkRun<Chunk> = {
  /** What is still to be done, taken from the front; `failed` may put something back. */
  queue: Chunk[];
  workers: number;
  signal: AbortSignal;
  /** How often a broken stream is fetched again from its start; 3 by default. */
  attempts?(chunk: Chunk): number;
  /** Waits until a chunk may be taken from the queue. */
  turn?(): Promise<void>;
  /** One whole try: download, prove, store. */
  attempt(chunk: Chunk): Promise<void>;
  done(chunk: Chunk): void;
  /** True when the chunk was put back in another form, which is no failure yet. */
  failed(chunk: Chunk, fault: Fault): boolean | undefined;
};

/** Returns the Fault that stopped the run early, if one did. Chunks that were not tried are reported to nobody. */
export async function runChunks<Chunk>(run: ChunkRun<Chunk>): Promise<Fault | undefined> {
  const { queue } = run;
  const state: { fatal: Fault | undefined; failures: number } = { fatal: undefined, failures: 0 };
  const worker = async () => {
    const isOver = () => state.fatal !== undefined || run.signal.aborted || queue.length === 0;
    while (!isOver()) {
      await run.turn?.();
      const chunk = isOver() ? undefined : queue.shift();
      if (chunk === undefined) return;
      const fault = await fetchChunk(run, chunk);
      if (fault === undefined) {
        state.failures = 0;
        run.done(chunk);
        continue;
      }
      if (run.signal.aborted) return;
      if (run.failed(chunk, fault) === true) continue;
      if (FATAL.has(fault.code) || ++state.failures >= FAILURES_IN_A_ROW) state.fatal ??= fault;
    }
  };
  await Promise.all(Array.from({ length: Math.min(run.workers, queue.length) }, worker));
  if (run.signal.aborted) return run.signal.reason instanceof Fault ? run.signal.reason : cancelled();
  return state.fatal;
}

async function fetchChunk<Chunk>(run: ChunkRun<Chunk>, chunk: Chunk): Promise<Fault | undefined> {
  const most = run.attempts?.(chunk) ?? ATTEMPTS;
  for (let attempt = 1; ; attempt++) {
    try {
      await run.attempt(chunk);
      return undefined;
    } catch (error) {
      if (error instanceof Settled) return error.fault;
      const fault = asFault(error);
      if (run.signal.aborted || !BROKEN.has(fault.code)) return fault;
      if (attempt >= most) return withAttempts(fault, attempt);
      await pause(BACKOFF_MS * 2 ** (attempt - 1) * (1 + Math.random() / 4), run.signal).catch(() => undefined);
      if (run.signal.aborted) return fault;
    }
  }
}

function withAttempts(fault: Fault, attempts: number): Fault {
  return new Fault(fault.code, `${fault.message.replace(/\.$/, "")} (${attempts} attempts).`, {
    suggestions: fault.suggestions,
    details: fault.details,
    cause: fault,
  });
}

function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault("INTERNAL", "The fetch failed unexpectedly.", { cause: error });
}

function cancelled(): Fault {
  return new Fault("CANCELLED", "The fetch was cancelled.");
}
