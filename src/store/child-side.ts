/** The child's half of the protocol in child.ts: reads requests, runs them one after the other, answers. */
import { Fault, faultData } from "../fault.ts";
import type { WatchdogOrder } from "./watchdog.ts";

export type ChildContext = {
  /** Aborted when the parent asks for it; only handlers that await can notice. */
  signal: AbortSignal;
  progress(value: unknown): void;
};

export type Handler = (args: never, context: ChildContext) => unknown;

export type ChildProgram = {
  /** Why it could not start: what every request is answered with. */
  failure?: unknown;
  /** By command. What a handler returns is the answer; a Fault it throws reaches the caller as that Fault. */
  handlers: Record<string, Handler>;
  /** One step of work nobody waits for, run once no request has come for IDLE_MS; false when there is nothing left to do. */
  background?: () => boolean | Promise<boolean>;
  /** Called once before the process ends by itself. */
  close?: () => void;
};

type FromParent =
  | { setup: unknown; parent: number; maxBytes: number; maxTempBytes?: number }
  | { id: number; command: string; args: unknown; timeoutMs?: number }
  | { cancel: number };

/** Requests come in rows, such as the end of a fetch and then of its job: a step between them would make the second wait. */
const IDLE_MS = 100;

type Request = Extract<FromParent, { id: number }> & { abort: AbortController };

/** Serves until stdin ends, then exits. `start` gets the setup message. */
export async function serveChild(start: (setup: never) => ChildProgram): Promise<void> {
  // Ctrl-C reaches the whole process group; the parent decides when its children end.
  process.on("SIGINT", () => {});
  const queue: Request[] = [];
  let program: ChildProgram | undefined;
  let watchdog: Worker | undefined;
  let running: Request | undefined;
  let working = false;

  let idle: Timer | undefined;

  const work = async (isIdle = false) => {
    if (working || program === undefined) return;
    working = true;
    clearTimeout(idle);
    let mayRest = isIdle;
    for (;;) {
      running = queue.shift();
      if (running !== undefined) {
        await serve(program, running, watchdog);
        mayRest = false;
      } else if (!mayRest || (await program.background?.()) !== true) break;
      // Requests that arrived meanwhile are read before the next step.
      else await new Promise((resolve) => setTimeout(resolve, 0));
    }
    working = false;
    if (!mayRest) idle = setTimeout(() => void work(true), IDLE_MS);
  };

  for await (const line of stdinLines()) {
    const message = JSON.parse(line) as FromParent;
    if ("setup" in message) {
      watchdog = startWatchdog({
        parent: message.parent,
        maxBytes: message.maxBytes,
        maxTempBytes: message.maxTempBytes,
      });
      program = startProgram(start, message.setup);
    } else if ("cancel" in message) {
      const request = running?.id === message.cancel ? running : queue.find(({ id }) => id === message.cancel);
      request?.abort.abort();
    } else {
      queue.push({ ...message, abort: new AbortController() });
    }
    void work();
  }
  program?.close?.();
  process.exit(0);
}

function startProgram(start: (setup: never) => ChildProgram, setup: unknown): ChildProgram {
  try {
    return start(setup as never);
  } catch (failure) {
    return { failure, handlers: {} };
  }
}

async function serve(program: ChildProgram, request: Request, watchdog: Worker | undefined): Promise<void> {
  const { id, timeoutMs } = request;
  if (timeoutMs !== undefined) order(watchdog, { deadline: Date.now() + timeoutMs });
  try {
    if (program.failure !== undefined) throw program.failure;
    const handler = program.handlers[request.command];
    if (handler === undefined) throw new Fault("INTERNAL", `The child process knows no command ${request.command}.`);
    if (request.abort.signal.aborted) throw new Fault("CANCELLED", "The request was cancelled.");
    const context: ChildContext = { signal: request.abort.signal, progress: (progress) => send({ id, progress }) };
    send({ id, result: (await handler(request.args as never, context)) ?? null });
  } catch (error) {
    const fault =
      error instanceof Fault
        ? error
        : new Fault("INTERNAL", error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    if (!(error instanceof Fault)) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    send({ id, fault: faultData(fault) });
  } finally {
    if (timeoutMs !== undefined) order(watchdog, { deadline: null });
  }
}

function send(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function order(watchdog: Worker | undefined, message: WatchdogOrder): void {
  watchdog?.postMessage(message);
}

function startWatchdog(first: WatchdogOrder): Worker {
  // In the executable, entry points lie under the common root of all of them, which is src/.
  const path = Bun.isStandaloneExecutable ? "./store/watchdog.ts" : new URL("./watchdog.ts", import.meta.url).href;
  const watchdog = new Worker(path, { smol: true });
  watchdog.postMessage(first);
  return watchdog;
}

/** Lines of stdin; ends when the parent closed it or died. */
export async function* stdinLines(): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of Bun.stdin.stream()) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
