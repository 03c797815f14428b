/** Replaces another program's file: with a backup, in one step, through symbolic links. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Fault } from "../../fault.ts";

export type Change = { path: string; before: string | undefined; after: string | undefined };

const MOST_BYTES = 32 * 1024 * 1024;
const MOST_LINKS = 40;
const MOST_BACKUPS = 20;

/** The file's text; undefined where there is none. Throws CONFIG_INVALID for what is no file, is too large, or may not be read. */
export function readText(path: string): string | undefined {
  let problem = "cannot be read";
  try {
    if (!existsSync(path)) return undefined;
    const { size, isFile } = kindOf(path);
    if (!isFile) problem = "is not a file";
    else if (size > MOST_BYTES) problem = "is too large to be a configuration";
    else return readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadable(path, problem, cause);
  }
  throw unreadable(path, problem);
}

function kindOf(path: string) {
  const stat = statSync(path);
  return { size: stat.size, isFile: stat.isFile() };
}

function unreadable(path: string, problem: string, cause?: unknown): Fault {
  return new Fault("CONFIG_INVALID", `${path} ${problem}. It was left as it is.`, {
    suggestions: ["Check what it is and its permissions."],
    cause,
  });
}

/**
 * Writes a change: a dated copy of the old file beside it, then a rename, so that a crash leaves the old or the new file. A
 * symbolic link stays a link: the file it points to is replaced, or made. Returns the backup's path.
 */
export function write(change: Change, mode?: number): string | undefined {
  if (change.after === undefined || change.after === change.before) return undefined;
  try {
    const target = behindLinks(change.path);
    mkdirSync(dirname(target), { recursive: true, ...(mode === undefined ? {} : { mode: 0o700 }) });
    const old = existsSync(target) ? statSync(target).mode & 0o777 : undefined;
    // A rename would get around it, so it is looked at here.
    if (old !== undefined && (old & 0o200) === 0) throw new Error("the file is read-only");
    const backup = change.before ? backUp(target, mode) : undefined;
    replace(target, change.after, mode ?? old ?? 0o644);
    return backup;
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `${change.path} cannot be written${readOnly(cause)}.`, {
      suggestions: ["Check that the file and its folder may be written, then run setup again."],
      cause,
    });
  }
}

const readOnly = (cause: unknown) =>
  cause instanceof Error && cause.message === "the file is read-only" ? ": it is read-only" : "";

/** Where the path leads, also when nothing is there yet. */
function behindLinks(path: string): string {
  let at = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return at;
    at = resolve(dirname(at), readlinkSync(at));
  }
  throw new Error("too many symbolic links");
}

function replace(target: string, text: string, mode: number): void {
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, text, { mode, flag: "wx" });
    // The mode given to a new file is cut by the umask.
    chmodSync(temporary, mode);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function backUp(path: string, mode: number | undefined): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
  let backup = `${path}.${stamp}.bak`;
  for (let count = 2; existsSync(backup); count++) backup = `${path}.${stamp}-${count}.bak`;
  if (mode === undefined) copyFileSync(path, backup);
  else writeFileSync(backup, readFileSync(path), { mode, flag: "wx" });
  return backup;
}

/** The texts of the backups beside a file, newest first. */
export function backupsOf(path: string): string[] {
  const target = behindLinks(path);
  const prefix = `${basename(target)}.`;
  return readdirSync(dirname(target))
    .filter((name) => name.startsWith(prefix) && /^\d{14}(-\d+)?\.bak$/.test(name.slice(prefix.length)))
    .sort()
    .reverse()
    .slice(0, MOST_BACKUPS)
    .map((name) => readText(join(dirname(target), name)) ?? "");
}
