/** Editing other programs' files: nothing but our entry may change. */
import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { withAccount, withoutAccount } from "../../../src/cli/setup/account-file.ts";
import { type ClientFile, candidates, filesOf, installed } from "../../../src/cli/setup/clients.ts";
import { registered, unregistered } from "../../../src/cli/setup/register.ts";
import { write } from "../../../src/cli/setup/write-file.ts";

const dir = mkdtempSync(join(tmpdir(), "setup-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let count = 0;
function client(content: string | undefined, key: ClientFile["key"] = "mcpServers"): ClientFile {
  const path = join(dir, `client-${count++}`, "config.json");
  mkdirSync(join(path, ".."), { recursive: true });
  if (content !== undefined) writeFileSync(path, content);
  return { client: "cursor", path, key };
}
const ENTRY = { command: "/opt/mixpanel-data-mcp", args: ["serve", "--account", "production"] };

describe("a client's JSON file", () => {
  test("is created when missing", () => {
    const change = registered(client(undefined), ENTRY);
    expect(JSON.parse(change.after ?? "")).toEqual({ mcpServers: { mixpanel: ENTRY } });
  });

  test("keeps comments, order, trailing commas and other servers", () => {
    const before =
      '{\n\t// mine\n\t"theme": "dark", /* why */\n\t"mcpServers": {\n\t\t"other": { "command": "x", },\n\t},\n}\n';
    const { after = "" } = registered(client(before), ENTRY);
    for (const part of ["// mine", "/* why */", '"other": { "command": "x", }', '"theme": "dark"'])
      expect(after).toContain(part);
    expect(after).toContain('"command": "/opt/mixpanel-data-mcp"');
  });

  test("replaces our own older entry only", () => {
    const { after = "" } = registered(
      client('{"mcpServers":{"mixpanel":{"command":"old"},"b":{"command":"c"}}}'),
      ENTRY,
    );
    expect(JSON.parse(after)).toEqual({ mcpServers: { mixpanel: ENTRY, b: { command: "c" } } });
  });

  test("has `servers` and a type for VS Code", () => {
    const { after = "" } = registered(client('{"inputs":[]}', "servers"), ENTRY);
    expect(JSON.parse(after)).toEqual({ inputs: [], servers: { mixpanel: { type: "stdio", ...ENTRY } } });
  });

  test("is the same again after removing", () => {
    const before = '{\n  "a": 1,\n  "mcpServers": {\n    "b": {\n      "command": "c"\n    }\n  }\n}\n';
    const file = client(before);
    write(registered(file, ENTRY));
    write(unregistered(file));
    expect(readFileSync(file.path, "utf8")).toBe(before);
  });

  for (const [name, content] of [
    ["broken JSON", '{"mcpServers": {'],
    ["a list", "[]"],
    ["servers that are no object", '{"mcpServers": []}'],
  ] as const) {
    test(`${name} is refused and left alone`, () => {
      const file = client(content);
      expect(() => registered(file, ENTRY)).toThrow(/left as it is|was left/);
      expect(readFileSync(file.path, "utf8")).toBe(content);
    });
  }

  test("an empty file and one with a byte order mark are fine", () => {
    expect(JSON.parse(registered(client(""), ENTRY).after ?? "")).toHaveProperty("mcpServers.mixpanel");
    expect(registered(client("\uFEFF{}"), ENTRY).after).toContain("mixpanel");
  });

  test("is written with a backup, through a link, and leaves nothing else behind", () => {
    const file = client('{"a":1}');
    const link = join(file.path, "..", "link.json");
    symlinkSync(file.path, link);
    const backup = write(registered({ ...file, path: link }, ENTRY));
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file.path, "utf8")).toContain("mixpanel");
    expect(readFileSync(backup ?? "", "utf8")).toBe('{"a":1}');
    expect(readdirSync(join(file.path, "..")).length).toBe(3);
  });
});

