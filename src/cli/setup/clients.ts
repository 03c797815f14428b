/** The MCP clients `setup` knows: where each keeps its configuration on each system, and under which key servers stand. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, posix, win32 } from "node:path";
import type { Environment } from "../../config.ts";

export const CLIENTS = ["claude-desktop", "claude-code", "cursor", "vscode"] as const;
export type ClientName = (typeof CLIENTS)[number];

export const CLIENT_TITLES: Record<ClientName, string> = {
  "claude-desktop": "Claude Desktop",
  "claude-code": "Claude Code",
  cursor: "Cursor",
  vscode: "VS Code",
};

export type Machine = { platform: NodeJS.Platform; home: string; env: Environment };

/** A configuration file to edit; `key` is the object that holds the servers. */
export type ClientFile = { client: ClientName; path: string; key: "mcpServers" | "servers" };

/** Every place where the client may keep its file on this machine; the first is where a new one belongs. */
export function candidates(client: Exclude<ClientName, "claude-code">, machine: Machine): ClientFile[] {
  const at = (...paths: (string | undefined)[]): ClientFile[] =>
    paths
      .filter((path) => path !== undefined)
      .map((path) => ({ client, path, key: client === "vscode" ? "servers" : "mcpServers" }));
  const { platform, home, env } = machine;
  const path = platform === "win32" ? win32 : posix;
  if (client === "cursor") return at(path.join(home, ".cursor", "mcp.json"));
  const roaming = env["APPDATA"] ?? path.join(home, "AppData", "Roaming");
  const config = env["XDG_CONFIG_HOME"] || path.join(home, ".config");
  const support = path.join(home, "Library", "Application Support");
  if (client === "vscode") {
    if (platform === "darwin") return at(path.join(support, "Code", "User", "mcp.json"));
    return at(path.join(platform === "win32" ? roaming : config, "Code", "User", "mcp.json"));
  }
  const file = "claude_desktop_config.json";
  if (platform === "darwin") return at(path.join(support, "Claude", file));
  if (platform !== "win32") return at(path.join(config, "Claude", file));
  return at(...storeBuilds(machine).map((folder) => join(folder, file)), path.join(roaming, "Claude", file));
}

/** Claude Desktop from the Microsoft Store keeps its files in folders named after the package. */
function storeBuilds({ home, env }: Machine): string[] {
  const local = env["LOCALAPPDATA"] ?? join(home, "AppData", "Local");
  const inside = (folder: string, prefix: RegExp) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => prefix.test(name))
          .map((name) => join(folder, name))
      : [];
  return [
    ...inside(join(local, "Claude-Data"), /^claude_/i),
    ...inside(join(local, "Packages"), /^Claude_/i).map((name) => join(name, "LocalCache", "Roaming", "Claude")),
  ].filter((folder) => existsSync(folder));
}

/** Clients that seem installed: their file, or the folder it belongs in, exists. */
export function installed(machine: Machine): ClientName[] {
  return CLIENTS.filter((client) =>
    client === "claude-code"
      ? claudeProgram(machine) !== undefined
      : candidates(client, machine).some(({ path }) => existsSync(path) || existsSync(dirname(path))),
  );
}

/** The files to edit for one client: those that exist, else the one to create. */
export function filesOf(client: Exclude<ClientName, "claude-code">, machine: Machine): ClientFile[] {
  const all = candidates(client, machine);
  const present = all.filter(({ path }) => existsSync(path));
  return present.length > 0 ? present : all.slice(0, 1);
}

/** The `claude` program on the PATH. */
export function claudeProgram({ env }: Machine): string | undefined {
  return Bun.which("claude", { PATH: env["PATH"] ?? "" }) ?? undefined;
}
