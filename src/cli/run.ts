/** Finds the command, reads its flags, runs it; a mistake on the command line is one line on stderr and exit code 2. */
import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { VERSION } from "../version.ts";
import { type Command, helpOf, readFlags, usage } from "./command.ts";

/** Each command loads its own part of the program when it is chosen: `serve` must start fast. */
const COMMANDS: Record<string, () => Promise<{ command: Command }>> = {
  serve: () => import("./serve.ts"),
  demo: () => import("./demo.ts"),
  setup: () => import("./setup.ts"),
  doctor: () => import("./doctor.ts"),
  tools: () => import("./tools.ts"),
};

export async function run(given: string | undefined, argv: string[]): Promise<number> {
  try {
    if (given === "version" || given === "--version" || given === "-v") return print(`${VERSION}\n`);
    if (given === "help" || given === "--help" || given === "-h") return print(await help());
    if (given === "--licenses") return print((await import("./licenses.ts")).licenses());
    // Flags without a command belong to `serve`.
    const name = given === undefined || given.startsWith("-") ? "serve" : given;
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!load) throw unknownCommand(name);
    const { command } = await load();
    const values = readFlags(command, name === given ? argv : given === undefined ? [] : [given, ...argv]);
    return values["help"] ? print(helpOf(command)) : await command.run(values);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`mixpanel-data-mcp: ${[error.message, ...error.suggestions].join(" ")}\n`);
    return error.code === "INVALID_ARGUMENT" ? 2 : 1;
  }
}

function print(text: string): Promise<number> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve(0)));
}

function unknownCommand(name: string): Fault {
  const known = [...Object.keys(COMMANDS), "version", "help"];
  const near = nearest(name, known, 1)[0];
  return usage(`Unknown command "${name}".`, [near ? `Did you mean "${near}"?` : `Commands: ${known.join(", ")}.`]);
}

async function help(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const rows = [
    ...commands.map(({ command }) => [command.name, command.summary] as const),
    ["version", "print the version (also --version)"] as const,
    ["help", "show this; every command has --help"] as const,
  ];
  return [
    "mixpanel-data-mcp [command] [flags]",
    "Work with Mixpanel data from an AI assistant. Without a command it serves MCP over stdio.",
    "",
    ...rows.map(([name, summary]) => `  ${name.padEnd(8)}  ${summary}`),
    "",
  ].join("\n");
}
