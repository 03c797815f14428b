/**
 * The one protocol between the server and its child processes (`__writer`, `__sql`): the same executable again, JSON
 * lines over stdin and stdout, an empty environment. A child may be killed at any moment; the request it was serving
 * fails with a Fault, the next request starts a fresh child. Inside the child a watchdog thread (watchdog.ts) ends the
 * process when its parent is gone, its deadline has passed or it holds too much memory, because a thread that is stuck
 * in SQLite sees neither the end of stdin nor a signal handler.
 *
 *   to the child:  {"setup":any}  {"id":1,"command":"query","args":any,"timeoutMs":30000}  {"cancel":1}
 *   to the parent: {"id":1,"progress":any}  {"id":1,"result":any}  {"id":1,"fault":FaultData}
 */
import { join } from "node:path";
import { type Fault, type FaultData, reviveFault } from "../fault.ts";
import type { Log } from "../log.ts";

export type ChildCommand = "__sql" | "__writer";

/** Why a child ended while it was serving a request. */
export type EndReason = "timeout" | "memory" | "disk" | "cancelled" | "closed" | "died";

export type ChildOptions = {
  command: ChildCommand;
  /** The first message the child gets: what it needs to know for all its life, as JSON. */
  setup: unknown;
  /** Resident memory at which the watchdog ends the child. */
  maxBytes: number;
  /** Bytes of temporary files at which the watchdog ends the child; unlimited when absent. */
  maxTempBytes?: number;
  /** Collect garbage as eagerly as on a machine with this much memory: a bound on habits, not on what may be used. */
  collectAsIfBytes?: number;
  /** An unused child leaves after this; the next request starts another. */
  idleMs?: number;
  log: Log;
  /** The command that changes nothing: sent once more, to the next child, when the one it was sent to is found dead. */
  again?: string;
  /** The Fault a request gets when its child ended before it answered. */
  ended(reason: EndReason, command: string): Fault;
};

export type RequestOptions = {
  signal?: AbortSignal;
  /** After this the child is killed and the request fails with `ended("timeout")`. */
  timeoutMs?: number;
  onProgress?: (progress: unknown) => void;
  /** What an abort does: kill the child, or ask the handler to stop (its own `signal` is aborted). Default: kill. */
  onAbort?: "kill" | "ask";
};

export type Child = {
  readonly pid: number | undefined;
  /** Requests in flight, the waiting ones included. */
  readonly pending: number;
  /** Several requests may be in flight; the child serves them one after the other. A kill fails them all. */
  request<Result>(command: string, args: unknown, options?: RequestOptions): Promise<Result>;
  kill(): void;
  /** Ends the child: politely when it is idle, else by SIGKILL. Safe to call twice. */
  close(): Promise<void>;
};

type Waiting = {
  command: string;
  options: RequestOptions;
  settle(error: unknown, value?: unknown): void;
  /** Sends the request to another child; false when that is not wanted, or is not its first repetition. */
  resend(): boolean;
};

type Running = {
  process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  waiting: Map<number, Waiting>;
  /** Set when it is us who ends it. */
  reason: EndReason | undefined;
  /** The last words on stderr: the watchdog says there why it acted. */
  lastWords: string;
  /** Resolved when both pipes are read to their ends. */
  read: Promise<unknown>;
};

type FromChild = { id: number; progress?: unknown; result?: unknown; fault?: FaultData };

export function createChild(options: ChildOptions): Child {
  let running: Running | undefined;
  let nextId = 1;
  let idle: Timer | undefined;
  let closed = false;

  const spawn = (): Running => {
    const started = start(options);
    void started.process.exited.then(() => {
      if (running === started) running = undefined;
    });
    // What is left in the pipes counts: an answer may be among it, and the watchdog's reason is.
    void Promise.all([started.process.exited, started.read]).then(() => bury(started, options));
    return started;
  };

  const rest = () => {
    clearTimeout(idle);
    const child = running;
    if (child === undefined || child.waiting.size > 0 || options.idleMs === undefined) return;
    idle = setTimeout(() => {
      if (running === child) running = undefined;
      void child.process.stdin.end();
    }, options.idleMs);
    idle.unref();
  };

  /** Nobody waits for the end of a killed child: freeing its memory and temporary files can take a second. */
  const abandon = (child: Running, reason: EndReason) => {
    kill(child, reason);
    if (running === child) running = undefined;
    for (const { command, settle } of [...child.waiting.values()]) settle(options.ended(reason, command));
  };

  const send = <Result>(
    command: string,
    args: unknown,
    request: RequestOptions = {},
    repeated = false,
  ): Promise<Result> => {
    if (closed || request.signal?.aborted)
      return Promise.reject(options.ended(closed ? "closed" : "cancelled", command));
    clearTimeout(idle);
    running ??= spawn();
    const child = running;
    const id = nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const sent = Date.now();
    const abort = () => (request.onAbort === "ask" ? tell(child, { cancel: id }) : abandon(child, "cancelled"));
    // The child's own watchdog has the same deadline; this timer is the one that can say why.
    const timer =
      request.timeoutMs === undefined ? undefined : setTimeout(() => abandon(child, "timeout"), request.timeoutMs);
    request.signal?.addEventListener("abort", abort, { once: true });
    const settle = (error: unknown, value?: unknown) => {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", abort);
      child.waiting.delete(id);
      if (child.waiting.size === 0) child.process.unref();
      if (error === undefined) resolve(value as Result);
      else reject(error);
      rest();
    };
    const resend = () => {
      if (options.again !== command || repeated || closed || Date.now() - sent > FOUND_DEAD_MS) return false;
      send<Result>(command, args, request, true).then(
        (value) => settle(undefined, value),
        (error: unknown) => settle(error),
      );
      return true;
    };
    child.waiting.set(id, { command, options: request, settle, resend });
    // Waiting for something that is not referenced, the event loop would ask for it without a pause and take a core.
    child.process.ref();
    tell(child, { id, command, args, timeoutMs: request.timeoutMs });
    return promise;
  };

  return {
    get pid() {
      return running?.process.pid;
    },
    get pending() {
      return running?.waiting.size ?? 0;
    },
    request: (command, args, request) => send(command, args, request),
    kill() {
      if (running !== undefined) kill(running, "cancelled");
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      const child = running;
      if (child === undefined) return;
      if (child.waiting.size > 0) kill(child, "closed");
      else void child.process.stdin.end();
      const backstop = setTimeout(() => kill(child, "closed"), CLOSE_MS);
      await child.process.exited;
      clearTimeout(backstop);
    },
  };
}

