/** Installs the locked dependencies when they are missing or stale, so that every script works on a fresh clone. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const stamp = join(root, "node_modules", ".installed");
const wanted = String(Bun.hash(readFileSync(join(root, "bun.lock"))));

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  // stdout belongs to the protocol when `bun run dev` serves: everything goes to stderr.
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile", "--ignore-scripts"], {
    cwd: root,
    stdout: process.argv.includes("--quiet") ? "ignore" : Bun.stderr,
    stderr: "inherit",
    env: { ...process.env, BUN_BE_BUN: "1" },
  });
  if (install.exitCode !== 0) process.exit(install.exitCode ?? 1);
  writeFileSync(stamp, wanted);
}
