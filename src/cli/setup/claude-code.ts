/** Claude Code is registered through its own program. It gets no secret: neither as an argument nor in its environment. */
import { Fault } from "../../fault.ts";
import { claudeProgram, type Machine } from "./clients.ts";
import { type Entry, SERVER_NAME } from "./register.ts";
import type { Say } from "./say.ts";

const PROGRAM_MS = 20_000;
const REMOVE = ["mcp", "remove", "--scope", "user", SERVER_NAME];

/** Throws CONFIG_INVALID when the program refuses, or does not end within `limitMs`. */
export function registerWithClaudeCode(
  entry: Entry,
  machine: Machine,
  print: boolean,
  say: Say,
  limitMs = PROGRAM_MS,
): void {
  const program = claudeProgram(machine);
  const variables = Object.entries(entry.env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const options = ["mcp", "add", "--transport", "stdio", "--scope", "user", ...variables, SERVER_NAME];
  const args = [...options, "--", entry.command, ...entry.args];
  const line = commandLine(["claude", ...args], machine.platform);
  if (!program || print) {
    say(`${program ? "would run" : "Claude Code was not found; where it is, run"}: ${line}`);
    return;
  }
  const add = () => run(program, args, machine, limitMs) === 0;
  let done = add();
  if (!done) {
    // It refuses a name that is there already: an earlier registration of ours is replaced.
    run(program, REMOVE, machine, limitMs);
    done = add();
  }
  if (!done) {
    throw new Fault("CONFIG_INVALID", "Claude Code did not take the server.", {
      suggestions: [`Run it yourself to see why: ${line}`],
    });
  }
  say("ok: Claude Code");
}

export function removeFromClaudeCode(machine: Machine, print: boolean, say: Say): void {
  const program = claudeProgram(machine);
  if (!program || print) {
    const line = commandLine(["claude", ...REMOVE], machine.platform);
    say(`${program ? "would run" : "Claude Code was not found; where it is, run"}: ${line}`);
    return;
  }
  say(run(program, REMOVE, machine) === 0 ? "ok: removed from Claude Code" : "Claude Code: nothing was removed");
}

/** Its exit code; null when it was stopped for taking too long. */
function run(program: string, args: string[], machine: Machine, limitMs = PROGRAM_MS): number | null {
  const kept = Object.entries(machine.env).filter(([name, value]) => value !== undefined && !name.startsWith("MP_"));
  const env = Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
  const limits = { timeout: limitMs, killSignal: "SIGKILL" } as const;
  return Bun.spawnSync([program, ...args], { stdout: "ignore", stderr: "ignore", stdin: "ignore", env, ...limits })
    .exitCode;
}

/** As it can be pasted into a shell. */
export function commandLine(words: string[], platform: NodeJS.Platform): string {
  const quoted = (word: string) => {
    if (platform === "win32") return /^[\w./\\:=@-]+$/.test(word) ? word : `"${word}"`;
    return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  };
  return words.map(quoted).join(" ");
}
