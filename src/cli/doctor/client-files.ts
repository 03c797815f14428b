/** Do the MCP clients' files that name this server still point to a program that exists? */
import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { parse } from "jsonc-parser";
import { CLIENT_TITLES, CLIENTS, type ClientFile, candidates, type Machine } from "../setup/clients.ts";
import type { Check } from "./checks.ts";

export function checkClientFiles(machine: Machine): Check[] {
  const files = CLIENTS.flatMap((client): ClientFile[] =>
    client === "claude-code" ? [claudeCodeFile(machine)] : candidates(client, machine),
  );
  return files.filter(({ path }) => existsSync(path)).flatMap(checkFile);
}

/** Where Claude Code keeps what `claude mcp add --scope user` told it; only ever read here. */
const claudeCodeFile = ({ home }: Machine): ClientFile => ({
  client: "claude-code",
  path: join(home, ".claude.json"),
  key: "mcpServers",
});

function checkFile(file: ClientFile): Check[] {
  const name = CLIENT_TITLES[file.client];
  let root: unknown;
  try {
    root = parse(readFileSync(file.path, "utf8").replace(/^\uFEFF/, ""), [], { allowTrailingComma: true });
  } catch {
    return [{ name, ok: false, message: `${file.path} cannot be read.`, fix: "Check its permissions." }];
  }
  const servers = objectAt(root, file.key);
  return Object.entries(servers).flatMap(([server, value]): Check[] => {
    const command = objectAt({ value }, "value")["command"];
    if (typeof command !== "string" || !/mixpanel-data-mcp/.test(`${server} ${JSON.stringify(value)}`)) return [];
    const found = isAbsolute(command) ? existsSync(command) : Bun.which(command) !== null;
    return found
      ? [{ name, ok: true, message: `"${server}" in ${file.path}` }]
      : [
          {
            name,
            ok: false,
            message: `"${server}" in ${file.path} starts ${command}, which does not exist.`,
            fix: `Register the program where it is now: mixpanel-data-mcp setup --client ${file.client}`,
          },
        ];
  });
}

function objectAt(value: unknown, key: string): Record<string, unknown> {
  const inner: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
}
