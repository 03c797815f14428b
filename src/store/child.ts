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
import { Fault, type FaultData, reviveFault } from "../fault.ts";
import type { Log } from "../log.ts";

export type ChildCommand = "__sql" | "__writer";

/** Why a child ended while it was serving a request. */
export type EndReason = "timeout" | "memory" | "cancelled" | "closed" | "died";

export type ChildOptions = {
  command: ChildCommand;
  /** The first message the child gets: what it needs to know for all its life, as JSON. */
  setup: unknown;
  /** Resident memory at which the watchdog ends the child. */
  maxBytes: number;
  /** An unused child leaves after this; the next request starts another. */
  idleMs?: number;
  log: Log;
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
  resolve(value: unknown): void;
  reject(error: unknown): void;
  release(): void;
};

type Running = {
  process: Bun.PipedSubprocess;
  waiting: Map<number, Waiting>;
  reason: EndReason;
};

type FromChild = { id: number; progress?: unknown; result?: unknown; fault?: FaultData };

/** How to start this program again: the executable itself, or under `bun` the entry point next to this folder. */
export function selfCommand(command: string): string[] {
  if (Bun.isStandaloneExecutable) return [process.execPath, command];
  return [process.execPath, join(import.meta.dir, "../main.ts"), command];
}
