/** `serve`: the MCP server, over stdio or HTTP. Also what runs without a command. */

import { type Config, environment, loadConfig, secretsOf } from "../config.ts";
import { createLog, createRedactor } from "../log.ts";
import type { Command, Values } from "./command.ts";
import { usage } from "./command.ts";
import { serveStdio } from "./serve-stdio.ts";
import type { Session } from "./session.ts";

export const command: Command = {
  name: "serve",
  summary: "serve MCP over stdio (default), or over HTTP with --transport http",
  flags: {
    transport: { type: "string", value: "stdio|http", help: "default stdio" },
    host: { type: "string", help: "HTTP: address to listen on, default 127.0.0.1; any other needs MP_HTTP_TOKEN" },
    port: { type: "string", help: "HTTP: port, default 8000" },
    account: { type: "string", value: "NAME", help: "account of the config file" },
    demo: { type: "boolean", help: "serve the sample project: no account needed" },
    toolsets: { type: "string", value: "LIST", help: "of discovery,query,fetch,local,guide; default all" },
    ephemeral: { type: "boolean", help: "keep fetched data in a temporary file, removed at exit" },
    "data-dir": { type: "string", value: "DIR", help: "where fetched data is kept, default ~/.mp/data" },
    "log-level": { type: "string", value: "LEVEL", help: "silent, error, warn (default), info or debug; to stderr" },
  },
  run: serve,
};

const text = (value: Values[string]) => (typeof value === "string" ? value : undefined);

async function serve(values: Values): Promise<number> {
  const transport = text(values["transport"]) ?? "stdio";
  if (transport !== "stdio" && transport !== "http")
    throw usage(`--transport is stdio or http, not "${transport}".`, []);
  const base = await loadConfig(
    {
      account: text(values["account"]),
      demo: values["demo"] === true,
      ephemeral: values["ephemeral"] === true,
      dataDir: text(values["data-dir"]),
      toolsets: text(values["toolsets"]),
      logLevel: text(values["log-level"]),
    },
    environment(),
  );
  const redact = createRedactor(secretsOf(base));
  for (const warning of base.warnings) createLog(base.logLevel, redact).warn(warning);
  const stops: (() => void)[] = [];
  try {
    if (transport === "stdio") return await serveStdio(base.toolsets, async () => (await prepare(base, stops))());
    const { serveHttp } = await import("./serve-http.ts");
    return await serveHttp({
      host: text(values["host"]) ?? "127.0.0.1",
      port: text(values["port"]) ?? "8000",
      token: base.httpToken?.reveal(),
      log: createLog(base.logLevel, redact),
      openSession: await prepare(base, stops),
    });
  } finally {
    for (const stop of stops) stop();
  }
}

/** Loads what sessions need, the sample service included where it is wanted, and returns the way to open one. */
async function prepare(base: Config, stops: (() => void)[]): Promise<() => Session> {
  const { openSession } = await import("./session.ts");
  const { config, stop } = base.demo ? await withSample(base) : { config: base, stop: () => {} };
  stops.push(stop);
  const redact = createRedactor(secretsOf(config));
  const log = createLog(config.logLevel, redact);
  return () => openSession(config, log, redact);
}

/** The configuration for the sample project, and the service behind it. */
export async function withSample(config: Config): Promise<{ config: Config; stop: () => void }> {
  const { startSample } = await import("../sample/service.ts");
  const { sampleAccount } = await import("../sample/account.ts");
  const sample = await startSample();
  return { config: { ...config, account: sampleAccount(sample), apiUrl: sample.url }, stop: () => void sample.close() };
}
