/** Where an export may be written: inside one of the allowed folders by real path, never over something that exists. */
import { constants, linkSync, lstatSync, mkdirSync, realpathSync, statSync, unlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { Fault } from "../fault.ts";

export type ExportFormat = "csv" | "jsonl";

const ENDINGS: Record<ExportFormat, string[]> = { csv: [".csv"], jsonl: [".jsonl", ".ndjson"] };
const PATH_CHARS = 400;
/** A name every file system takes and every reader can see: no hidden file, no control or invisible character, no wildcard. */
const PLAIN_PART = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._()+,@=#&'-]{0,99}$/u;
/** Devices on Windows, whatever their ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * The absolute path a caller's `path` means. `folders`: the export folder, to which relative paths belong, and whatever else the
 * user allowed. Throws INVALID_ARGUMENT with the reason, also when something is there already. Nothing is created yet.
 */
export function exportPath(given: string, format: ExportFormat, folders: [string, ...string[]]): string {
  const path = given.trim();
  const refuse = (reason: string) =>
    new Fault("INVALID_ARGUMENT", `${JSON.stringify(path.slice(0, 100))} is not a path for an export: ${reason}.`, {
      suggestions: [`Give a file name such as result${ENDINGS[format][0]}; it goes into the export folder.`],
    });
  if (path.includes("\0") || path.length > PATH_CHARS || /^[a-z]{2,}:|[/\\]$/i.test(path))
    throw refuse("a plain file path is needed");
  const withEnding = extname(path) === "" ? `${path}${ENDINGS[format][0]}` : path;
  if (!ENDINGS[format].includes(extname(withEnding).toLowerCase()))
    throw refuse(`it must end with ${ENDINGS[format].join(" or ")}`);
  const target = resolve(folders[0], withEnding);
  const folder = folders.find((allowed) => inside(resolve(allowed), target));
  if (folder === undefined) throw refuse("it is outside the export folder");
  const parts = relative(resolve(folder), target).split(sep);
  if (!parts.every((part) => PLAIN_PART.test(part) && !DEVICE.test(part) && !/[ .]$/.test(part)))
    throw refuse("names are made of letters, digits, spaces and . _ - and begin with a letter or digit");
  if (exists(target)) throw taken(target);
  return target;
}

/**
 * Puts the finished file `from` at `target` without ever replacing anything or following a link that leads out of the folders.
 * A hard link is atomic and fails when the name is taken; on other file systems the bytes are copied into a new file.
 */
export async function placeExport(from: string, target: string, folders: string[]): Promise<void> {
  const dir = dirname(target);
  try {
    for (const folder of folders)
      if (inside(resolve(folder), target)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    // What exists of the way must lie inside already, before a folder is made in it.
    let existing = dir;
    while (!isFolder(existing)) existing = dirname(existing);
    if (!insideAny(folders, existing)) throw outside();
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw error instanceof Fault ? error : cannotWrite(target, error);
  }
  if (!insideAny(folders, dir)) throw outside();
  const real = join(realpathSync(dir), basename(target));
  try {
    linkSync(from, real);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw taken(target);
    await copyNew(from, real, target);
  }
  // The folder may have been swapped between the look and the link.
  if (!insideAny(folders, dir) || realpathSync(target) !== real) {
    unlinkSync(real);
    throw outside();
  }
}

function insideAny(folders: string[], path: string): boolean {
  return (
    isFolder(path) && folders.some((folder) => isFolder(folder) && inside(realpathSync(folder), realpathSync(path)))
  );
}

async function copyNew(from: string, real: string, target: string): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  // Absent on Windows, where O_EXCL alone refuses whatever is there.
  const file = await open(real, O_CREAT | O_EXCL | O_WRONLY | (O_NOFOLLOW ?? 0), 0o600).catch((error) => {
    throw codeOf(error) === "EEXIST" ? taken(target) : cannotWrite(target, error);
  });
  try {
    for await (const chunk of Bun.file(from).stream()) await file.writeFile(chunk);
  } catch (error) {
    unlinkSync(real);
    throw cannotWrite(target, error);
  } finally {
    await file.close();
  }
}

function inside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Anything at all, a dangling link too. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function outside(): Fault {
  return new Fault("INVALID_ARGUMENT", "The path leads outside the export folder.", {
    suggestions: ["Give a plain file name, or leave path out."],
  });
}

function taken(target: string): Fault {
  return new Fault("INVALID_ARGUMENT", `${basename(target)} exists already; exports never overwrite.`, {
    suggestions: ["Give another file name, or leave path out for a fresh one."],
  });
}

export function cannotWrite(target: string, error: unknown): Fault {
  const full = /ENOSPC|EDQUOT/.test(codeOf(error));
  return new Fault(
    full ? "STORE_FULL" : "INVALID_ARGUMENT",
    `${basename(target)} cannot be written (${codeOf(error)}).`,
    {
      suggestions: [full ? "Free some disk space and try again." : "Check the export folder's permissions."],
      cause: error,
    },
  );
}
