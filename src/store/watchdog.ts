/**
 * The watchdog thread of a child process (an entry point of its own in build.ts). The main thread of a child can be
 * stuck in SQLite, where it sees neither the end of stdin nor a signal; SQLite cannot be interrupted from JavaScript,
 * so the only cure is SIGKILL, and it must come from inside: the parent may be dead already.
 */
import { fstatSync, readFileSync, writeSync } from "node:fs";

declare const self: Worker;

export type WatchdogOrder = { parent?: number; maxBytes?: number; maxTempBytes?: number; deadline?: number | null };

let parent = 0;
let maxBytes = Number.POSITIVE_INFINITY;
let maxTempBytes = Number.POSITIVE_INFINITY;
let deadline = Number.POSITIVE_INFINITY;

self.onmessage = (message: MessageEvent<WatchdogOrder>) => {
  parent = message.data.parent ?? parent;
  maxBytes = message.data.maxBytes ?? maxBytes;
  maxTempBytes = message.data.maxTempBytes ?? maxTempBytes;
  if (message.data.deadline !== undefined) deadline = message.data.deadline ?? Number.POSITIVE_INFINITY;
};

setInterval(() => {
  if (parent !== 0 && parentGone()) end("parent gone");
  if (Date.now() > deadline) end("timeout");
  if (process.memoryUsage.rss() > maxBytes) end("memory");
}, 25);

setInterval(() => {
  if (maxTempBytes !== Number.POSITIVE_INFINITY && tempBytes() > maxTempBytes) end("disk");
}, 250);

/** More files than SQLite ever has open here. */
const DESCRIPTORS = 64;

/** SQLite removes its temporary files while they are open: the open files without a name. (Windows keeps the name; nothing is found.) */
function tempBytes(): number {
  let bytes = 0;
  for (let descriptor = 3; descriptor < DESCRIPTORS; descriptor++) {
    try {
      const file = fstatSync(descriptor);
      if (file.isFile() && file.nlink === 0) bytes += file.size;
    } catch {
      // Not an open descriptor.
    }
  }
  return bytes;
}

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
