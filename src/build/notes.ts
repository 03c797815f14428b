/** The notes of a release: what the changelog says about the version, and how large each file is. */

export type Size = { target: string; executable: number; archive: number; bundle: number };

/** `changelog` has one `## VERSION` section for each version. */
export function releaseNotes(version: string, changelog: string, sizes: Size[]): string {
  const section = changelog.split(/^## /m).find((part) => part.startsWith(`${version}\n`));
  if (section === undefined) throw new Error(`CHANGELOG.md says nothing about ${version}`);
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return [
    section.slice(version.length).trim(),
    "",
    "| system | executable, MB | archive, MB | bundle, MB |",
    "|---|---|---|---|",
    ...sizes.map((one) => `| ${one.target} | ${mb(one.executable)} | ${mb(one.archive)} | ${mb(one.bundle)} |`),
    "",
  ].join("\n");
}
