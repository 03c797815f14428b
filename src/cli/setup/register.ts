/** Puts our server into a client's JSON file, or takes it out, touching nothing else in it: comments, order and commas stay. */
import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { Fault } from "../../fault.ts";
import type { ClientFile } from "./clients.ts";
import { backupsOf, type Change, readText } from "./write-file.ts";

export const SERVER_NAME = "mixpanel";

export type Entry = { command: string; args: string[]; env?: Record<string, string> };

/** What registering would make of the file. Throws CONFIG_INVALID for a file that is not JSON: it is left alone. */
export function registered(file: ClientFile, entry: Entry): Change {
  const value = file.key === "servers" ? { type: "stdio", ...entry } : entry;
  return edited(file, value);
}

/**
 * What removing would make of it; no change where we are not in it. Where the file is still what registering made of one of its
 * backups, that is what comes back, to the byte; otherwise the entry alone is taken out.
 */
export function unregistered(file: ClientFile): Change {
  const before = readText(file.path);
  const entry = before === undefined ? undefined : serversOf(file, parsed(file.path, before))?.[SERVER_NAME];
  if (before === undefined || entry === undefined) return { path: file.path, before, after: before };
  const original = [...backupsOf(file.path), "{}\n"].find((text) => inserted(file, text, entry) === before);
  return original === undefined ? edited(file, undefined) : { path: file.path, before, after: original };
}

/** The file with the entry in it; undefined where that cannot be. */
function inserted(file: ClientFile, text: string, entry: unknown): string | undefined {
  try {
    const root = parsed(file.path, text);
    return serversOf(file, root)?.[SERVER_NAME] === undefined ? editText(file, text, root, entry) : undefined;
  } catch {
    return undefined;
  }
}

function edited(file: ClientFile, value: unknown): Change {
  const before = readText(file.path);
  const text = before === undefined || before.trim() === "" ? "{}\n" : before;
  const root = parsed(file.path, text);
  const same = value !== undefined && Bun.deepEquals(serversOf(file, root)?.[SERVER_NAME], value);
  return { path: file.path, before, after: same ? before : editText(file, text, root, value) };
}

type Tree = Record<string, unknown>;

function serversOf(file: ClientFile, root: Tree): Tree | undefined {
  const servers = root[file.key];
  if (servers === undefined) return undefined;
  if (typeof servers !== "object" || servers === null || Array.isArray(servers))
    throw unusable(file.path, `"${file.key}" is not an object`);
  return servers as Tree;
}

/** The text with our entry set, or taken out when `value` is undefined; sure to mean that and nothing else. */
function editText(file: ClientFile, text: string, root: Tree, value: unknown): string {
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  const after = mark + insertPretty(text.slice(mark.length), [file.key, SERVER_NAME], value);
  const { [SERVER_NAME]: _old, ...others } = serversOf(file, root) ?? {};
  const wanted = { ...root, [file.key]: value === undefined ? others : { ...others, [SERVER_NAME]: value } };
  if (!Bun.deepEquals(parsed(file.path, after), wanted)) throw unusable(file.path, "a name stands in it twice");
  return after;
}

/** The library's own formatting would also reformat the neighbours; so it makes the bare edit, and only what is new is laid out. */
function insertPretty(text: string, path: [string, string], value: unknown): string {
  const indent = /^(\t| +)\S/m.exec(text)?.[1] ?? "  ";
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const layOut = (json: string, depth: number) =>
    JSON.stringify(JSON.parse(json), null, indent)
      .split("\n")
      .join(eol + indent.repeat(depth));
  const edits = modify(text, path, value, {}).map((edit) => {
    // In place of an older entry of ours.
    if (edit.content.startsWith("{")) return { ...edit, content: layOut(edit.content, 2) };
    const property = /^(,?)("(?:[^"\\]|\\.)*"): ?(\{.*\})(,?)$/s.exec(edit.content);
    if (!property) return edit;
    const [, before = "", name = "", json = "", behind = ""] = property;
    const depth = name === JSON.stringify(path[0]) ? 1 : 2;
    const alone = before === "" && behind === "";
    return {
      ...edit,
      content: `${before}${eol}${indent.repeat(depth)}${name}: ${layOut(json, depth)}${behind}${alone ? eol + indent.repeat(depth - 1) : ""}`,
    };
  });
  return applyEdits(text, edits);
}

const BYTE_ORDER_MARK = "\uFEFF";

function parsed(path: string, text: string): Tree {
  const errors: ParseError[] = [];
  const root: unknown = parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, errors, {
    allowTrailingComma: true,
  });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw unusable(path, `line ${line}: ${printParseErrorCode(error.error)}`);
  }
  if (typeof root !== "object" || root === null || Array.isArray(root))
    throw unusable(path, "it does not hold an object");
  return root as Tree;
}

function unusable(path: string, what: string): Fault {
  return new Fault("CONFIG_INVALID", `${path} cannot be edited: ${what}. It was left as it is.`, {
    suggestions: ["Mend the file and run setup again, or add the server by hand: setup --print shows what to add."],
  });
}