/** An idle child closes its database in well under this; after it, SIGKILL does no harm either. */
const CLOSE_MS = 1_000;
const LAST_WORDS_CHARS = 4_000;
/** A child that ends this soon after a request had ended before it, or so it may be taken. */
const FOUND_DEAD_MS = 250;

function start(options: ChildOptions): Running {
  const child: Running = {
    process: Bun.spawn(selfCommand(options.command), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      // Nothing of ours, secrets least of all, reaches a child through its environment.
      env: options.collectAsIfBytes === undefined ? {} : { BUN_JSC_forceRAMSize: String(options.collectAsIfBytes) },
    }),
    waiting: new Map(),
    reason: undefined,
    lastWords: "",
    read: Promise.resolve(),
  };
  child.process.unref();
  tell(child, {
    setup: options.setup,
    parent: process.pid,
    maxBytes: options.maxBytes,
    maxTempBytes: options.maxTempBytes,
  });
  child.read = Promise.all([readAnswers(child, options.log), readLastWords(child)]);
  return child;
}

function tell(child: Running, message: unknown): void {
  // A child that has just died makes these fail; its exit settles what waits.
  try {
    child.process.stdin.write(`${JSON.stringify(message)}\n`);
    void Promise.resolve(child.process.stdin.flush()).catch(() => {});
  } catch {}
}

function kill(child: Running, reason: EndReason): void {
  child.reason ??= reason;
  child.process.kill("SIGKILL");
}

async function readAnswers(child: Running, log: Log): Promise<void> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  for await (const bytes of child.process.stdout) {
    const text = decoder.decode(bytes, { stream: true });
    if (!text.includes("\n")) {
      rest.push(text);
      continue;
    }
    const lines = (rest.join("") + text).split("\n");
    rest = [lines.pop() ?? ""];
    for (const line of lines) answer(child, line, log);
  }
}

function answer(child: Running, line: string, log: Log): void {
  if (line === "") return;
  let message: FromChild;
  try {
    message = JSON.parse(line) as FromChild;
  } catch {
    log.warn(`a child process wrote something else than an answer: ${line.slice(0, 200)}`);
    return;
  }
  const waiting = child.waiting.get(message.id);
  if (waiting === undefined) return;
  if (message.fault !== undefined) waiting.settle(reviveFault(message.fault));
  else if ("progress" in message) waiting.options.onProgress?.(message.progress);
  else waiting.settle(undefined, message.result);
}

async function readLastWords(child: Running): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of child.process.stderr) {
    child.lastWords = (child.lastWords + decoder.decode(bytes, { stream: true })).slice(-LAST_WORDS_CHARS);
  }
}

function bury(child: Running, options: ChildOptions): void {
  const watchdog = /watchdog: (timeout|memory|disk)/.exec(child.lastWords)?.[1] as EndReason | undefined;
  const reason = child.reason ?? watchdog ?? "died";
  if (reason === "died" && (child.waiting.size > 0 || child.lastWords !== "")) {
    const how = child.process.signalCode ?? child.process.exitCode;
    options.log.warn(`${options.command} ended (${how}): ${child.lastWords}`);
  }
  for (const { command, settle, resend } of [...child.waiting.values()]) {
    if (reason !== "died" || !resend()) settle(options.ended(reason, command));
  }
}

/** How to start this program again: the executable itself, or under `bun` the entry point next to this folder. */
export function selfCommand(command: string): string[] {
  if (Bun.isStandaloneExecutable) return [process.execPath, command];
  return [process.execPath, join(import.meta.dir, "../main.ts"), command];
}
