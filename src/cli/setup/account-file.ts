/** The account in the config file: changed line by line, so that other accounts, comments and order stay as the user wrote them. */
import { parse } from "smol-toml";
import { Fault } from "../../fault.ts";

export type FileAccount = {
  username: string;
  secret: string;
  project_id: string;
  region: string;
  workspace_id?: number;
};

/** The file's text with the account added or replaced; it becomes the default when the file has none. */
export function withAccount(text: string, name: string, account: FileAccount, path: string): string {
  const lines = toLines(text, path);
  const header = `[accounts.${key(name)}]`;
  const section = find(lines, name);
  const wanted = Object.entries(account).filter(([, value]) => value !== undefined);
  if (section) {
    replaceKeys(lines, section, wanted);
  } else {
    while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
    lines.push(
      ...(lines.length > 0 ? [""] : []),
      header,
      ...wanted.map(([field, value]) => `${field} = ${JSON.stringify(value)}`),
    );
  }
  if (!hasDefault(lines)) lines.unshift(`default = ${JSON.stringify(name)}`, "");
  return checked(`${lines.join("\n").trimEnd()}\n`, path);
}

/** The text without the account, and without a `default` that named it. */
export function withoutAccount(text: string, name: string, path: string): string {
  const lines = toLines(text, path);
  const section = find(lines, name);
  if (!section) return text;
  // A comment right above the next table belongs to that table.
  let end = section.end;
  while (end > section.start + 1 && /^\s*(#.*)?$/.test(lines[end - 1] ?? "")) end--;
  lines.splice(section.start, end - section.start);
  const names = (line: string) => /^\s*default\s*=\s*(.+?)\s*(#.*)?$/.exec(line)?.[1];
  const without = lines.filter(
    (line, index) => !(index < firstTable(lines) && [JSON.stringify(name), `'${name}'`].includes(names(line) ?? "")),
  );
  return checked(without.join("\n").replace(/^\n+/, ""), path);
}

const key = (name: string) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));

function toLines(text: string, path: string): string[] {
  checked(text, path);
  return text.split(/\r?\n/);
}

function checked(text: string, path: string): string {
  try {
    parse(text);
    return text;
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `The config file ${path} is not valid TOML, so it was left as it is.`, {
      suggestions: ["Mend it (mixpanel-data-mcp doctor names the line), then run setup again."],
      cause,
    });
  }
}

const isTable = (line: string) => /^\s*\[/.test(line);
const firstTable = (lines: string[]) => {
  const at = lines.findIndex(isTable);
  return at === -1 ? lines.length : at;
};
const hasDefault = (lines: string[]) =>
  lines.slice(0, firstTable(lines)).some((line) => /^\s*"?default"?\s*=/.test(line));

/** The lines of `[accounts.NAME]`, from its header to the next header. */
function find(lines: string[], name: string): { start: number; end: number } | undefined {
  const start = lines.findIndex((line) => {
    const inside = /^\s*\[\s*accounts\s*\.\s*(.+?)\s*\]\s*(#.*)?$/.exec(line)?.[1];
    return inside !== undefined && (inside === name || inside === JSON.stringify(name) || inside === `'${name}'`);
  });
  if (start === -1) return undefined;
  const next = lines.findIndex((line, index) => index > start && isTable(line));
  return { start, end: next === -1 ? lines.length : next };
}

function replaceKeys(
  lines: string[],
  section: { start: number; end: number },
  wanted: [string, string | number | undefined][],
): void {
  let end = section.end;
  for (const [field, value] of wanted) {
    const pattern = new RegExp(`^(\\s*)"?${field}"?\\s*=`);
    const at = lines.findIndex((line, index) => index > section.start && index < end && pattern.test(line));
    const comment = at === -1 ? "" : (/\s(#[^"']*)$/.exec(lines[at] ?? "")?.[0] ?? "");
    const line = `${at === -1 ? "" : (pattern.exec(lines[at] ?? "")?.[1] ?? "")}${field} = ${JSON.stringify(value)}${comment}`;
    if (at !== -1) lines[at] = line;
    else {
      let last = end;
      while (last > section.start + 1 && /^\s*(#.*)?$/.test(lines[last - 1] ?? "")) last--;
      lines.splice(last, 0, line);
      end++;
    }
  }
}
