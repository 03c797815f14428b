/** The README against the code: settings, flags, limits, scripts. Its table of tools is catalogue.test.ts's. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json";
import { command as demo } from "../../src/cli/demo.ts";
import { command as doctor } from "../../src/cli/doctor.ts";
import { command as serve } from "../../src/cli/serve.ts";
import { CLIENT_TITLES } from "../../src/cli/setup/clients.ts";
import { command as setup } from "../../src/cli/setup.ts";
import { command as tools } from "../../src/cli/tools.ts";
import { FAULT_CODES } from "../../src/fault.ts";
import * as limits from "../../src/limits.ts";
import { TOOLSETS } from "../../src/names.ts";

const root = join(import.meta.dir, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const code = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(join(root, "src", name), "utf8"))
  .join("\n");
const all = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))].sort();

test("every variable the program reads is in the table of settings, and no other", () => {
  const table = readme.slice(readme.indexOf("## Settings"), readme.indexOf("Order: `--account`"));
  expect(all(table, /`(MP_[A-Z_]+)`/g)).toEqual(all(code, /\b(MP_[A-Z_]+)\b/g));
});

test("every flag in the README exists, and every flag of `serve` is in it", () => {
  const known = [serve, setup, doctor, demo, tools].flatMap(({ flags }) => Object.keys(flags));
  const foreign = ["help", "version", "licenses", "all", "scope"];
  for (const flag of all(readme, /(?:^|[\s`])--([a-z][a-z-]+)/gm)) expect([...known, ...foreign]).toContain(flag);
  for (const flag of Object.keys(serve.flags)) expect(readme).toContain(`--${flag}`);
});

test("commands, clients, toolsets and error codes are named as they are", () => {
  for (const name of [setup.name, doctor.name, demo.name, tools.name]) expect(readme).toContain(`\`${name}\``);
  for (const title of Object.values(CLIENT_TITLES)) expect(readme).toContain(title);
  expect(readme).toContain(`--toolsets ${TOOLSETS.join(",")}`);
  for (const name of all(readme, /^\| `([A-Z]+_[A-Z]+)` \|/gm).filter(
    (name) => !name.startsWith("MP_") && name !== "HTTPS_PROXY",
  ))
    expect(FAULT_CODES as readonly string[]).toContain(name);
});

test("the limits are the ones in limits.ts", () => {
  const count = (value: number) => value.toLocaleString("en-US");
  for (const part of [
    `under ${count(limits.DEFAULT_REPLY_TOKENS)} tokens by default, never over ${count(limits.MAX_REPLY_TOKENS)}`,
    `answers within ${limits.CALL_MS / 1000} s`,
    `${limits.QUERY_PER_HOUR} queries and ${limits.EXPORT_PER_HOUR} exports an hour, ${limits.QUERY_CONCURRENT} and ${limits.EXPORT_CONCURRENT} at once, ${limits.EXPORT_PER_SECOND} exports a second`,
    `waits up to ${limits.QUOTA_WAIT_MS / 1000} s`,
    `${limits.SQL_TIMEOUT_MS / 1000} s, ${limits.SQL_CHILD_BYTES / 1024 / 1024} MB, ${limits.SQL_DEFAULT_ROWS} rows by default and ${count(limits.SQL_MAX_ROWS)} at most, ${count(limits.SQL_MAX_CHARS)} characters`,
  ])
    expect(readme).toContain(part);
});

test("every script it tells you to run exists", () => {
  for (const name of all(readme, /bun(?:@[\d.]+)? run ([a-z]+)/g))
    expect(Object.keys(manifest.scripts)).toContain(name);
  expect(readme).toContain(`bun@${manifest.engines.bun}`);
});

test("the configuration snippets are what clients read", () => {
  const snippets = [...readme.matchAll(/```json\n(.*?)```/gs)].map((match) => JSON.parse(match[1] ?? ""));
  expect(snippets).toHaveLength(3);
  for (const snippet of snippets)
    expect((snippet.mcpServers ?? snippet.servers).mixpanel).toMatchObject({ args: ["serve"] });
});

test("the changelog has this version", () => {
  expect(readFileSync(join(root, "CHANGELOG.md"), "utf8")).toContain(`\n## ${manifest.version}\n`);
});