describe("the accounts in the config file", () => {
  const account = { username: "sa.x", secret: 'p"w\\d', project_id: "1", region: "eu" };

  test("the first one becomes the default", () => {
    expect(parseToml(withAccount("", "production", account, "f"))).toEqual({
      default: "production",
      accounts: { production: account },
    });
  });

  test("others, comments and order stay", () => {
    const before =
      '# my file\ndefault = "a" # keep\n\n[accounts.a]\nusername = "u"   # who\nsecret = "s"\nproject_id = "9"\n\n# b is old\n[accounts.b]\nusername = "v"\nsecret = "t"\nproject_id = "8"\n';
    const after = withAccount(before, "a", account, "f");
    for (const part of ["# my file", "# keep", "# who", "# b is old", 'username = "v"']) expect(after).toContain(part);
    expect(parseToml(after)).toMatchObject({ default: "a", accounts: { a: account, b: { username: "v" } } });
    const three = withAccount(after, "new one", account, "f");
    expect(parseToml(three)).toMatchObject({ default: "a", accounts: { "new one": account } });
    expect(withoutAccount(three, "new one", "f").trimEnd()).toBe(after.trimEnd());
  });

  test("removing takes its default with it and leaves the next table's comment", () => {
    const before =
      'default = "a"\n[accounts.a]\nusername = "u"\nsecret = "s"\nproject_id = "9"\n# b is old\n[accounts.b]\nusername = "v"\nsecret = "t"\nproject_id = "8"\n';
    const after = withoutAccount(before, "a", "f");
    expect(after).toContain("# b is old");
    expect(parseToml(after)).toEqual({ accounts: { b: { username: "v", secret: "t", project_id: "8" } } });
  });

  test("a file that is not TOML is left alone", () => {
    expect(() => withAccount("[[[", "a", account, "f")).toThrow(/left as it is/);
  });
});

describe("where clients keep their files", () => {
  const on = (platform: NodeJS.Platform, env = {}) => ({
    platform,
    home: platform === "win32" ? "C:\\Users\\ana" : "/home/ana",
    env,
  });
  const paths = (name: "claude-desktop" | "cursor" | "vscode", machine: Parameters<typeof candidates>[1]) =>
    candidates(name, machine).map(({ path }) => path);

  test("by system", () => {
    expect(paths("claude-desktop", on("darwin"))).toEqual([
      "/home/ana/Library/Application Support/Claude/claude_desktop_config.json",
    ]);
    expect(paths("claude-desktop", on("linux"))).toEqual(["/home/ana/.config/Claude/claude_desktop_config.json"]);
    expect(paths("claude-desktop", on("win32", { APPDATA: "C:\\R" }))).toEqual([
      "C:\\R\\Claude\\claude_desktop_config.json",
    ]);
    expect(paths("vscode", on("darwin"))).toEqual(["/home/ana/Library/Application Support/Code/User/mcp.json"]);
    expect(paths("vscode", on("linux", { XDG_CONFIG_HOME: "/x" }))).toEqual(["/x/Code/User/mcp.json"]);
    expect(paths("cursor", on("linux"))).toEqual(["/home/ana/.cursor/mcp.json"]);
  });

  test("Store builds of Claude Desktop come first", () => {
    const local = join(dir, "local");
    const newer = join(local, "Claude-Data", "claude_123");
    const older = join(local, "Packages", "Claude_abc", "LocalCache", "Roaming", "Claude");
    for (const folder of [newer, older]) mkdirSync(folder, { recursive: true });
    const machine = {
      platform: "win32" as const,
      home: dir,
      env: { LOCALAPPDATA: local, APPDATA: join(dir, "roaming") },
    };
    const found = candidates("claude-desktop", machine).map(({ path }) => path);
    expect(found.slice(0, 2)).toEqual([
      join(newer, "claude_desktop_config.json"),
      join(older, "claude_desktop_config.json"),
    ]);
    expect(filesOf("claude-desktop", machine)).toHaveLength(1);
    expect(installed({ ...machine, env: { ...machine.env, PATH: "" } })).toContain("claude-desktop");
  });
});

test("nothing is written for an unchanged file", () => {
  const file = client('{"a":1}');
  expect(write({ path: file.path, before: '{"a":1}', after: '{"a":1}' })).toBeUndefined();
  expect(existsSync(`${file.path}.bak`)).toBe(false);
});
