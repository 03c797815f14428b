/** How the parts of `setup` report what they did, a line each; printed at the end, on stdout. */
export type Say = (line: string) => void;
