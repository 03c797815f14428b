/** Third-party licence texts, put into the binary by build.ts. */
declare const BUILD_LICENSES: string | undefined;

export function licenses(): string {
  return typeof BUILD_LICENSES === "string"
    ? BUILD_LICENSES
    : "Licence texts are inside the built executable: bun run build.\n";
}
