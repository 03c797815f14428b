/** Set by build.ts; from source it is the version of package.json with a mark. */
declare const BUILD_VERSION: string | undefined;

export const VERSION = typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.1.0-dev";
