/** Files in every shape people write them in: edited without harm, or refused with a sentence. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import { accountNames, withAccount, withoutAccount } from "../../../src/cli/setup/account-file.ts";
import { changedLines, secretsIn } from "../../../src/cli/setup/changed-lines.ts";
import { commandLine, registerWithClaudeCode } from "../../../src/cli/setup/claude-code.ts";
import { registered, unregistered } from "../../../src/cli/setup/register.ts";
import { readText, write } from "../../../src/cli/setup/write-file.ts";

const dir = mkdtempSync(join(tmpdir(), "shapes-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let count = 0;
const newPath = () => {
  const folder = join(dir, String(count++));
  mkdirSync(folder);
  return join(folder, "mcp.json");
};

const account = { username: "new.sa", secret: "new-secret", project_id: "2", region: "eu" };
const OTHER = '[accounts.other]\nusername = "o"\nsecret = "t"\nproject_id = "9"\n';

describe("TOML that is edited", () => {
  const fields = 'username = "u" # who\nsecret = "s"\nproject_id = 1\nworkspace_id = 7\nextra = [1,\n 2]\n';
  for (const [shape, text] of [
    ["a bare name", `[accounts.a]\n${fields}`],
    ["a quoted name", `[accounts."a"]\n${fields}`],
    ["a literal name", `[ accounts . 'a' ] # mine\n${fields}`],
    ["quoted keys", `["accounts".a]\n${fields.replace("secret", '"secret"')}`],
    ["Windows line ends", `[accounts.a]\n${fields}`.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\uFEFF[accounts.a]\n${fields}`],
    ["no last line end", `[accounts.a]\n${fields}`.trimEnd()],
    ["another account behind it", `[accounts.a]\n${fields}\n${OTHER}`],
    ["other tables around it", `title = "x"\n[tool]\na = 1\n\n[accounts.a]\n${fields}[[list]]\nb = 2\n`],
    ["a look-alike in a text", `note = '''\n[accounts.b]\nsecret = "no"\n'''\n[accounts.a]\n${fields}`],
  ] as const) {
    test(shape, () => {
      const after = withAccount(text, "a", account, "f");
      const before = parseToml(text.replace("\uFEFF", ""));
      const accounts = before["accounts"] as Record<string, object>;
      expect(parseToml(after.replace("\uFEFF", ""))).toEqual({
        ...before,
        default: before["default"] ?? "a",
        // The data view belonged to project 1.
        accounts: { ...accounts, a: { extra: [1, 2], ...account } },
      });
      expect(after.startsWith("\uFEFF")).toBe(text.startsWith("\uFEFF"));
      expect(/\r\n/.test(after)).toBe(text.includes("\r\n"));
      if (text.includes("\r\n")) expect(after).not.toMatch(/[^\r]\n/);
      expect(after).toContain("# who");
      expect(withAccount(after, "a", account, "f")).toBe(after);
    });
  }

  test("a data view stays with its project", () => {
    const text = `[accounts.a]\n${fields}`;
    expect(withAccount(text, "a", { ...account, project_id: "1" }, "f")).toContain("workspace_id = 7");
  });

  test("adding and removing gives the file back", () => {
    for (const text of [OTHER, `# top\ndefault = "other"\n\n${OTHER}`, `default = 'other'\r\n`]) {
      expect(withoutAccount(withAccount(text, "a b", account, "f"), "a b", "f")).toBe(text);
    }
    expect(withoutAccount(withAccount("", "a", account, "f"), "a", "f")).toBe("");
  });
});

describe("TOML that is refused, and left as it is", () => {
  for (const [shape, text] of [
    ["dotted keys", 'accounts.a.username = "u"\naccounts.a.secret = "s"\n'],
    ["a dotted key under accounts", '[accounts]\na.username = "u"\n'],
    ["an inline table", 'accounts = { a = { username = "u" } }\n'],
    ["an inline account", '[accounts]\na = { username = "u" }\n'],
    ["a secret over several lines", '[accounts.a]\nsecret = """\nx"""\n'],
    ["accounts that are a text", 'accounts = "none"\n'],
    ["a look-alike in a text before it", `note = '''\n[accounts.a]\n'''\n[accounts.a]\nusername = "u"\n`],
  ] as const) {
    test(shape, () => {
      expect(() => withAccount(text, "a", account, "f")).toThrow(/cannot edit, so it was left as it is/);
      if (parseToml(text)["accounts"] !== "none" && !shape.includes("several lines") && !shape.includes("look-alike"))
        expect(() => withoutAccount(text, "a", "f")).toThrow(/cannot edit/);
    });
  }

  test("dotted keys of another account are no hindrance", () => {
    const text = '[accounts]\nb.username = "u"\n';
    expect(parseToml(withAccount(text, "a", account, "f"))).toMatchObject({
      accounts: { b: { username: "u" }, a: account },
    });
  });
});

test("account names, for the question before one is replaced", () => {
  expect(accountNames(`${OTHER}[accounts."a b"]\n`)).toEqual(["other", "a b"]);
  expect(accountNames("[[[")).toEqual([]);
});

const ENTRY = { command: "/opt/x", args: ["serve", "--account", "p"], env: { MP_CONFIG_PATH: "/x y" } };

describe("JSON in every style: the entry goes in, once, and comes out again", () => {
  const documents = [
    {},
    { mcpServers: {} },
    { a: 1, mcpServers: { b: { command: "c", args: ["x"] } }, z: [1, { q: 3 }] },
    { mcpServers: { mixpanel: { command: "old", env: { A: "b" } }, b: { command: "}{" } } },
  ];
  for (const indent of [0, 2, 4, "\t"])
    for (const eol of ["\n", "\r\n"])
      for (const frame of ["", "comments", "\uFEFF"])
        test(JSON.stringify({ indent, eol, frame }), () => {
          for (const document of documents) {
            let text = JSON.stringify(document, null, indent);
            if (frame === "comments") text = `// top\n${text.replace("{", "{ /* in */")}\n// end\n`;
            else text = frame + text;
            text = text.replaceAll("\n", eol);
            const path = newPath();
            writeFileSync(path, text);
            const file = { client: "cursor" as const, path, key: "mcpServers" as const };
            write(registered(file, ENTRY));
            const after = readFileSync(path, "utf8");
            const servers = { ...document.mcpServers, mixpanel: ENTRY };
            expect(parse(after.replace("\uFEFF", ""))).toEqual({ ...document, mcpServers: servers });
            if (frame === "comments")
              for (const part of ["// top", "/* in */", "// end"]) expect(after).toContain(part);
            else expect(after.startsWith("\uFEFF")).toBe(frame !== "");
            if (text.includes("\r\n")) expect(after).not.toMatch(/[^\r]\n/);
            expect(registered(file, ENTRY).after).toBe(after);
            write(unregistered(file));
            const back = readFileSync(path, "utf8");
            if (!("mixpanel" in (document.mcpServers ?? {}))) expect(back).toBe(text);
            else expect(parse(back.replace("\uFEFF", ""))).toEqual({ mcpServers: { b: { command: "}{" } } });
          }
        });

  test("a name that stands in it twice is refused", () => {
    const path = newPath();
    writeFileSync(path, '{"mcpServers": {}, "mcpServers": {"b": {}}}');
    expect(() => registered({ client: "cursor", path, key: "mcpServers" }, ENTRY)).toThrow(/twice/);
  });

  test("changed by the client since: only the entry goes", () => {
    const path = newPath();
    writeFileSync(path, '{\n  "mcpServers": {}\n}\n');
    const file = { client: "cursor" as const, path, key: "mcpServers" as const };
    write(registered(file, ENTRY));
    writeFileSync(path, readFileSync(path, "utf8").replace('"mcpServers"', '"theme": "dark",\n  "mcpServers"'));
    write(unregistered(file));
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ theme: "dark", mcpServers: {} });
  });
});

