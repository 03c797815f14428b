/** Registers the server with each chosen client: JSON files by careful edits, Claude Code through its own command. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { Fault } from "../../fault.ts";

import { CLIENT_TITLES, type ClientName, claudeProgram, filesOf, type Machine } from "./clients.ts";
import { type Entry, registered, SERVER_NAME, write } from "./register.ts";
import type { Say } from "./say.ts";

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
  const [first] = problems;
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
      const shown = { [file.key]: { [SERVER_NAME]: file.key === "servers" ? { type: "stdio", ...entry } : entry } };
      for (const line of JSON.stringify(shown, null, 2).split("\n")) say(`  ${line}`);
    } else {
      const backup = write(change);
      say(`ok: ${CLIENT_TITLES[client]}: ${file.path}${backup ? `, backup ${backup}` : " (new)"}`);
    }
  }
}

function registerWithClaudeCode(entry: Entry, machine: Machine, print: boolean, say: Say): void {
  const program = claudeProgram(machine);
  const env = Object.entries(entry.env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const args = [
    "mcp",
    "add",
    "--transport",
    "stdio",
    "--scope",
    "user",
    ...env,
    SERVER_NAME,
    "--",
    entry.command,
    ...entry.args,
  ];
  const line = `claude ${args.map((part) => (/^[\w./:=@-]+$/.test(part) ? part : JSON.stringify(part))).join(" ")}`;
  if (!program || print) {
    say(`${program ? "would run" : "Claude Code was not found; where it is, run"}: ${line}`);
    return;
  }
  const run = (words: string[]) =>
    Bun.spawnSync([program, ...words], {
      stdout: "pipe",
      stderr: "pipe",
      stdin: "ignore",
      env: withoutSecret(machine.env),
    });
  // `mcp add` refuses a name that is there already: an earlier registration of ours is replaced.
  run(["mcp", "remove", "--scope", "user", SERVER_NAME]);
  const done = run(args);
  if (done.exitCode !== 0) {
    throw new Fault("CONFIG_INVALID", "Claude Code did not take the server.", {
      suggestions: [`Run it yourself to see why: ${line}`],
    });
  }
  say("ok: Claude Code");
}

function withoutSecret(env: Machine["env"]): Record<string, string> {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && !name.startsWith("MP_"));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}
