/** The closed sets of names that the command line, the configuration and the server share. */
export const REGIONS = ["us", "eu", "in"] as const;
export type Region = (typeof REGIONS)[number];

export const TOOLSETS = ["discovery", "query", "fetch", "local", "guide"] as const;
export type Toolset = (typeof TOOLSETS)[number];
