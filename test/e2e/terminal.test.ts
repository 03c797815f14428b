/** The demo and `setup` on a terminal: nothing too wide, nothing secret, and a Ctrl-C that leaves nothing behind. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { linesOf, onTerminal } from "./pty.ts";
import { sampleAndHomes } from "./sample-homes.ts";

const { sample, newHome: plainHome } = await sampleAndHomes();
function newHome() {
  const { home, env } = plainHome();
  mkdirSync(join(home, "tmp"));
  return { home, env: { ...env, TMPDIR: join(home, "tmp"), TERM: "xterm-256color" } as Record<string, string> };
}

describe("the demo", () => {
  for (const [cols, more] of [
    [80, {}],
    [120, { NO_COLOR: "1" }],
  ] as const) {
    test(`${cols} columns${"NO_COLOR" in more ? ", NO_COLOR" : ""}`, async () => {
      const { home, env } = newHome();
      const screen = onTerminal(["demo"], { ...env, ...more }, cols);
      expect(await screen.exited).toBe(0);
      // The path of this checkout is as long as it is.
      const lines = linesOf(screen.text()).filter((line) => !line.includes("mixpanel-data-mcp"));
      expect(lines.filter((line) => Bun.stringWidth(line) > cols)).toEqual([]);
      expect(lines.join("\n")).toMatch(/▲[\s\S]*wk 0 {2}wk 1[\s\S]*Connect your assistant/);
      // Colours are codes that end in m; the progress line moves and clears.
      expect(/\u001b\[[\d;]*m/.test(screen.text())).toBe(!("NO_COLOR" in more));
      expect(screen.text()).toMatch(/\r\u001b\[K {2}▕█+ *▏ +\d+%/);
      expect(readdirSync(join(home, "tmp"))).toEqual([]);
    }, 60_000);
  }

  test("Ctrl-C in the middle of the fetch", async () => {
    const { home, env } = newHome();
    const screen = onTerminal(["demo"], env);
    await screen.until(/▕/);
    expect(readdirSync(join(home, "tmp"))).not.toEqual([]);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
    expect(screen.text()).toContain("stopped");
    expect(readdirSync(join(home, "tmp"))).toEqual([]);
    expect(existsSync(join(home, ".mp"))).toBe(false);
  }, 60_000);
});

describe("setup", () => {
  function start() {
    const { home, env } = newHome();
    mkdirSync(join(home, ".cursor"));
    return { home, screen: onTerminal(["setup"], { ...env, MP_API_URL: sample.url }) };
  }
  const written = (home: string) =>
    readdirSync(home, { recursive: true, encoding: "utf8" }).filter((name) => !/^(\.cursor|tmp)$/.test(name));

  test("asks, asks again for what cannot be, and takes defaults", async () => {
    const { home, screen } = start();
    const { username, secret, projectId } = sample.credentials;
    await screen.until(/username: /);
    screen.type(`${username}\r`);
    await screen.until(/not shown\): /);
    screen.type(`x\u007f${secret}\r`);
    await screen.until(/Project id.*: /);
    screen.type("my project\r");
    await screen.until(/A number[\s\S]*Project id.*: /);
    screen.type(`${projectId}\r`);
    await screen.until(/Region .*\[us\]: /);
    screen.type("\r");
    await screen.until(/\[production\]: /);
    screen.type("\r");
    await screen.until(/Cursor\? \[Y\/n\]: /);
    screen.type("\r");
    expect(await screen.exited).toBe(0);
    expect(screen.text()).not.toContain(secret);
    expect(readFileSync(join(home, ".mp/config.toml"), "utf8")).toContain(`secret = "${secret}"`);
    expect(readFileSync(join(home, ".cursor/mcp.json"), "utf8")).toContain('"production"');
  }, 60_000);

  test("answers pasted in one block do not show the secret", async () => {
    const { home, screen } = start();
    const { username, secret, projectId } = sample.credentials;
    await screen.until(/username: /);
    screen.type(`${username}\r${secret}\r${projectId}\r\r\rn\r`);
    expect(await screen.exited).toBe(0);
    expect(screen.text()).not.toContain(secret);
    expect(existsSync(join(home, ".mp/config.toml"))).toBe(true);
    expect(existsSync(join(home, ".cursor/mcp.json"))).toBe(false);
  }, 60_000);

  for (const [name, keys] of [
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ]) {
    test(`${name} at the secret: nothing is written`, async () => {
      const { home, screen } = start();
      await screen.until(/username: /);
      screen.type("someone\r");
      await screen.until(/not shown\): /);
      screen.type(keys ?? "");
      expect(await screen.exited).toBe(1);
      expect(screen.text()).toContain("nothing was written");
      expect(written(home)).toEqual([]);
    }, 60_000);
  }
});
