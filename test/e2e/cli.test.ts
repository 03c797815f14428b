/** The command line as a new user meets it: help, mistakes, setup, doctor, tools. */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, sampleEnv } from "./binary.ts";
import { sampleAndHomes } from "./sample-homes.ts";

const { sample, newHome: home } = await sampleAndHomes();
const SECRET_ENV = () => ({ MP_SECRET: sample.credentials.secret, MP_API_URL: sample.url });
const setupArgs = () => [
  "setup",
  "--username",
  sample.credentials.username,
  "--project-id",
  String(sample.credentials.projectId),
  "--yes",
];

describe("help and mistakes", () => {
  for (const args of [
    ["help"],
    ["--help"],
    ["serve", "--help"],
    ["setup", "--help"],
    ["doctor", "--help"],
    ["demo", "--help"],
    ["tools", "--help"],
  ]) {
    test(args.join(" "), async () => {
      const ran = await run(args, home().env);
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(ran.stdout).toContain("mixpanel-data-mcp");
    });
  }

  test("version", async () => {
    for (const args of [["version"], ["--version"]])
      expect((await run(args, home().env)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  for (const [args, pattern] of [
    [["sevre"], /Unknown command "sevre". Did you mean "serve"/],
    [["serve", "--demoo"], /Unknown flag --demoo .* Did you mean --demo/],
    [["--toolset", "query"], /Unknown flag --toolset .*--toolsets/],
    [["serve", "--toolsets", "locl"], /Unknown toolset "locl". Did you mean "local"/],
    [["serve", "--transport", "carrier-pigeon"], /--transport is stdio or http/],
    [["serve", "--account"], /--account needs a value/],
    [["serve", "what"], /takes no "what"/],
    [["setup", "--client", "cusror"], /Unknown client "cusror". Did you mean "cursor"/],
  ] as const) {
    test(`${args.join(" ")}: one line, exit 2`, async () => {
      const ran = await run([...args], home().env);
      expect(ran.code).toBe(2);
      expect(ran.stdout).toBe("");
      expect(ran.stderr).toMatch(pattern);
      expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    });
  }
});

test("tools --json prints what tools/list sends", async () => {
  const { tools } = JSON.parse((await run(["tools", "--json"], home().env)).stdout);
  expect(tools.map((tool: { name: string }) => tool.name)).toContain("segmentation");
  expect((await run(["tools"], home().env)).stdout).toMatch(/all together: \d+ tokens/);
});

test("--licenses names what is inside", async () => {
  expect((await run(["--licenses"], home().env)).stdout).toMatch(/zod[\s\S]*MIT/);
});

describe("setup", () => {
  test("checks, writes 0600 in 0700, registers with clients found, and undoes it", async () => {
    const { home: dir, env } = home();
    mkdirSync(join(dir, ".cursor"));
    writeFileSync(join(dir, ".cursor/mcp.json"), '{\n  // mine\n  "mcpServers": { "other": { "command": "x" } }\n}\n');
    const ran = await run(
      [...setupArgs(), "--secret-stdin", "--client", "cursor", "--client", "vscode"],
      { ...env, MP_API_URL: sample.url },
      `${sample.credentials.secret}\n`,
    );
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/ok: project/);
    const config = join(dir, ".mp/config.toml");
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, ".mp")).mode & 0o777).toBe(0o700);
    expect(readFileSync(config, "utf8")).toContain("[accounts.production]");
    const cursor = readFileSync(join(dir, ".cursor/mcp.json"), "utf8");
    expect(cursor).toMatch(/\/\/ mine[\s\S]*"other": \{ "command": "x" \}[\s\S]*"--account"/);
    expect(readdirSync(join(dir, ".cursor")).filter((name) => name.endsWith(".bak"))).toHaveLength(1);
    const vscode = JSON.parse(readFileSync(join(dir, ".config/Code/User/mcp.json"), "utf8"));
    expect(vscode.servers.mixpanel).toMatchObject({ type: "stdio", args: ["serve", "--account", "production"] });
    expect(`${ran.stdout}${cursor}${JSON.stringify(vscode)}`).not.toContain(sample.credentials.secret);
    const removed = await run(["setup", "--remove", "--account", "production"], env);
    expect(removed.code).toBe(0);
    expect(readFileSync(join(dir, ".cursor/mcp.json"), "utf8")).not.toContain("mixpanel");
    expect(readFileSync(config, "utf8")).not.toContain("production");
  });

  test("--print writes nothing and shows no secret", async () => {
    const { home: dir, env } = home();
    const ran = await run([...setupArgs(), "--client", "cursor", "--print"], { ...env, ...SECRET_ENV() });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/would write to .*config\.toml[\s\S]*would write to .*mcp\.json/);
    expect(ran.stdout).not.toContain(sample.credentials.secret);
    expect(existsSync(join(dir, ".mp/config.toml"))).toBe(false);
    expect(existsSync(join(dir, ".cursor"))).toBe(false);
  });

  test("wrong credentials write nothing, exit 1", async () => {
    const { home: dir, env } = home();
    const ran = await run(setupArgs(), { ...env, MP_API_URL: sample.url, MP_SECRET: "wrong-secret-value" });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/credentials/i);
    expect(ran.stdout + ran.stderr).not.toContain("wrong-secret-value");
    expect(existsSync(join(dir, ".mp/config.toml"))).toBe(false);
  });

  test("a project the account cannot see is said", async () => {
    const ran = await run(["setup", "--username", sample.credentials.username, "--project-id", "1", "--yes"], {
      ...home().env,
      ...SECRET_ENV(),
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/no access to project 1.*Projects they can see/s);
  });

  test("missing answers are named, exit 2", async () => {
    const ran = await run(["setup", "--yes"], home().env);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/--username.*secret.*--project-id/);
  });

  test("a client file that is not JSON is left alone, exit 1", async () => {
    const { home: dir, env } = home();
    mkdirSync(join(dir, ".cursor"));
    writeFileSync(join(dir, ".cursor/mcp.json"), "{ broken");
    const ran = await run([...setupArgs(), "--client", "cursor"], { ...env, ...SECRET_ENV() });
    expect(ran.code).toBe(1);
    expect(readFileSync(join(dir, ".cursor/mcp.json"), "utf8")).toBe("{ broken");
  });
});

