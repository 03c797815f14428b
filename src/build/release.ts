/** Everything of a release into one folder: executables, archives, bundles, checksums, server.json. */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tarGz, zip } from "./archive.ts";
import { packBundle } from "./bundle.ts";
import { compile } from "./compile.ts";
import { checkSignature, sign } from "./mach-signature.ts";
import { releaseNotes, type Size } from "./notes.ts";
import { type Bundle, serverJson } from "./server-json.ts";
import { TARGETS, type Target } from "./targets.ts";

export type Release = {
  root: string;
  version: string;
  output: string;
  repository: string;
  targets?: readonly Target[];
  say(line: string): void;
};

export function release(options: Release): void {
  const { output, version, say, targets = TARGETS } = options;
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const sums: string[] = [];
  const bundles: Bundle[] = [];
  const sizes: Size[] = [];
  const sizeOf = (path: string) => statSync(path).size;
  const add = (file: string) => {
    const sha256 = sha256Of(join(output, file));
    sums.push(`${sha256}  ${file}`);
    say(`  ${file}  ${(sizeOf(join(output, file)) / 1e6).toFixed(1)} MB`);
    return sha256;
  };
  for (const target of targets) {
    const executable = buildTarget(target, options);
    const archived = archive(executable, target, options);
    add(archived);
    const bundle = `mixpanel-data-mcp-${version}-${target.name}.mcpb`;
    packBundle(executable, target, version, join(output, bundle));
    bundles.push({ target: target.name, file: bundle, sha256: add(bundle) });
    const files = { executable, archive: join(output, archived), bundle: join(output, bundle) };
    sizes.push({
      target: target.name,
      executable: sizeOf(files.executable),
      archive: sizeOf(files.archive),
      bundle: sizeOf(files.bundle),
    });
  }
  writeFileSync(join(output, "SHA256SUMS"), `${sums.join("\n")}\n`);
  const changelog = readFileSync(join(options.root, "CHANGELOG.md"), "utf8");
  writeFileSync(join(output, "NOTES.md"), releaseNotes(version, changelog, sizes));
  writeFileSync(
    join(output, "server.json"),
    `${JSON.stringify(serverJson(version, options.repository, bundles), null, 2)}\n`,
  );
}

/** The executable of one target in a folder of its own; macOS ones leave with a signature that holds. */
export function buildTarget(target: Target, { root, version, output, say }: Release): string {
  const folder = join(output, target.name);
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, target.executable);
  compile({ root, version, outfile, target: target.bun });
  if (target.os === "darwin") repairSignature(outfile, say);
  chmodSync(outfile, 0o755);
  say(`${target.name}  ${(statSync(outfile).size / 1e6).toFixed(1)} MB`);
  return outfile;
}

function repairSignature(outfile: string, say: Release["say"]): void {
  const bytes = readFileSync(outfile);
  const before = checkSignature(bytes);
  if (before.mismatched === 0 && before.coversAll) return;
  const signed = sign(bytes, "mixpanel-data-mcp");
  const after = checkSignature(signed);
  if (after.mismatched > 0 || !after.coversAll) throw new Error(`${outfile} could not be signed`);
  writeFileSync(outfile, signed);
  say(`  signed again: ${before.mismatched} of ${before.pages} pages did not match`);
}

/** .tar.gz, or .zip for Windows, with the licence beside the executable. */
function archive(executable: string, target: Target, { root, version, output }: Release): string {
  const windows = target.os === "win32";
  const name = `mixpanel-data-mcp-${version}-${target.name}.${windows ? "zip" : "tar.gz"}`;
  const entries = [
    { name: target.executable, bytes: readFileSync(executable), executable: true },
    ...["LICENSE", "README.md"].map((file) => ({
      name: file,
      bytes: readFileSync(join(root, file)),
      executable: false,
    })),
  ];
  writeFileSync(join(output, name), windows ? zip(entries) : tarGz(entries));
  return name;
}

function sha256Of(path: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
}
