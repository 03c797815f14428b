/** The release targets, as Bun and as people name them. */
export type Target = {
  /** As in the archive's name. */
  name: string;
  /** As `bun build --target` wants it. */
  bun: string;
  os: "linux" | "darwin" | "win32";
  /** In the archive and the bundle. */
  executable: string;
};

const target = (name: string, os: Target["os"]): Target => ({
  name,
  bun: `bun-${name}`,
  os,
  executable: os === "win32" ? "mixpanel-data-mcp.exe" : "mixpanel-data-mcp",
});

export const TARGETS: readonly Target[] = [
  target("linux-x64", "linux"),
  target("linux-arm64", "linux"),
  // The musl builds need libstdc++ on the host: apk add libstdc++.
  target("linux-x64-musl", "linux"),
  target("linux-arm64-musl", "linux"),
  target("darwin-arm64", "darwin"),
  target("darwin-x64", "darwin"),
  target("windows-x64", "win32"),
  target("windows-arm64", "win32"),
];
