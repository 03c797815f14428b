/** The life of a stdio server: it lives as long as its input, its output and the signals let it, and leaves no child behind. */
import { SHUTDOWN_MS } from "../limits.ts";
import type { Toolset } from "../names.ts";
import { createFront } from "../server/front.ts";
import { createStdioTransport } from "../server/stdio.ts";
import type { Session } from "./session.ts";

/** Serves until the client goes away or a signal comes, then resolves with the exit code. `open` loads what a conversation needs. */
export async function serveStdio(toolsets: readonly Toolset[], open: () => Promise<Session>): Promise<number> {
  const transport = createStdioTransport(Bun.stdin.stream(), process.stdout);
  let session: Session | undefined;
  const { promise: ended, resolve: end } = Promise.withResolvers<"input" | "output" | "signal">();
  transport.onend = end;
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => end("signal"));
  const front = createFront(transport, toolsets, async (inner) => {
    session = await open();
    await session.server.connect(inner);
  });
  await transport.start();
  const why = await ended;
  const until = Date.now() + SHUTDOWN_MS;
  // A client that closes its input may still read the answers to what it asked.
  while (why === "input" && transport.open.size > 0 && Date.now() < until) await Bun.sleep(10);
  front.stop();
  await Promise.race([session?.workspace.close(), Bun.sleep(SHUTDOWN_MS)]);
  // A slow reader that still takes bytes is waited for; one that takes none is not.
  if (why !== "output") await transport.drained(SHUTDOWN_MS);
  await session?.server.close().catch(() => {});
  return 0;
}
