/** The life of an HTTP server: it listens until a signal comes, then cancels what runs and closes every session. */
import { SHUTDOWN_MS } from "../limits.ts";
import { type HttpOptions, startHttp } from "../server/http.ts";
import { usage } from "./command.ts";

/** Serves until a signal, then resolves with the exit code. `port` is text from the command line. */
export async function serveHttp(options: Omit<HttpOptions, "port"> & { port: string }): Promise<number> {
  const port = /^\d{1,5}$/.test(options.port) ? Number(options.port) : Number.NaN;
  if (!(port <= 65_535)) throw usage(`--port is a number from 0 to 65535, not "${options.port}".`, []);
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  const server = startHttp({ ...options, port });
  process.stderr.write(
    `mixpanel-data-mcp: serving MCP at ${server.url}${options.token ? " (bearer token required)" : ""}\n`,
  );
  await signalled;
  await Promise.race([server.close(), Bun.sleep(SHUTDOWN_MS)]);
  return 0;
}
