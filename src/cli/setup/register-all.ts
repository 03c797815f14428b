/** Registers the server with each chosen client: JSON files by careful edits, Claude Code through its own command. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "jsonc-parser";
import type { Config } from "../../config.ts";
import { Fault } from "../../fault.ts";
import { changedLines, secretsIn } from "./changed-lines.ts";
import { registerWithClaudeCode } from "./claude-code.ts";
import { CLIENT_TITLES, type ClientFile, type ClientName, filesOf, type Machine } from "./clients.ts";
import { type Entry, registered, SERVER_NAME } from "./register.ts";
import type { Say } from "./say.ts";
import { type Change, write } from "./write-file.ts";

export type RegisterAll = {
  clients: ClientName[];
  accountName: string;
  config: Config;
  machine: Machine;
  print: boolean;
  say: Say;
};

/** One client that cannot be edited does not keep the others from it; at the end it is an error all the same. */
export function registerAll({ clients, accountName, config, machine, print, say }: RegisterAll): void {
  const entry = entryFor(accountName, config);
  const problems: Fault[] = [];
  for (const client of clients) {
    try {
      if (client === "claude-code") registerWithClaudeCode(entry, machine, print, say);
      else registerInFiles(client, entry, machine, print, say);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      problems.push(error);
    }
  }
  const [first, ...others] = problems;
  for (const other of others) say(`failed: ${[other.message, ...other.suggestions].join(" ")}`);
  if (first) throw first;
}

/** The command line a client starts. The secret is not in it: the account's name is, and the file or keychain has the rest. */
export function entryFor(accountName: string, config: Config): Entry {
  const program = Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, resolve(Bun.main)];
  const [command = "", ...before] = program;
  const usual = join(homedir(), ".mp", "config.toml");
  return {
    command,
    args: [...before, "serve", "--account", accountName],
    ...(config.configPath === usual ? {} : { env: { MP_CONFIG_PATH: config.configPath } }),
  };
}

function registerInFiles(
  client: Exclude<ClientName, "claude-code">,
  entry: Entry,
  machine: Machine,
  print: boolean,
  say: Say,
): void {
  for (const file of filesOf(client, machine)) {
    const change = registered(file, entry);
    if (change.after === change.before) say(`ok: ${CLIENT_TITLES[client]} already has it (${file.path})`);
    else if (print) {
      say(`would write to ${file.path}:`);
      for (const line of changedLines(change, secretsBeside(change, file.key))) say(`  ${line}`);
    } else {
      const backup = write(change);
      say(`ok: ${CLIENT_TITLES[client]}: ${file.path}${backup ? `, backup ${backup}` : " (new)"}`);
    }
  }
}

/** What other servers in the file must not show; our own entry holds no secret. */
function secretsBeside({ after = "" }: Change, key: ClientFile["key"]): string[] {
  const root: Record<string, unknown> = { ...parse(after.replace(/^\uFEFF/, " "), [], { allowTrailingComma: true }) };
  const servers = { ...Object(root[key]), [SERVER_NAME]: undefined };
  return secretsIn({ ...root, [key]: servers });
}