describe("writing", () => {
  test("through a dangling link makes the file it points to", () => {
    const path = newPath();
    symlinkSync("elsewhere.json", path);
    write({ path, before: undefined, after: "{}" });
    expect(readFileSync(join(path, "../elsewhere.json"), "utf8")).toBe("{}");
  });

  test("a circle of links, a folder and a giant are refused with a sentence", () => {
    const circle = newPath();
    symlinkSync(circle, circle);
    expect(() => write({ path: circle, before: undefined, after: "{}" })).toThrow(/cannot be written/);
    const folder = newPath();
    mkdirSync(folder);
    expect(() => readText(folder)).toThrow(/is not a file/);
    const giant = newPath();
    writeFileSync(giant, Buffer.alloc(33 * 1024 * 1024));
    expect(() => readText(giant)).toThrow(/too large/);
  });

  test("a read-only file is not got around", () => {
    const path = newPath();
    writeFileSync(path, "{}", { mode: 0o444 });
    expect(() => write({ path, before: "{}", after: "[]" })).toThrow(/read-only/);
    expect(readFileSync(path, "utf8")).toBe("{}");
  });
});

describe("--print", () => {
  test("shows new lines only, and no secret in them", () => {
    const before = `default = "other"\n\n${OTHER}`;
    const after = withAccount(before, "a", account, "f");
    const lines = changedLines({ path: "f", before, after }, secretsIn(parseToml(after)));
    expect(lines.join("\n")).toContain('[accounts.a]\nusername = "new.sa"\nsecret = "..."\nproject_id = "2"');
    expect(lines.join("\n")).not.toContain("other");
  });

  test("hides what other servers are given", () => {
    expect(
      secretsIn({ mcpServers: { x: { env: { A: "one" }, headers: { B: "two" }, url: "u" } }, apiKey: "three" }),
    ).toEqual(expect.arrayContaining(["one", "two", "three"]));
    expect(secretsIn({ url: "u" })).toEqual([]);
  });
});

test("a Claude Code that hangs is not waited for", () => {
  const bin = join(dir, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "claude"), `#!/bin/sh\nexec sleep 60\n`, { mode: 0o755 });
  const machine = { platform: process.platform, home: dir, env: { PATH: `${bin}:/usr/bin:/bin` } };
  expect(() => registerWithClaudeCode(ENTRY, machine, false, () => {}, 100)).toThrow(/did not take the server/);
  expect(existsSync(join(bin, "claude"))).toBe(true);
});

test("a command line can be pasted into a shell", () => {
  const words = ["claude", "--env", "A=$(x)", "/My Programs/it's", "serve"];
  const echoed = Bun.spawnSync(["sh", "-c", `printf '%s\\n' ${commandLine(words, "linux")}`]).stdout.toString();
  expect(echoed.trimEnd().split("\n")).toEqual(words);
  expect(commandLine(["C:\\Program Files\\m.exe", "serve"], "win32")).toBe('"C:\\Program Files\\m.exe" serve');
});
