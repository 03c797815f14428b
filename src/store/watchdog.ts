/**
 * The watchdog thread of a child process (an entry point of its own in build.ts). The main thread of a child can be
 * stuck in SQLite, where it sees neither the end of stdin nor a signal; SQLite cannot be interrupted from JavaScript,
 * so the only cure is SIGKILL, and it must come from inside: the parent may be dead already.
 */
import { readFileSync, writeSync } from "node:fs";

declare const self: Worker;

export type WatchdogOrder = { parent?: number; maxBytes?: number; deadline?: number | null };

let parent = 0;
let maxBytes = Number.POSITIVE_INFINITY;
let deadline = Number.POSITIVE_INFINITY;

self.onmessage = (message: MessageEvent<WatchdogOrder>) => {
  parent = message.data.parent ?? parent;
  maxBytes = message.data.maxBytes ?? maxBytes;
  if (message.data.deadline !== undefined) deadline = message.data.deadline ?? Number.POSITIVE_INFINITY;
};

setInterval(() => {
  if (parent !== 0 && parentGone()) end("parent gone");
  if (Date.now() > deadline) end("timeout");
  if (process.memoryUsage.rss() > maxBytes) end("memory");
}, 25);

/** `process.ppid` is stale inside a Worker and an unreaped parent still takes signal 0, so Linux reads its own stat. */
function parentGone(): boolean {
  if (process.platform === "linux") {
    const stat = readFileSync("/proc/self/stat", "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) !== parent;
  }
  try {
    process.kill(parent, 0);
    return false;
  } catch {
    return true;
  }
}

function end(reason: string): void {
  try {
    writeSync(2, `watchdog: ${reason}\n`);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}
