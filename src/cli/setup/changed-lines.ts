/** What a change puts into a file, for `--print`. */
import type { Change } from "./write-file.ts";

/** Above this many comparisons everything between the first and the last change is shown. */
const MOST_COMPARISONS = 4_000_000;

/** The new lines, exactly as they would stand in the file, with `...` in place of each secret; all other lines stay as they are. */
export function changedLines({ before = "", after = "" }: Change, secrets: Iterable<string>): string[] {
  const split = (text: string) => text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const old = split(before);
  const lines = split(after);
  let start = 0;
  while (start < old.length && start < lines.length && old[start] === lines[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, lines.length) - start && old.at(-1 - end) === lines.at(-1 - end)) end++;
  const added = newLines(old.slice(start, old.length - end), lines.slice(start, lines.length - end));
  const longestFirst = [...secrets].filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  return added.map((line) => longestFirst.reduce(withoutSecret, line));
}

/** A short one could be part of any word, so only where it stands alone between quotes. */
function withoutSecret(line: string, secret: string): string {
  const hidden = line.replaceAll(`"${secret}"`, '"..."').replaceAll(`'${secret}'`, "'...'");
  return secret.length < 8 ? hidden : hidden.replaceAll(secret, "...");
}

/** The lines of `after` outside the longest common subsequence. */
function newLines(before: string[], after: string[]): string[] {
  if (before.length * after.length > MOST_COMPARISONS) return after;
  // common[i][j]: its length for before[i...] and after[j...].
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    const row = common[i] ?? new Uint32Array();
    for (let j = after.length - 1; j >= 0; j--)
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const added: string[] = [];
  let i = 0;
  for (let j = 0; j < after.length; ) {
    if (i < before.length && before[i] === after[j]) {
      i++;
      j++;
    } else if (i < before.length && at(i + 1, j) >= at(i, j + 1)) i++;
    else added.push(after[j++] ?? "");
  }
  return added;
}

const SECRET_KEY = /secret|token|password|api[_-]?key|authorization/i;

/** Every text under a key that sounds like one, as it stands in JSON or TOML; what a client passes to its servers counts as well. */
export function secretsIn(value: unknown, secret = false): string[] {
  if (typeof value === "string") return secret ? [JSON.stringify(value).slice(1, -1), value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    secretsIn(inner, secret || SECRET_KEY.test(key) || key === "env" || key === "headers"),
  );
}
