/** What a conversation needs: a server with a workspace of its own, and the sample project where it is wanted. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { createServer } from "../server/server.ts";
import { ALL_TOOLS } from "../tools/index.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";

export type Session = { server: Server; workspace: Workspace };

/** One server with a workspace of its own: the whole process over stdio, one client over HTTP. */
export function openSession(config: Config, log: Log, redact: (text: string) => string): Session {
  const workspace = openWorkspace(config, log);
  const tools = ALL_TOOLS.filter((tool) => config.toolsets.includes(tool.toolset));
  return { server: createServer({ workspace, tools, redact }), workspace };
}
