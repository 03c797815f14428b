/** The licence texts of everything that is inside the executable: the runtime, and the runtime dependencies with theirs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Manifest = { name?: string; version?: string; license?: string; dependencies?: Record<string, string> };

const BUN = `Bun
The runtime of this executable, under the MIT licence; it links JavaScriptCore and parts of WebKit (LGPL-2.1), BoringSSL, SQLite
(public domain), zlib, zstd, brotli, libuv, simdutf, mimalloc and others under permissive licences, listed in Bun's documentation.
`;

/** A macro: `cli/licenses.ts` gets the text itself, put in when the executable is built. */
export function embeddedLicenses(): string {
  return collectLicenses(join(import.meta.dir, "../.."));
}

/** Every package reachable from the dependencies of `root`, each once, by name. */
export function collectLicenses(root: string): string {
  const seen = new Map<string, string>();
  const visit = (name: string) => {
    const folder = join(root, "node_modules", name);
    if (seen.has(name) || !existsSync(join(folder, "package.json"))) return;
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    seen.set(name, `${name} ${manifest.version ?? ""} (${manifest.license ?? "see text"})\n\n${textOf(folder)}`);
    for (const dependency of Object.keys(manifest.dependencies ?? {})) visit(dependency);
  };
  const own: Manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of Object.keys(own.dependencies ?? {})) visit(name);
  const parts = [...seen].sort(([a], [b]) => a.localeCompare(b)).map(([, text]) => text);
  const line = `\n${"-".repeat(80)}\n\n`;
  return [
    `mixpanel-data-mcp ${own.version ?? ""} (${own.license ?? ""})\n\n${readFileSync(join(root, "LICENSE"), "utf8")}`,
    BUN,
    ...parts,
  ].join(line);
}

function textOf(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|$|-)/i.test(name));
  return file === undefined
    ? "No licence text is shipped with this package; its manifest names the licence above.\n"
    : readFileSync(join(folder, file), "utf8");
}
