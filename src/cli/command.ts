/** What a command of the executable is, and how its flags are read. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { Fault } from "../fault.ts";
import { nearest } from "../nearest.ts";

export type Flag = { type: "string" | "boolean"; multiple?: boolean; value?: string; help: string };

export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

export type Command = {
  name: string;
  summary: string;
  flags: Record<string, Flag>;
  /** Resolves with the exit code. */
  run(values: Values): Promise<number>;
};

/** Throws a Fault (the command line answers with one line and exit code 2) for an unknown flag or a stray word. */
export function readFlags(command: Command, argv: string[]): Values {
  const options: ParseArgsOptionsConfig = { help: { type: "boolean", short: "h" } };
  for (const [name, { type, multiple }] of Object.entries(command.flags))
    options[name] = { type, multiple: multiple ?? false };
  const { tokens } = parseArgs({ args: argv, options, strict: false, tokens: true, allowPositionals: true });
  for (const token of tokens) {
    if (token.kind === "positional") {
      throw usage(`"${command.name}" takes no "${token.value}".`, [`See: mixpanel-data-mcp ${command.name} --help`]);
    }
    if (token.kind !== "option") continue;
    const known = token.name === "help" ? { type: "boolean" } : command.flags[token.name];
    if (!known) throw unknownFlag(command, token.rawName);
    if (known.type === "string" && !token.value) throw usage(`${token.rawName} needs a value.`, []);
    if (known.type === "boolean" && token.value !== undefined) throw usage(`${token.rawName} takes no value.`, []);
  }
  return parseArgs({ args: argv, options, strict: false, allowPositionals: true }).values;
}

function unknownFlag(command: Command, given: string): Fault {
  const known = [...Object.keys(command.flags), "help"].map((name) => `--${name}`);
  const near = nearest(given, known, 1)[0];
  const hint = near ? `Did you mean ${near}?` : `See: mixpanel-data-mcp ${command.name} --help`;
  return usage(`Unknown flag ${given} for "${command.name}".`, [hint]);
}

export function usage(message: string, suggestions: string[]): Fault {
  return new Fault("INVALID_ARGUMENT", message, { suggestions });
}

export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.flags, help: { type: "boolean", help: "show this" } as Flag }).map(
    ([name, flag]) => [`--${name}${flag.type === "string" ? ` ${flag.value ?? "VALUE"}` : ""}`, flag.help] as const,
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `mixpanel-data-mcp ${command.name}: ${command.summary}`,
    "",
    ...rows.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`),
    "",
  ].join("\n");
}
