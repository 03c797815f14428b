/**
 * The account in the config file: changed line by line, so that other accounts, comments and order stay as the user wrote them. Whatever
 * the lines look like, the result is parsed and compared with what it must mean: a file that cannot be edited that way is refused.
 */
import { parse } from "smol-toml";
import { Fault } from "../../fault.ts";

export type FileAccount = {
  username: string;
  secret: string;
  project_id: string;
  region: string;
};

type Tables = Record<string, unknown>;

/** The file's text with the account added or replaced; it becomes the default when the file has none. */
export function withAccount(text: string, name: string, account: FileAccount, path: string): string {
  const before = parsed(text, path);
  const old = tables(tables(before["accounts"])[name]);
  const lines = toLines(text);
  const section = find(lines, name);
  // A data view belongs to a project: with another project it would be wrong.
  const moved = old["project_id"] !== undefined && String(old["project_id"]) !== account.project_id;
  if (section) {
    if (moved) removeKey(lines, section, "workspace_id");
    replaceKeys(lines, section, Object.entries(account));
  } else {
    while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
    lines.push(...(lines.length > 0 ? [""] : []), ...sectionOf(name, account));
  }
  if (before["default"] === undefined) lines.unshift(`default = ${JSON.stringify(name)}`, "");
  const { workspace_id: view, ...kept } = old;
  const merged = { ...kept, ...(view === undefined || moved ? {} : { workspace_id: view }), ...account };
  const wanted = {
    ...before,
    default: before["default"] ?? name,
    accounts: { ...tables(before["accounts"]), [name]: merged },
  };
  return proven(`${lines.join("\n").trimEnd()}\n`, text, wanted, name, path);
}

/** The text without the account, and without a `default` that named it. */
export function withoutAccount(text: string, name: string, path: string): string {
  const before = parsed(text, path);
  const accounts = tables(before["accounts"]);
  if (!Object.hasOwn(accounts, name)) return text;
  const lines = toLines(text);
  const section = find(lines, name);
  if (section) {
    // A comment right above the next table belongs to that table.
    let end = section.end;
    while (end > section.start + 1 && /^\s*(#.*)?$/.test(lines[end - 1] ?? "")) end--;
    lines.splice(section.start, end - section.start);
  }
  const top = firstTable(lines);
  const goes = before["default"] === name;
  const left = lines.filter((line, index) => !(goes && index < top && DEFAULT.test(line)));
  const { [name]: _removed, ...others } = accounts;
  const { default: standard, accounts: _accounts, ...rest } = before;
  const wanted = { ...rest, ...(goes || standard === undefined ? {} : { default: standard }), accounts: others };
  return proven(`${left.join("\n").trim()}\n`.replace(/^\n$/, ""), text, wanted, name, path);
}

/** The names of the accounts; none where the file cannot be read as TOML. */
export function accountNames(text: string): string[] {
  try {
    return Object.keys(tables(parse(withoutMark(text))["accounts"]));
  } catch {
    return [];
  }
}

const BYTE_ORDER_MARK = "\uFEFF";
const withoutMark = (text: string) => (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
const tables = (value: unknown): Tables => (typeof value === "object" && value !== null ? (value as Tables) : {});
const toLines = (text: string) => withoutMark(text).split(/\r?\n/);

function sectionOf(name: string, account: FileAccount): string[] {
  const key = /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
  return [
    `[accounts.${key}]`,
    ...Object.entries(account).map(([field, value]) => `${field} = ${JSON.stringify(value)}`),
  ];
}

function parsed(text: string, path: string): Tables {
  try {
    return parse(withoutMark(text));
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `The config file ${path} is not valid TOML, so it was left as it is.`, {
      suggestions: ["Mend it (mixpanel-data-mcp doctor names the line), then run setup again."],
      cause,
    });
  }
}

/** The new text with the old one's line ends and mark, once it is sure to mean what is wanted and nothing else. */
function proven(lines: string, before: string, wanted: Tables, name: string, path: string): string {
  const meaning = (value: Tables) => ({ ...value, accounts: tables(value["accounts"]) });
  let same = false;
  try {
    same = Bun.deepEquals(meaning(parse(lines)), meaning(wanted));
  } catch {
    // Two definitions of one account, for example; refused below.
  }
  if (!same) {
    throw new Fault(
      "CONFIG_INVALID",
      `The config file ${path} writes account "${name}" in a way that setup cannot edit, so it was left as it is.`,
      {
        suggestions: [
          `Write it as a table of its own, [accounts.${name}] with a line for each key, or use another name.`,
        ],
      },
    );
  }
  const mark = before.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  return mark + (before.includes("\r\n") ? lines.replaceAll("\n", "\r\n") : lines);
}

const DEFAULT = /^\s*(default|"default"|'default')\s*=/;
const isTable = (line: string) => /^\s*\[/.test(line);
const firstTable = (lines: string[]) => {
  const at = lines.findIndex(isTable);
  return at === -1 ? lines.length : at;
};

type Section = { start: number; end: number };

/** The lines of `[accounts.NAME]`, from its header to the next header. */
function find(lines: string[], name: string): Section | undefined {
  const start = lines.findIndex((line) => {
    const inside = /^\s*\[\s*(?:accounts|"accounts"|'accounts')\s*\.\s*(.+?)\s*\]\s*(#.*)?$/.exec(line)?.[1];
    return inside !== undefined && (inside === name || inside === JSON.stringify(name) || inside === `'${name}'`);
  });
  if (start === -1) return undefined;
  const next = lines.findIndex((line, index) => index > start && isTable(line));
  return { start, end: next === -1 ? lines.length : next };
}

const lineOf = (lines: string[], section: Section, field: string) => {
  const pattern = new RegExp(`^(\\s*)(?:${field}|"${field}"|'${field}')\\s*=`);
  return lines.findIndex((line, index) => index > section.start && index < section.end && pattern.test(line));
};

function removeKey(lines: string[], section: Section, field: string): void {
  const at = lineOf(lines, section, field);
  if (at === -1) return;
  lines.splice(at, 1);
  section.end--;
}

function replaceKeys(lines: string[], section: Section, wanted: [string, string][]): void {
  for (const [field, value] of wanted) {
    const at = lineOf(lines, section, field);
    const old = lines[at] ?? "";
    const indent = /^\s*/.exec(old)?.[0] ?? "";
    const comment = at === -1 ? "" : (/\s(#[^"']*)$/.exec(old)?.[0] ?? "");
    const line = `${indent}${field} = ${JSON.stringify(value)}${comment}`;
    if (at !== -1) lines[at] = line;
    else {
      let last = section.end;
      while (last > section.start + 1 && /^\s*(#.*)?$/.test(lines[last - 1] ?? "")) last--;
      lines.splice(last, 0, line);
      section.end++;
    }
  }
}
