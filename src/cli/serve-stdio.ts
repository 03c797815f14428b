/** The life of a stdio server: it lives as long as its input, its output and the signals let it, and leaves no child behind. */

import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { SHUTDOWN_MS } from "../limits.ts";
import { createStdioTransport } from "../server/stdio.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** Serves until the client goes away or a signal comes, then resolves with the exit code. */
export async function serveStdio(server: Server, workspace: Workspace): Promise<number> {
  const transport = createStdioTransport(Bun.stdin.stream(), process.stdout);
  const ended = new Promise<"input" | "output" | "signal">((resolve) => {
    transport.onend = resolve;
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve("signal"));
  });
  await server.connect(transport);
  const why = await ended;
  const until = Date.now() + SHUTDOWN_MS;
  // A client that closes its input may still read the answers to what it asked.
  while (why === "input" && transport.open.size > 0 && Date.now() < until) await Bun.sleep(10);
  await Promise.race([workspace.close(), Bun.sleep(SHUTDOWN_MS)]);
  // A slow reader that still takes bytes is waited for; one that takes none is not.
  if (why !== "output") await transport.drained(SHUTDOWN_MS);
  await server.close().catch(() => {});
  return 0;
}
