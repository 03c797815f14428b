/** How to connect a real client, for the end of the demo; `setup` writes the same for you. */
import { wrap } from "./draw.ts";
import { commandLine } from "./setup/claude-code.ts";
import type { Terminal } from "./terminal.ts";

export function connectSnippets(executable: string, { style, width }: Pick<Terminal, "style" | "width">): string[] {
  const program = commandLine([executable], process.platform);
  const more = process.platform === "win32" ? "" : " \\\n   ";
  const snippet = [
    '{ "mcpServers": { "mixpanel": {',
    `    "command": ${JSON.stringify(executable)},`,
    '    "args": ["serve", "--demo"] } } }',
  ];
  const command = `claude mcp add --transport stdio --scope user mixpanel${more} -- ${program} serve --demo`;
  return [
    "",
    style.bold("Connect your assistant"),
    "Claude Desktop, in claude_desktop_config.json (Cursor: ~/.cursor/mcp.json):",
    ...snippet.map((line) => `  ${style.accent(line)}`),
    "Claude Code:",
    ...command.split("\n").map((line) => `  ${style.accent(line)}`),
    "Your own project, in every client found on this machine:",
    `  ${style.accent(`${program} setup`)}`,
    ...wrap("It asks for a service account, checks it, and registers the server.", width - 2).map(
      (line) => `  ${line}`,
    ),
  ];
}
