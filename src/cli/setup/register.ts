/** Puts our server into a client's JSON file, or takes it out, touching nothing else in it: comments, order and commas stay. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { Fault } from "../../fault.ts";
import type { ClientFile } from "./clients.ts";

export const SERVER_NAME = "mixpanel";

export type Entry = { command: string; args: string[]; env?: Record<string, string> };

export type Change = { path: string; before: string | undefined; after: string | undefined };

/** What registering would make of the file. Throws CONFIG_INVALID for a file that is not JSON: it is left alone. */
export function registered(file: ClientFile, entry: Entry): Change {
  const value = file.key === "servers" ? { type: "stdio", ...entry } : entry;
  return edited(file, value);
}

/** What removing would make of it; no change where we are not in it. */
export function unregistered(file: ClientFile): Change {
  const before = read(file.path);
  const servers: unknown = before === undefined ? undefined : parsed(file.path, before)[file.key];
  const present = typeof servers === "object" && servers !== null && SERVER_NAME in servers;
  return present ? edited(file, undefined) : { path: file.path, before, after: before };
}

function edited(file: ClientFile, value: unknown): Change {
  const before = read(file.path);
  const text = before === undefined || before.trim() === "" ? "{}\n" : before;
  const root = parsed(file.path, text);
  const servers = root[file.key];
  if (servers !== undefined && (typeof servers !== "object" || servers === null || Array.isArray(servers))) {
    throw unusable(file.path, `"${file.key}" is not an object`);
  }
  const after = insertPretty(text, [file.key, SERVER_NAME], value);
  parsed(file.path, after);
  return { path: file.path, before, after };
}

/** The library's own formatting would also reformat the neighbours; so it makes the bare edit, and only what is new is laid out. */
function insertPretty(text: string, path: [string, string], value: unknown): string {
  const indent = /^(\t| +)\S/m.exec(text)?.[1] ?? "  ";
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const edits = modify(text, path, value, {}).map((edit) => {
    const property = /^(,?)("(?:[^"\\]|\\.)*"): ?(\{.*\})(,?)$/s.exec(edit.content);
    if (!property) return edit;
    const [, before = "", name = "", json = "", behind = ""] = property;
    const depth = name === JSON.stringify(path[0]) ? 1 : 2;
    const pretty = JSON.stringify(JSON.parse(json), null, indent)
      .split("\n")
      .join(eol + indent.repeat(depth));
    const alone = before === "" && behind === "";
    return {
      ...edit,
      content: `${before}${eol}${indent.repeat(depth)}${name}: ${pretty}${behind}${alone ? eol + indent.repeat(depth - 1) : ""}`,
    };
  });
  return applyEdits(text, edits);
}

function parsed(path: string, text: string): Record<string, unknown> {
  const errors: ParseError[] = [];
  const root: unknown = parse(text.replace(/^\uFEFF/, " "), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw unusable(path, `line ${line}: ${printParseErrorCode(error.error)}`);
  }
  if (typeof root !== "object" || root === null || Array.isArray(root))
    throw unusable(path, "it does not hold an object");
  return root as Record<string, unknown>;
}

function unusable(path: string, what: string): Fault {
  return new Fault("CONFIG_INVALID", `${path} cannot be edited: ${what}. It was left as it is.`, {
    suggestions: ["Mend the file and run setup again, or add the server by hand: setup --print shows what to add."],
  });
}

function read(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `${path} cannot be read.`, { suggestions: ["Check its permissions."], cause });
  }
}

/**
 * Writes a change: a dated copy of the old file beside it, then a rename, so that a crash leaves the old or the new file. A
 * symbolic link stays a link: the file it points to is replaced. Returns the backup's path.
 */
export function write(change: Change, mode?: number): string | undefined {
  if (change.after === undefined || change.after === change.before) return undefined;
  const target = existsSync(change.path) ? realpathSync(change.path) : change.path;
  try {
    mkdirSync(dirname(target), { recursive: true, mode: mode === undefined ? undefined : 0o700 });
    const backup = change.before === undefined ? undefined : backUp(target);
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    try {
      const kept = mode ?? (existsSync(target) ? statSync(target).mode & 0o777 : 0o644);
      writeFileSync(temporary, change.after, { mode: kept, flag: "wx" });
      renameSync(temporary, target);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    return backup;
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `${target} cannot be written.`, {
      suggestions: ["Check that the file and its folder may be written, then run setup again."],
      cause,
    });
  }
}

function backUp(path: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
  let backup = `${path}.${stamp}.bak`;
  for (let count = 2; existsSync(backup); count++) backup = `${path}.${stamp}-${count}.bak`;
  copyFileSync(path, backup);
  return backup;
}
