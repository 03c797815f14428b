/** `setup` against Mixpanel in its moods, and against homes and clients in theirs. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Rule, startFaults } from "../faults.ts";
import { type Ran, run } from "./binary.ts";
import { sampleAndHomes } from "./sample-homes.ts";

const { sample, newHome: plainHome } = await sampleAndHomes();
function newHome() {
  const made = plainHome();
  const env: Record<string, string> = { ...made.env, MP_SECRET: sample.credentials.secret, MP_API_URL: sample.url };
  return { home: made.home, env };
}

const setup = async (env: Record<string, string>, ...more: string[]): Promise<Ran> => {
  const { username, projectId, secret } = sample.credentials;
  const ran = await run(["setup", "--username", username, "--project-id", projectId, "--yes", ...more], env);
  expect(`${ran.stdout}${ran.stderr}`).not.toContain(secret);
  return ran;
};
const filesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
const config = (home: string) => readFileSync(join(home, ".mp/config.toml"), "utf8");

describe("Mixpanel says", () => {
  async function against(rules: Rule[]) {
    const { home, env } = newHome();
    const faults = await startFaults(sample.url, rules);
    const ran = await setup({ ...env, MP_API_URL: faults.url }, "--client", "none");
    await faults.close();
    return { home, ran };
  }
  const elsewhere = { error: "invalid project id for cluster", project_cluster: "mixpanel-prod-eu" };

  const inEurope = { results: { projects: { 3000001: { name: "x", domain: "eu.mixpanel.com" } } } };
  for (const [name, rules] of [
    ["the project is in another cluster, to a query", [{ on: "/cohorts", status: 400, body: elsewhere }]],
    [
      "the project is in another cluster, at once",
      [
        { on: "/app/me", nth: 1, status: 400, body: elsewhere },
        { on: "/app/me", nth: 2, body: inEurope },
      ],
    ],
    ["the project's address is in another region", [{ on: "/app/me", body: inEurope }]],
  ] as const) {
    test(`${name}: the right region is written`, async () => {
      const { home, ran } = await against(rules.map((rule) => ({ ...rule })));
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(ran.stdout).toMatch(/region eu[\s\S]*note: The project is in region eu, not us; eu is used/);
      expect(config(home)).toContain('region = "eu"');
    });
  }

  test("the plan has no Query API: a note, and the account is kept", async () => {
    const { home, ran } = await against([{ on: "/api/query", status: 402, body: { error: "upgrade your plan" } }]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/note: .*no Query API.*fetch_events and SQL work/);
    expect(config(home)).toContain("[accounts.production]");
  });

  for (const [name, rules, pattern] of [
    ["the account has expired", [{ status: 401, body: { error: "Service account expired" } }], /expired/],
    ["no role in the project", [{ on: "/cohorts", status: 403, body: { error: "Permission denied" } }], /admin/],
    ["nothing that can be read", [{ on: "/app/me", body: "<html>Sign in</html>" }], /Mixpanel/],
  ] as const) {
    test(`${name}: one line, exit 1, no account written`, async () => {
      const { home, ran } = await against(rules.map((rule) => ({ ...rule })));
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(pattern);
      expect(ran.stderr.trim().split("\n")).toHaveLength(1);
      expect(existsSync(join(home, ".mp/config.toml"))).toBe(false);
    });
  }

  test("nothing at all, or the wrong word for a secret: the home stays empty", async () => {
    const { home, env } = newHome();
    const down = await setup({ ...env, MP_API_URL: "http://127.0.0.1:9" });
    expect(down.stderr).toMatch(/127\.0\.0\.1:9/);
    const wrong = await setup({ ...env, MP_SECRET: "another-secret-value" });
    expect([down.code, wrong.code]).toEqual([1, 1]);
    expect(filesIn(home)).toEqual([]);
  });
});

test("an address that is not of this machine stops it before the credentials go anywhere", async () => {
  const ran = await setup({ ...newHome().env, MP_API_URL: "https://mixpanel.example" });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/MP_API_URL/);
});

describe("what is written", () => {
  test("--print shows the lines as they will stand, and writes nothing", async () => {
    const { home, env } = newHome();
    const printed = await setup(env, "--client", "cursor", "--client", "vscode", "--print");
    expect(printed).toMatchObject({ code: 0, stderr: "" });
    expect(filesIn(home)).toEqual([]);
    expect((await setup(env, "--client", "cursor", "--client", "vscode")).code).toBe(0);
    const shown = printed.stdout.replaceAll(/^(?! {2}).*\n/gm, "").replaceAll(/^ {2}/gm, "");
    const written = [".mp/config.toml", ".cursor/mcp.json", ".config/Code/User/mcp.json"]
      .map((file) => readFileSync(join(home, file), "utf8"))
      .join("");
    expect(shown.replaceAll(/^\n/gm, "")).toBe(
      written.replace(sample.credentials.secret, "...").replaceAll(/^\n/gm, ""),
    );
  });

  test("a second run changes nothing and leaves no backup", async () => {
    const { home, env } = newHome();
    mkdirSync(join(home, ".cursor"));
    await setup(env, "--client", "cursor");
    const before = filesIn(home);
    const again = await setup(env, "--client", "cursor");
    expect(again.stdout).toMatch(/ok: account .*\n.*already has it/);
    expect(filesIn(home)).toEqual(before);
  });

  test("a linked file elsewhere stays a link, with its backup for the owner alone", async () => {
    const { home, env } = newHome();
    mkdirSync(join(home, "dotfiles"));
    const real = join(home, "dotfiles/mp.toml");
    const link = join(home, "mp.toml");
    const old = `# mine\r\ndefault = "old"\r\n\r\n[accounts.old]\r\nusername = "u"\r\nsecret = "s"\r\nproject_id = 1\r\n`;
    writeFileSync(real, old);
    chmodSync(real, 0o644);
    symlinkSync("dotfiles/mp.toml", link);
    const ran = await setup({ ...env, MP_CONFIG_PATH: link }, "--client", "vscode");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    const backup = readdirSync(join(home, "dotfiles")).find((name) => name.endsWith(".bak")) ?? "";
    for (const path of [real, join(home, "dotfiles", backup)]) expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, "dotfiles", backup), "utf8")).toBe(old);
    const now = readFileSync(real, "utf8");
    expect(now.startsWith(old)).toBe(true);
    expect(now).not.toMatch(/[^\r]\n/);
    // The client's copy must find the same file.
    const { servers } = JSON.parse(readFileSync(join(home, ".config/Code/User/mcp.json"), "utf8"));
    expect(servers.mixpanel.env).toEqual({ MP_CONFIG_PATH: link });
    const removed = await run(["setup", "--remove", "--account", "production"], { ...env, MP_CONFIG_PATH: link });
    expect(removed).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(real, "utf8")).toBe(old);
  });

  for (const [name, spoil] of [
    ["no home that can be written", (_: string) => ({ HOME: "/proc/nowhere" })],
    [
      "a folder where the file should be",
      (home: string) => {
        mkdirSync(join(home, ".mp/config.toml"), { recursive: true });
        return {};
      },
    ],
    [
      "a file where the folder should be",
      (home: string) => {
        writeFileSync(join(home, ".mp"), "");
        return {};
      },
    ],
    [
      "a read-only file",
      (home: string) => {
        mkdirSync(join(home, ".mp"));
        writeFileSync(join(home, ".mp/config.toml"), "# kept\n", { mode: 0o400 });
        return {};
      },
    ],
    [
      "an account written in one line",
      (home: string) => {
        mkdirSync(join(home, ".mp"));
        writeFileSync(join(home, ".mp/config.toml"), 'accounts.production = { username = "a" }\n', { mode: 0o600 });
        return {};
      },
    ],
  ] as const) {
    test(`${name}: one sentence, exit 1`, async () => {
      const { home, env } = newHome();
      const more = spoil(home);
      const before = filesIn(home);
      const real = await run(
        ["setup", "--username", sample.credentials.username, "--project-id", sample.credentials.projectId, "--yes"],
        { ...env, ...more, MP_DATA_DIR: join(home, "data") },
        "",
        "/",
      );
      expect(real.code).toBe(1);
      expect(real.stderr).toMatch(/config\.toml .*(read|written|left as it|not a file)/);
      expect(real.stderr.trim().split("\n")).toHaveLength(1);
      expect(filesIn(home).filter((file) => !file.startsWith("data"))).toEqual(before);
    });
  }
});

describe("Claude Code's program", () => {
  /** A stand-in that notes how it was called; `body` decides what it does. */
  function withProgram(body: string) {
    const { home, env } = newHome();
    mkdirSync(join(home, "bin"));
    const path = join(home, "bin/claude");
    writeFileSync(path, `#!/bin/sh\n{ echo "$@"; env; } >> "${join(home, "calls")}"\n${body}\n`, { mode: 0o755 });
    return { home, env: { ...env, PATH: `${join(home, "bin")}:${env["PATH"]}` } };
  }
  const calls = (home: string) => readFileSync(join(home, "calls"), "utf8");

  test("is called without the secret anywhere, and again to remove", async () => {
    const { home, env } = withProgram("exit 0");
    const ran = await setup(env, "--client", "claude-code");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("ok: Claude Code");
    const removed = await run(["setup", "--remove", "--client", "claude-code"], env);
    expect(removed.stdout).toContain("ok: removed from Claude Code");
    expect(calls(home)).toMatch(/^mcp add --transport stdio --scope user mixpanel -- \S+ serve --account production$/m);
    expect(calls(home)).toMatch(/^mcp remove --scope user mixpanel$/m);
    expect(calls(home)).not.toContain(sample.credentials.secret);
  });

  test("refuses a name it has: the older entry is replaced", async () => {
    const { home, env } = withProgram(`[ "$2" = remove ] && touch "$HOME/gone"; [ -e "$HOME/gone" ]`);
    expect((await setup(env, "--client", "claude-code")).code).toBe(0);
    expect(calls(home).match(/^mcp (add|remove)/gm)).toEqual(["mcp add", "mcp remove", "mcp add"]);
  });

  test("fails: the account is kept, the command is shown, exit 1", async () => {
    const { home, env } = withProgram("exit 3");
    const ran = await setup(env, "--client", "claude-code", "--client", "cursor");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/Claude Code did not take the server.*claude mcp add/);
    expect(ran.stdout).toContain("ok: Cursor");
    expect(config(home)).toContain("[accounts.production]");
  });
});
