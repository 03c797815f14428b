import { describe, expect, test } from "bun:test";
import { createGuard, hostAllowed, isLoopback, originAllowed, tokenAllowed } from "../../../src/server/http-guard.ts";

const PORT = 8123;
const guard = createGuard("127.0.0.1", PORT, undefined);

describe("Host", () => {
  const ours = [
    "localhost",
    `localhost:${PORT}`,
    "LOCALHOST",
    `LocalHost:${PORT}`,
    "127.0.0.1",
    `127.0.0.1:${PORT}`,
    "[::1]",
    `[::1]:${PORT}`,
  ];
  test.each(ours)("%p is us", (host) => expect(hostAllowed(host, guard)).toBe(true));

  const foreign = [
    "",
    "evil.com",
    `evil.com:${PORT}`,
    "localhost.evil.com",
    "127.0.0.1.nip.io",
    "evil.com@localhost",
    `user:pass@localhost:${PORT}`,
    "localhost/evil",
    "localhost#x",
    "localhost?x",
    "localhost\\evil",
    "localhost%00",
    "localhost%2eevil.com",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "127.000.000.001",
    "127.0.0.2",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "::1",
    "[::1",
    "[::1]evil",
    "0.0.0.0",
    "[::]",
    "localhost.",
    "localhost..",
    ".localhost",
    "localhost:",
    "localhost:0",
    "localhost:99999",
    `localhost:0${PORT}`,
    `localhost:${PORT + 1}`,
    `localhost:${PORT}:${PORT}`,
    `localhost:+${PORT}`,
    `localhost: ${PORT}`,
    " localhost",
    "localhost ",
    "127.0.0.1\t",
    "local\u200bhost",
    "ⓛocalhost",
    "lоcalhost",
    "localhost, evil.com",
    "localhost, localhost",
    "evil.com, localhost",
    "a".repeat(10_000),
    `localhost${".".repeat(10_000)}`,
  ];
  test.each(foreign)("%p is not us", (host) => expect(hostAllowed(host, guard)).toBe(false));
  test("a missing one is not us", () => expect(hostAllowed(null, guard)).toBe(false));

  test("the configured host is us, and only that one", () => {
    const named = createGuard("mixpanel.internal", PORT, "secret-token");
    expect(hostAllowed(`mixpanel.internal:${PORT}`, named)).toBe(true);
    expect(hostAllowed("MIXPANEL.internal", named)).toBe(true);
    expect(hostAllowed("mixpanel.internal.evil.com", named)).toBe(false);
    expect(hostAllowed("internal", named)).toBe(false);
  });

  test("an IPv6 address is known in brackets", () => {
    expect(hostAllowed(`[fd00::7]:${PORT}`, createGuard("fd00::7", PORT, "secret-token"))).toBe(true);
  });
});

describe("Origin", () => {
  const fine = [
    "http://localhost",
    `http://localhost:${PORT}`,
    "http://127.0.0.1:9999",
    "https://localhost:6274",
    "http://[::1]:5173",
    "HTTP://LOCALHOST",
  ];
  test.each(fine)("%p passes", (origin) => expect(originAllowed(origin)).toBe(true));
  test("a client that is no browser has none", () => expect(originAllowed(null)).toBe(true));

  const foreign = [
    "",
    "null",
    "NULL",
    "https://evil.com",
    "http://localhost.evil.com",
    "http://evil.com@localhost",
    "http://localhost@evil.com",
    "http://localhost/",
    "http://localhost#",
    "http://localhost:",
    "http://localhost:123456",
    "http://127.0.0.1.nip.io",
    "http://127.1",
    "http://2130706433",
    "http://0.0.0.0",
    "http://localhost.",
    "file://",
    "file:///etc/passwd",
    "chrome-extension://abcdefghijklmnop",
    "moz-extension://abc",
    "vscode-webview://abc",
    "data:text/html,x",
    "javascript://localhost",
    "ftp://localhost",
    "ws://localhost",
    "http://localhost, http://evil.com",
    " http://localhost",
    `http://${"a".repeat(10_000)}`,
  ];
  test.each(foreign)("%p does not", (origin) => expect(originAllowed(origin)).toBe(false));
});

describe("token", () => {
  const token = "correct horse battery".replaceAll(" ", "-");
  const locked = createGuard("127.0.0.1", PORT, token);
  const flipped = String.fromCharCode(token.charCodeAt(0) ^ 1) + token.slice(1);

  test("the right one passes, the scheme in any case", () => {
    expect(tokenAllowed(`Bearer ${token}`, locked)).toBe(true);
    expect(tokenAllowed(`bearer ${token}`, locked)).toBe(true);
  });
  const wrong = [
    null,
    "",
    "Bearer",
    "Bearer ",
    token,
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer x${token}`,
    `Bearer ${flipped}`,
    `Bearer ${token} `,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer  ${token} extra`,
  ];
  test.each(wrong)("%p does not", (header) => expect(tokenAllowed(header, locked)).toBe(false));
  test("none is asked for where none is set", () => expect(tokenAllowed(null, guard)).toBe(true));
});

test("what only this machine can reach", () => {
  for (const host of ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"]) expect(isLoopback(host)).toBe(true);
  for (const host of ["0.0.0.0", "::", "192.168.1.4", "example.com", "localhost.evil.com", "1.127.0.0"])
    expect(isLoopback(host)).toBe(false);
});
