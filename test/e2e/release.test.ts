/** Cross-compiled executables: macOS signatures that hold, and a bundle the format's own tool accepts. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { checkSignature, sign } from "../../src/build/mach-signature.ts";
import { buildTarget, release } from "../../src/build/release.ts";
import { TARGETS } from "../../src/build/targets.ts";

const root = join(import.meta.dir, "../..");
const output = mkdtempSync(join(tmpdir(), "release-"));
afterAll(() => rmSync(output, { recursive: true, force: true }));
const options = { root, version, output, repository: "owner/repo", say: () => {} };
const named = (name: string) => {
  const target = TARGETS.find((one) => one.name === name);
  if (!target) throw new Error(name);
  return target;
};

/** Bun downloads the runtime of another system once; a machine that may not has nothing to check. */
function built(name: string): string | undefined {
  try {
    return buildTarget(named(name), options);
  } catch (error) {
    if (!(error instanceof Error) || !/Failed to download/.test(error.message)) throw error;
    process.stderr.write(`${name} not checked: its runtime cannot be downloaded here\n`);
    return undefined;
  }
}

describe("macOS", () => {
  for (const name of ["darwin-arm64", "darwin-x64"]) {
    test(`${name} leaves with a signature that covers every page`, () => {
      const executable = built(name);
      if (executable === undefined) return;
      const bytes = readFileSync(executable);
      expect(checkSignature(bytes)).toMatchObject({ mismatched: 0, coversAll: true });
      // One flipped byte is noticed, and signing again mends it.
      bytes[100_000] = (bytes[100_000] ?? 0) ^ 1;
      expect(checkSignature(bytes).mismatched).toBe(1);
      expect(checkSignature(sign(bytes, "x"))).toMatchObject({ mismatched: 0, coversAll: true });
    });
  }
});

test("a release of one target: archive, bundle, checksums, server.json, and the archive runs", () => {
  const folder = join(output, "one");
  release({ ...options, output: folder, targets: [named("linux-x64")] });
  const files = readdirSync(folder).sort();
  expect(files).toEqual([
    "NOTES.md",
    "SHA256SUMS",
    "linux-x64",
    `mixpanel-data-mcp-${version}-linux-x64.mcpb`,
    `mixpanel-data-mcp-${version}-linux-x64.tar.gz`,
    "server.json",
  ]);
  expect(Bun.spawnSync(["sha256sum", "-c", "SHA256SUMS"], { cwd: folder }).exitCode).toBe(0);
  const unpacked = join(output, "unpacked");
  expect(
    Bun.spawnSync([
      "sh",
      "-c",
      `mkdir -p ${unpacked} && tar -xzf ${join(folder, `mixpanel-data-mcp-${version}-linux-x64.tar.gz`)} -C ${unpacked}`,
    ]).exitCode,
  ).toBe(0);
  expect(readdirSync(unpacked).sort()).toEqual(["LICENSE", "README.md", "mixpanel-data-mcp"]);
  if (process.platform !== "linux" || process.arch !== "x64" || existsSync("/etc/alpine-release")) return;
  const run = Bun.spawnSync([join(unpacked, "mixpanel-data-mcp"), "--version"], { env: {} });
  expect(run.stdout.toString()).toBe(`${version}\n`);
}, 120_000);
