/**
 * Builds the executable: `bun build.ts` for this machine, `bun build.ts --all` for every release target.
 * The two autoload switches are a security must: without them the binary runs a bunfig.toml preload and reads the .env of
 * whatever folder it is started in. Splitting keeps dynamic imports that share zod working; ESM is what bytecode needs for
 * top-level await.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { version } from "./package.json";

const root = import.meta.dir;
const dist = join(root, "dist");

export type Target = { name: string; target: string; outfile: string };

const THIS_MACHINE: Target = { name: "this machine", target: "", outfile: join(dist, "mixpanel-data-mcp") };

export function buildTarget({ target, outfile }: Target): void {
  mkdirSync(dist, { recursive: true });
  const build = Bun.spawnSync(
    [
      process.execPath,
      "build",
      join(root, "src/main.ts"),
      join(root, "src/store/watchdog.ts"),
      "--compile",
      "--production",
      "--minify",
      "--bytecode",
      "--format=esm",
      "--splitting",
      "--compile-jit-policy=8",
      "--no-compile-autoload-dotenv",
      "--no-compile-autoload-bunfig",
      "--compile-exec-argv=--disallow-code-generation-from-strings=strict",
      `--define=BUILD_VERSION=${JSON.stringify(JSON.stringify(version))}`,
      ...(target === "" ? [] : [`--target=${target}`]),
      `--outfile=${outfile}`,
    ],
    { cwd: root, stdout: "pipe", stderr: "pipe" },
  );
  if (build.exitCode !== 0) {
    process.stderr.write(build.stdout.toString() + build.stderr.toString());
    process.exit(build.exitCode ?? 1);
  }
}

if (import.meta.main) {
  rmSync(THIS_MACHINE.outfile, { force: true });
  buildTarget(THIS_MACHINE);
  chmodSync(THIS_MACHINE.outfile, 0o755);
  process.stderr.write(`built dist/mixpanel-data-mcp ${version}\n`);
}
