/** A few child processes of one kind, each serving one request at a time; who finds none free waits, first come, first served. */
import type { Fault } from "../fault.ts";
import type { Child, RequestOptions } from "./child.ts";

export type PoolOptions = {
  most: number;
  /** How long a request waits for a child. */
  waitMs: number;
  /** The first child, or one more while all others are busy. */
  start(helper: boolean): Child;
  cancelled(): Fault;
  allBusy(): Fault;
};

export type ChildPool = {
  request<Result>(command: string, args: unknown, options: RequestOptions): Promise<Result>;
  close(): Promise<void>;
};

export function createChildPool(options: PoolOptions): ChildPool {
  const children: Child[] = [];
  const busy = new Set<Child>();
  const queue: (() => void)[] = [];
  const free = (): Child | undefined => {
    const idle = children.find((child) => !busy.has(child));
    if (idle !== undefined || children.length >= options.most) return idle;
    const child = options.start(children.length > 0);
    children.push(child);
    return child;
  };
  const acquire = async (signal: AbortSignal | undefined): Promise<Child> => {
    const deadline = Date.now() + options.waitMs;
    for (;;) {
      if (signal?.aborted) {
        // It may have been its turn.
        queue.shift()?.();
        throw options.cancelled();
      }
      const child = free();
      if (child !== undefined) {
        busy.add(child);
        return child;
      }
      if (Date.now() >= deadline) throw options.allBusy();
      await turn(queue, deadline - Date.now(), signal);
    }
  };
  return {
    async request<Result>(command: string, args: unknown, requestOptions: RequestOptions) {
      const child = await acquire(requestOptions.signal);
      try {
        return await child.request<Result>(command, args, requestOptions);
      } finally {
        busy.delete(child);
        queue.shift()?.();
      }
    },
    async close() {
      await Promise.all(children.map((child) => child.close()));
    },
  };
}

/** Waits until a child may be free, but no longer than `mostMs`. */
function turn(queue: (() => void)[], mostMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      const index = queue.indexOf(go);
      if (index >= 0) queue.splice(index, 1);
      go();
    };
    const timer = setTimeout(leave, mostMs);
    queue.push(go);
    signal?.addEventListener("abort", leave, { once: true });
  });
}
