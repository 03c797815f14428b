/** What a tool is, and what its handler gets. Tools are plain data: they never build replies, catch errors or format text. */
import type { z } from "zod";
import type { Toolset } from "../names.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** All four hints, always explicit: clients assume the worst of a missing one. */
export type Annotations = {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
};

/** Asks Mixpanel and changes nothing. */
export const LIVE_READ: Annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};
/** Looks at the local store only. */
export const LOCAL_READ: Annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
/** Reads Mixpanel and writes the local store; adds, never removes. */
export const FETCH_WRITE: Annotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
};
/** Adds to the local store or the export folder. */
export const LOCAL_WRITE: Annotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: false,
};
/** Removes from the local store. */
export const LOCAL_DESTROY: Annotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false,
};

export type Context = {
  /** Aborted when the client cancels, goes away, or the call has used up its time. */
  signal: AbortSignal;
  /** Reports progress to the client when it asked for it; `total` undefined when it cannot be known. */
  progress(done: number, total: number | undefined, note: string): void;
};

/**
 * How a result is made to fit the reply budget: `size` counts the rows of its main list, `keep` returns the result
 * with only the first `rows` of them, `truncated: true` and whatever else must say so.
 */
export type Cut<Result> = {
  size(result: Result): number;
  keep(result: Result, rows: number): Result;
  /** What is shown of how much, where `size` and `total` do not say it: "20 of 31 segments shown". */
  shown?(result: Result): string;
};

/**
 * `Args` is what the handler receives (after defaults); `Result` is what it returns. The two schemas are thunks, because
 * building forty zod schemas costs more than the rest of the start-up (docs in the README, "Working on it").
 */
export type Tool<Args, Result> = {
  name: string;
  title: string;
  /** One paragraph: what it answers, when not to use it, what it costs. At most 600 characters. */
  description: string;
  toolset: Toolset;
  annotations: Annotations;
  input: () => z.ZodType<Args>;
  output: () => z.ZodType<Result>;
  handler(workspace: Workspace, args: Args, context: Context): Promise<Result>;
  /** The first line of the text reply: one sentence of numbers and of names the caller gave, none from Mixpanel's data. */
  summary(result: Result, args: Args): string;
  /** The whole text reply, where it is a text of ours: shown as it is, without the marks that say "data". */
  page?(result: Result): string | undefined;
  cut?: Cut<Result>;
  /**
   * The reply's budget in tokens, where it is neither the default one nor, with an explicit `limit`, the whole one; as a
   * function of the result, undefined leaves it at those two.
   */
  replyTokens?: number | ReplyTokens<Result>;
};

/** Written as a method, so that a tool of unknown types is still a tool. */
type ReplyTokens<Result> = { bivariant(result: Result): number | undefined }["bivariant"];

/** A tool whose types are only known inside: the server validates, then calls. */
export type AnyTool = {
  [Key in keyof Tool<unknown, unknown>]: Tool<unknown, unknown>[Key];
};

/**
 * Types a tool definition from its schemas. `input` should be `() => z.strictObject({...})`, so that an unknown
 * argument is refused with a sentence.
 */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(
  tool: Omit<Tool<z.output<Input>, z.output<Output>>, "input" | "output"> & {
    input: () => Input;
    output: () => Output;
  },
): AnyTool {
  // The server parses with `input` before it calls `handler`, so the narrower types hold where they are used.
  return tool as unknown as AnyTool;
}

/** The usual cut: the result's list `key`, with `truncated` set. Fits any result that has such a list. */
export function cutList<Key extends string>(key: Key) {
  type Listing = { [K in Key]: unknown[] };
  return {
    size: <Result extends Listing>(result: Result): number => result[key].length,
    keep: <Result extends Listing>(result: Result, rows: number): Result => ({
      ...result,
      [key]: result[key].slice(0, rows),
      truncated: true,
    }),
  };
}
