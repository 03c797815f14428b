/**
 * Builds the executable: `bun build.ts` for this machine into dist/, `bun build.ts --all` every release target with archives,
 * bundles, checksums and server.json into dist/release/.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { version } from "./package.json";
import { compile } from "./src/build/compile.ts";
import { release } from "./src/build/release.ts";

const root = import.meta.dir;
const dist = join(root, "dist");
const say = (line: string) => void process.stderr.write(`${line}\n`);

if (process.argv.includes("--all")) {
  const repository = process.env["GITHUB_REPOSITORY"] ?? "mixpanel-data-mcp/mixpanel-data-mcp";
  release({ root, version, output: join(dist, "release"), repository, say });
} else {
  mkdirSync(dist, { recursive: true });
  const outfile = join(dist, "mixpanel-data-mcp");
  rmSync(outfile, { force: true });
  compile({ root, version, outfile });
  chmodSync(outfile, 0o755);
  say(`built dist/mixpanel-data-mcp ${version}`);
}
