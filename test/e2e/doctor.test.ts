/** `doctor` on each broken installation: what is wrong in one line, what to do, exit 1, and never a secret. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { checkSqlite } from "../../src/cli/doctor/local.ts";
import { type Rule, startFaults } from "../faults.ts";
import { type Ran, run, sampleEnv } from "./binary.ts";
import { sampleAndHomes } from "./sample-homes.ts";

const { sample, newHome } = await sampleAndHomes();

async function doctor(env: Record<string, string>, ...more: string[]): Promise<Ran> {
  const ran = await run(["doctor", ...more], env);
  expect(`${ran.stdout}${ran.stderr}`).not.toContain(sample.credentials.secret);
  expect(ran.stderr).toBe("");
  return ran;
}

describe("Mixpanel says", () => {
  const inEurope = { error: "invalid project id for cluster", project_cluster: "mixpanel-prod-eu" };
  for (const [name, rules, pattern] of [
    ["wrong region", [{ on: "/cohorts", status: 400, body: inEurope }], /FIX {2}region .*MP_REGION=eu/],
    [
      "no Query API",
      [{ on: "/api/query", status: 402, body: { error: "Upgrade" } }],
      /FIX {2}plan .*402.*fetch_events/,
    ],
    ["expired account", [{ status: 401, body: { error: "Service account expired" } }], /FIX {2}credentials .*expired/],
    ["no role", [{ on: "/cohorts", status: 403, body: { error: "Permission denied" } }], /FIX {2}project .*admin/],
    [
      "quota gone",
      [{ on: "/cohorts", status: 429, retryAfter: 1800, body: { error: "61/60 queries running in the last hour" } }],
      /FIX {2}quota .*possible at/,
    ],
    ["a sign-in page", [{ body: "<html>Sign in</html>" }], /FIX {2}connection /],
    ["a broken server", [{ on: "/app/me", status: 400, body: { error: "bad thing" } }], /FIX {2}connection /],
  ] as const) {
    test(name, async () => {
      const faults = await startFaults(
        sample.url,
        rules.map((rule): Rule => ({ ...rule })),
      );
      const ran = await doctor({ ...newHome().env, ...sampleEnv(sample), MP_API_URL: faults.url });
      await faults.close();
      expect(ran.code).toBe(1);
      expect(ran.stdout).toMatch(pattern);
      expect(ran.stdout.match(/^FIX/gm)).toHaveLength(1);
    });
  }

  test("another time", async () => {
    const server = createServer((request, response) => {
      response.sendDate = false;
      response.setHeader("Date", new Date(Date.now() - 2 * 3_600_000).toUTCString());
      fetch(sample.url + request.url, {
        method: request.method ?? "GET",
        headers: { authorization: request.headers.authorization ?? "" },
      })
        .then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
        .catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    const ran = await doctor({ ...newHome().env, ...sampleEnv(sample), MP_API_URL: url });
    server.closeAllConnections();
    server.close();
    expect(ran.stdout).toMatch(/FIX {2}clock .*120 min ahead/);
    expect(ran.code).toBe(1);
  });
});

describe("on this machine", () => {
  const account = () =>
    `username = "${sample.credentials.username}"\nsecret = "${sample.credentials.secret}"\nproject_id = ${sample.credentials.projectId}\n`;
  const file = (home: string, text: string, mode = 0o600) => {
    mkdirSync(join(home, ".mp"));
    writeFileSync(join(home, ".mp/config.toml"), text);
    chmodSync(join(home, ".mp/config.toml"), mode);
  };

  for (const [name, prepare, more, pattern] of [
    ["half a set of variables", () => {}, { MP_USERNAME: "a" }, /FIX {2}config .*MP_SECRET and MP_PROJECT_ID are not/],
    ["an address elsewhere", () => {}, { MP_API_URL: "http://example.com" }, /FIX {2}config .*loopback/],
    ["an address with a path", () => {}, { MP_API_URL: "http://127.0.0.1:1/api" }, /FIX {2}config .*without a path/],
    [
      "a mistake in the file",
      (home: string) => file(home, `[accounts.a]\n${account().replace('secret = "', "secret = ")}`),
      {},
      /FIX {2}config .*line 3, column \d+/,
    ],
    [
      "an unknown account",
      (home: string) => file(home, `[accounts.production]\n${account()}`),
      { MP_ACCOUNT: "prodution" },
      /FIX {2}config .*no account "prodution".*production/,
    ],
    [
      "an unknown region",
      (home: string) => file(home, `[accounts.a]\n${account()}region = "mars"\n`),
      {},
      /FIX {2}config .*us, eu or in/,
    ],
    [
      "a file that others can read",
      (home: string) => file(home, `[accounts.a]\n${account()}`, 0o644),
      {},
      /FIX {2}warning .*chmod 600/,
    ],
    [
      "a data folder that cannot be written",
      (home: string) => file(home, `[accounts.a]\n${account()}`),
      { MP_DATA_DIR: "/proc/nowhere" },
      /FIX {2}data folder .*cannot be written/,
    ],
    [
      "a Claude Code that starts a missing program",
      (home: string) => {
        file(home, `[accounts.a]\n${account()}`);
        const servers = { mixpanel: { command: "/gone/mixpanel-data-mcp", args: ["serve"] } };
        writeFileSync(join(home, ".claude.json"), JSON.stringify({ mcpServers: servers }));
      },
      {},
      /FIX {2}Claude Code .*does not exist.*--client claude-code/,
    ],
  ] as const) {
    test(name, async () => {
      const { home, env } = newHome();
      prepare(home);
      const ran = await doctor({ ...env, MP_API_URL: sample.url, ...more });
      expect(ran.code).toBe(1);
      expect(ran.stdout).toMatch(pattern);
      expect(ran.stdout.match(/^FIX/gm)).toHaveLength(1);
    });
  }

  test("project ids may be numbers, regions in capitals, and the file from Windows", async () => {
    const { home, env } = newHome();
    file(
      home,
      `\uFEFFdefault = "a"\n[accounts.a]\n${account()}region = "US"\nworkspace_id = 7\n`.replaceAll("\n", "\r\n"),
    );
    const ran = await doctor({ ...env, MP_API_URL: sample.url });
    expect(ran.stdout).toMatch(/^ok {3}config .*account "a".*region us/);
    expect(ran.code).toBe(0);
  });

  test("an old SQLite", () => {
    expect(checkSqlite("3.39.5")).toMatchObject({ ok: false, fix: expect.stringContaining("macOS") });
    expect(checkSqlite("3.43.2")).toMatchObject({ ok: true });
    expect(checkSqlite()).toMatchObject({ ok: true });
  });
});

test("--json: the same checks as data, the verdict first", async () => {
  const { home, env } = newHome();
  const ran = await doctor({ ...env, MP_USERNAME: "a" }, "--json");
  const answer = JSON.parse(ran.stdout);
  expect(ran.code).toBe(1);
  expect(Object.keys(answer)).toEqual(["ok", "checks"]);
  for (const check of answer.checks)
    expect(Object.keys(check)).toEqual(check.ok ? ["name", "ok", "message"] : ["name", "ok", "message", "fix"]);
  expect(readdirSync(join(home, ".mp"))).toEqual(["data"]);
});
