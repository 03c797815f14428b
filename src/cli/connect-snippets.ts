/** How to connect a real client, for the end of the demo; `setup` writes the same for you. */
import type { Style } from "./terminal.ts";

export function connectSnippets(executable: string, style: Style): string[] {
  const config = { mcpServers: { mixpanel: { command: executable, args: ["serve", "--demo"] } } };
  return [
    "",
    style.bold("Connect your assistant"),
    "Claude Desktop (claude_desktop_config.json):",
    ...JSON.stringify(config, null, 2)
      .split("\n")
      .map((line) => `  ${line}`),
    "Claude Code:",
    `  claude mcp add --transport stdio --scope user mixpanel -- ${quoted(executable)} serve --demo`,
    "",
    `For your own project: ${style.accent(`${quoted(executable)} setup`)} asks for a service account, checks it and registers the server.`,
  ];
}

const quoted = (path: string) => (/^[\w./:\\-]+$/.test(path) ? path : JSON.stringify(path));
