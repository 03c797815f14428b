/** One .mcpb per system and architecture: the manifest and the executable, packed by the format's own tool. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "./targets.ts";

/** A placeholder that the desktop client fills in. */
const asked = (field: string) => `$${"{"}user_config.${field}}`;

/** What a desktop client asks its user for; the secret is stored by the client and never shown. */
const USER_CONFIG = {
  username: {
    type: "string",
    title: "Service account username",
    description: "From Mixpanel: Organization settings, Service accounts",
    required: true,
  },
  secret: {
    type: "string",
    title: "Service account secret",
    description: "Stored by this application, sent to Mixpanel only",
    sensitive: true,
    required: true,
  },
  project_id: {
    type: "string",
    title: "Project id",
    description: "The number in your project's address",
    required: true,
  },
  region: { type: "string", title: "Region", description: "us, eu or in", default: "us", required: false },
};

/** Validated by the packing tool. */
export function manifest(version: string, target: Target): object {
  return {
    manifest_version: "0.3",
    name: "mixpanel-data-mcp",
    display_name: "Mixpanel data",
    version,
    description: "Discover, query, fetch and analyse the data of a Mixpanel project, with a local SQL store.",
    long_description:
      "Live Mixpanel queries, raw events and profiles fetched into a local SQLite store, SQL on them at no quota, and guided analyses. Read-only at Mixpanel. Switch on the sample project to try it without an account.",
    author: { name: "mixpanel-data-mcp contributors" },
    license: "MIT",
    keywords: ["mixpanel", "analytics", "sql", "funnel", "retention"],
    server: {
      type: "binary",
      entry_point: `server/${target.executable}`,
      mcp_config: {
        command: `\${__dirname}/server/${target.executable}`,
        args: ["serve"],
        env: {
          MP_USERNAME: asked("username"),
          MP_SECRET: asked("secret"),
          MP_PROJECT_ID: asked("project_id"),
          MP_REGION: asked("region"),
        },
      },
    },
    tools_generated: true,
    prompts_generated: true,
    user_config: USER_CONFIG,
    compatibility: { platforms: [target.os] },
  };
}

export function packBundle(executable: string, target: Target, version: string, output: string): void {
  const folder = mkdtempSync(join(tmpdir(), "mcpb-"));
  try {
    mkdirSync(join(folder, "server"));
    const inside = join(folder, "server", target.executable);
    copyFileSync(executable, inside);
    chmodSync(inside, 0o755);
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest(version, target), null, 2));
    const program = join(import.meta.dir, "../../node_modules/@anthropic-ai/mcpb/dist/cli/cli.js");
    const packed = Bun.spawnSync([process.execPath, program, "pack", folder, output], {
      stdout: "pipe",
      stderr: "pipe",
    });
    if (packed.exitCode !== 0) throw new Error(`packing ${output} failed: ${packed.stdout}${packed.stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
