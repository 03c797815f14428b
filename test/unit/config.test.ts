import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Environment, type Flags, loadConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";

const dir = mkdtempSync(join(tmpdir(), "config-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let count = 0;
function file(content: string, mode = 0o600): string {
  const path = join(dir, `config-${count++}.toml`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const SECRET = "s3cr3t-canary-value";
const COMPLETE = { MP_USERNAME: "env.sa", MP_SECRET: SECRET, MP_PROJECT_ID: "42" };
const TWO = `default = "production"
[accounts.production]
username = "prod.sa"
secret = "${SECRET}"
project_id = "123456"
region = "eu"
workspace_id = 7
[accounts.staging]
username = "stage.sa"
secret = "${SECRET}"
project_id = 654321
`;

async function account(env: Environment, flags: Flags = {}) {
  const { account: found } = await loadConfig(flags, { MP_CONFIG_PATH: join(dir, "absent.toml"), ...env });
  return found;
}

async function fault(env: Environment, flags: Flags = {}): Promise<Fault> {
  const found = await account(env, flags);
  if (!(found instanceof Fault)) throw new Error(`an account was found: ${found.name}`);
  expect(JSON.stringify([found.message, found.suggestions, found.details])).not.toContain(SECRET);
  return found;
}

describe("which account", () => {
  test("the environment, when complete", async () => {
    const found = await account({ ...COMPLETE, MP_REGION: "EU", MP_WORKSPACE_ID: "9" });
    expect(found).toMatchObject({
      name: "environment",
      username: "env.sa",
      projectId: "42",
      region: "eu",
      workspaceId: 9,
    });
  });

  test("--account before the environment", async () => {
    const found = await account({ ...COMPLETE, MP_CONFIG_PATH: file(TWO) }, { account: "staging" });
    expect(found).toMatchObject({ name: "staging", projectId: "654321", region: "us" });
  });

  test("a complete environment before MP_ACCOUNT", async () => {
    expect(await account({ ...COMPLETE, MP_ACCOUNT: "staging", MP_CONFIG_PATH: file(TWO) })).toMatchObject({
      name: "environment",
    });
  });

  test("MP_ACCOUNT before the default", async () => {
    expect(await account({ MP_ACCOUNT: "staging", MP_CONFIG_PATH: file(TWO) })).toMatchObject({ name: "staging" });
  });

  test("the default", async () => {
    expect(await account({ MP_CONFIG_PATH: file(TWO) })).toMatchObject({
      name: "production",
      region: "eu",
      workspaceId: 7,
    });
  });

  test("the only account there is", async () => {
    const one = '[accounts.x]\nusername = "a"\nsecret = "b"\nproject_id = "1"\n';
    expect(await account({ MP_CONFIG_PATH: file(one) })).toMatchObject({ name: "x" });
  });
});

describe("what is wrong", () => {
  test("nothing set: the three ways", async () => {
    const found = await fault({});
    expect(found.code).toBe("CONFIG_MISSING");
    expect(found.suggestions.join(" ")).toMatch(/MP_USERNAME.*config file.*setup/s);
  });

  test("half an environment names what is missing", async () => {
    const found = await fault({ MP_USERNAME: "a", MP_PROJECT_ID: "1" });
    expect(found).toMatchObject({ code: "CONFIG_INVALID" });
    expect(found.message).toContain("MP_SECRET");
  });

  test("an unknown account lists the known ones, nearest first", async () => {
    const found = await fault({ MP_CONFIG_PATH: file(TWO) }, { account: "stagging" });
    expect(found.suggestions[0]).toMatch(/staging, production/);
  });

  test("bad TOML: line and column, never the line itself", async () => {
    const found = await fault({ MP_CONFIG_PATH: file(`[accounts.a]\nusername = "x"\nsecret = ${SECRET}"\n`) });
    expect(found.message).toMatch(/line 3, column \d+/);
  });

  for (const [name, env, pattern] of [
    ["an unknown region", { ...COMPLETE, MP_REGION: "mars" }, /us, eu or in/],
    ["a project that is no number", { ...COMPLETE, MP_PROJECT_ID: "my project" }, /MP_PROJECT_ID/],
    ["a workspace that is no number", { ...COMPLETE, MP_WORKSPACE_ID: "x" }, /MP_WORKSPACE_ID/],
    ["a secret with a line break", { ...COMPLETE, MP_SECRET: `${SECRET}\r\nX-Evil: 1` }, /MP_SECRET/],
    ["a secret of another script", { ...COMPLETE, MP_SECRET: `${SECRET}\u4e2d` }, /MP_SECRET/],
    ["a username with a colon", { ...COMPLETE, MP_USERNAME: "a:b" }, /MP_USERNAME/],
    ["an API address elsewhere", { ...COMPLETE, MP_API_URL: "https://evil.example" }, /loopback/],
    ["an API address with a user", { ...COMPLETE, MP_API_URL: "http://a@127.0.0.1:1" }, /loopback/],
    ["an API address with a path", { ...COMPLETE, MP_API_URL: "http://127.0.0.1:1/api" }, /without a path/],
    ["an API address with a query", { ...COMPLETE, MP_API_URL: "http://127.0.0.1:1?x" }, /without a path/],
    ["an API address of another kind", { ...COMPLETE, MP_API_URL: "file:///tmp" }, /loopback/],
    ["an API address that only looks local", { ...COMPLETE, MP_API_URL: "http://127.0.0.1.evil.example" }, /loopback/],
  ] as const) {
    test(name, async () => {
      const found = await fault(env);
      expect(found.code).toBe("CONFIG_INVALID");
      expect(found.message).toMatch(pattern);
    });
  }

  test("several accounts and no default", async () => {
    const found = await fault({ MP_CONFIG_PATH: file(TWO.replace('default = "production"', "")) });
    expect(found.message).toMatch(/production, staging/);
  });

  test("a file others can read is a warning", async () => {
    const config = await loadConfig({}, { MP_CONFIG_PATH: file(TWO, 0o644) });
    expect(config.warnings.join()).toContain("chmod 600");
  });

  test("unknown toolsets and log levels stop the command line", async () => {
    expect(loadConfig({ toolsets: "locl" }, {})).rejects.toThrow(/Unknown toolset "locl"/);
    expect(loadConfig({ logLevel: "loud" }, {})).rejects.toThrow(/Unknown log level/);
  });
});

test("the secret cannot be printed by accident", async () => {
  const config = await loadConfig({}, { ...COMPLETE, MP_HTTP_TOKEN: SECRET });
  expect(
    `${JSON.stringify(config)} ${Bun.inspect(config)} ${config.account instanceof Fault ? "" : config.account.secret}`,
  ).not.toContain(SECRET);
});

test("an API address may be any name of this machine, with or without its slash", async () => {
  for (const [given, origin] of [
    ["http://127.0.0.1:81/", "http://127.0.0.1:81"],
    ["http://localhost:81", "http://localhost:81"],
    ["http://[::1]:81/", "http://[::1]:81"],
    ["https://127.0.0.2", "https://127.0.0.2"],
  ])
    expect((await loadConfig({}, { ...COMPLETE, MP_API_URL: given })).apiUrl).toBe(origin);
});

test("the SQL time limit is only ever lowered", async () => {
  expect((await loadConfig({}, { MP_SQL_TIMEOUT_MS: "1500" })).sqlTimeoutMs).toBe(1500);
  expect((await loadConfig({}, { MP_SQL_TIMEOUT_MS: "9999999" })).sqlTimeoutMs).toBe(30_000);
});
