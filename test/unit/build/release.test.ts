import { describe, expect, test } from "bun:test";
import { Ajv } from "ajv";
import { manifest } from "../../../src/build/bundle.ts";
import { collectLicenses } from "../../../src/build/licenses.ts";
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