describe("doctor", () => {
  test("says ok on a good installation", async () => {
    const { env } = home();
    const ran = await run(["doctor"], { ...env, ...sampleEnv(sample) });
    expect(ran.stdout).not.toContain("FIX");
    expect(ran.code).toBe(0);
    const checks = JSON.parse((await run(["doctor", "--json"], { ...env, ...sampleEnv(sample) })).stdout);
    expect(checks.ok).toBe(true);
    expect(checks.checks.map((check: { name: string }) => check.name)).toEqual([
      "config",
      "credentials",
      "region",
      "project",
      "plan",
      "clock",
      "quota",
      "data folder",
      "SQLite",
    ]);
  });

  for (const [name, spoil, pattern] of [
    ["no credentials", { MP_USERNAME: "", MP_SECRET: "", MP_PROJECT_ID: "" }, /FIX {2}config .*CONFIG_MISSING/],
    ["a wrong secret", { MP_SECRET: "wrong-secret-value" }, /FIX {2}credentials .*AUTH_FAILED/],
    ["another project", { MP_PROJECT_ID: "1" }, /FIX {2}project .*PERMISSION_DENIED/],
    ["nobody there", { MP_API_URL: "http://127.0.0.1:9" }, /FIX {2}connection .*NETWORK_ERROR/],
  ] as const) {
    test(`${name}: what to do, exit 1`, async () => {
      const ran = await run(["doctor"], { ...home().env, ...sampleEnv(sample), ...spoil });
      expect(ran.code).toBe(1);
      expect(ran.stdout).toMatch(pattern);
      expect(ran.stdout + ran.stderr).not.toContain("wrong-secret-value");
    });
  }

  test("a data folder that is a file, and a client that points to a missing program", async () => {
    const { home: dir, env } = home();
    writeFileSync(join(dir, "data"), "");
    mkdirSync(join(dir, ".cursor"));
    writeFileSync(join(dir, ".cursor/mcp.json"), '{"mcpServers":{"mixpanel":{"command":"/gone/mixpanel-data-mcp"}}}');
    const ran = await run(["doctor", "--data-dir", join(dir, "data")], { ...env, ...sampleEnv(sample) });
    expect(ran.stdout).toMatch(/FIX {2}data folder .*is a file/);
    expect(ran.stdout).toMatch(/FIX {2}Cursor .*does not exist/);
  });

  test("a config file that others can read", async () => {
    const { home: dir, env } = home();
    mkdirSync(join(dir, ".mp"));
    const path = join(dir, ".mp/config.toml");
    writeFileSync(
      path,
      `[accounts.a]\nusername = "${sample.credentials.username}"\nsecret = "${sample.credentials.secret}"\nproject_id = "${sample.credentials.projectId}"\n`,
    );
    chmodSync(path, 0o644);
    const ran = await run(["doctor"], { ...env, MP_API_URL: sample.url });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/chmod 600/);
  });
});

test("the demo runs to its end, in plain text, and leaves nothing behind", async () => {
  const { home: dir, env } = home();
  const ran = await run(["demo"], env);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).not.toContain("\u001b");
  expect(ran.stdout).not.toMatch(/INTERNAL|_ERROR|INVALID/);
  expect(ran.stdout).toMatch(/What is tracked\?[\s\S]*▲\n +\d{4}-\d\d-\d\d: \d+, where[\s\S]*claude mcp add/);
  expect(existsSync(join(dir, ".mp"))).toBe(false);
}, 60_000);

test("a hostile current folder is neither read nor run", async () => {
  const { home: dir, env } = home();
  const cwd = join(dir, "evil");
  mkdirSync(join(cwd, "node_modules/zod"), { recursive: true });
  const marker = join(dir, "marker");
  writeFileSync(
    join(cwd, "evil.ts"),
    `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "x"); console.log("evil");`,
  );
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n');
  writeFileSync(
    join(cwd, ".env"),
    "MP_USERNAME=evil\nMP_SECRET=evil-secret\nMP_PROJECT_ID=666\nNODE_TLS_REJECT_UNAUTHORIZED=0\n",
  );
  writeFileSync(join(cwd, "package.json"), '{"name":"evil","main":"./evil.ts"}');
  writeFileSync(join(cwd, "tsconfig.json"), '{"compilerOptions":{"paths":{"zod":["./evil.ts"]}}}');
  writeFileSync(
    join(cwd, "node_modules/zod/index.js"),
    `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "x");`,
  );
  const ran = await run(["doctor", "--json"], env, "", cwd);
  expect(ran.stdout).toContain("CONFIG_MISSING");
  expect(ran.stdout).not.toContain("evil");
  expect(existsSync(marker)).toBe(false);
});
