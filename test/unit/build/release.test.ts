import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { type Entry, tarGz, zip } from "../../../src/build/archive.ts";
import { manifest } from "../../../src/build/bundle.ts";
import { collectLicenses } from "../../../src/build/licenses.ts";
import { releaseNotes } from "../../../src/build/notes.ts";
import schema from "../../../src/build/server.schema.json";
import { serverJson } from "../../../src/build/server-json.ts";
import { TARGETS } from "../../../src/build/targets.ts";

const bundles = TARGETS.map((target) => ({
  target: target.name,
  file: `x-${target.name}.mcpb`,
  sha256: "a".repeat(64),
}));

describe("server.json", () => {
  const validate = new Ajv({ strict: false }).compile(schema);

  test("keeps the registry's rules", () => {
    expect(validate(serverJson("1.2.3", "owner/repo", bundles))).toBe(true);
    expect(serverJson("1.2.3", "owner/repo", bundles)).toMatchObject({
      name: "io.github.owner/mixpanel-data-mcp",
      packages: { length: TARGETS.length },
    });
  });

  for (const [name, spoil] of [
    ["a version range", { version: "^1.2.3" }],
    ["a name without its owner", { name: "mixpanel" }],
    ["a long description", { description: "x".repeat(101) }],
    [
      "a bundle without its checksum",
      {
        packages: [
          {
            registryType: "mcpb",
            identifier: "https://github.com/a/b/releases/download/v1/c.mcpb",
            version: "1.0.0",
            transport: { type: "stdio" },
          },
        ],
      },
    ],
  ] as const) {
    test(`${name} would be noticed`, () =>
      expect(validate({ ...serverJson("1.2.3", "o/r", []), ...spoil })).toBe(false));
  }
});

test("each bundle's manifest asks for the secret as a secret and starts the right program", () => {
  for (const target of TARGETS) {
    expect(manifest("1.2.3", target)).toMatchObject({
      manifest_version: "0.3",
      server: {
        type: "binary",
        mcp_config: {
          command: `\${__dirname}/server/${target.executable}`,
          env: { MP_SECRET: "$" + "{user_config.secret}" },
        },
      },
      user_config: { secret: { sensitive: true, required: true } },
      compatibility: { platforms: [target.os] },
    });
  }
});

test("the licences name every runtime dependency", () => {
  const text = collectLicenses(`${import.meta.dir}/../../..`);
  for (const name of ["@modelcontextprotocol/sdk", "zod", "smol-toml", "jsonc-parser", "Bun"])
    expect(text).toContain(name);
});

describe("archives", () => {
  const entries: Entry[] = [
    { name: "program", bytes: crypto.getRandomValues(new Uint8Array(70_000).subarray(0, 60_001)), executable: true },
    { name: "README.md", bytes: new TextEncoder().encode("read me\n".repeat(1000)), executable: false },
    { name: "empty", bytes: new Uint8Array(), executable: false },
  ];
  const dir = mkdtempSync(join(tmpdir(), "archive-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  for (const [name, pack, unpack] of [
    ["x.tar.gz", tarGz, ["tar", "-xzf"]],
    [
      "x.zip",
      zip,
      [
        "python3",
        "-c",
        "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall()",
      ],
    ],
  ] as const) {
    test(`${name} is unpacked by another program, and the same files give the same bytes`, () => {
      if (!Bun.which(unpack[0])) return;
      const folder = join(dir, `${name}-unpacked`);
      mkdirSync(folder);
      writeFileSync(join(dir, name), pack(entries));
      const done = Bun.spawnSync([...unpack, join(dir, name)], { cwd: folder, stderr: "pipe" });
      expect(done.stderr.toString()).toBe("");
      for (const entry of entries) expect(readFileSync(join(folder, entry.name)).equals(entry.bytes)).toBe(true);
      if (name === "x.tar.gz") expect(statSync(join(folder, "program")).mode & 0o777).toBe(0o755);
      expect(Buffer.from(pack(entries)).equals(pack(entries))).toBe(true);
    });
  }
});

test("the notes of a release: its part of the changelog, and the sizes", () => {
  const changelog = "# Changelog\n\n## 1.2.3\n\n- New.\n\n## 1.2.2\n\n- Old.\n";
  const notes = releaseNotes("1.2.3", changelog, [
    { target: "linux-x64", executable: 115_400_000, archive: 5e7, bundle: 5e7 },
  ]);
  expect(notes).toStartWith("- New.\n\n|");
  expect(notes).toContain("| linux-x64 | 115.4 | 50.0 | 50.0 |");
  expect(notes).not.toContain("Old");
  expect(() => releaseNotes("1.2", changelog, [])).toThrow("1.2");
});
