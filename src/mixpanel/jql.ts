/** A script in Mixpanel's JQL: POST /jql. In maintenance mode at Mixpanel; kept for the questions nothing else answers. */
import { z } from "zod";
import { type Api, jsonParam, path } from "./api.ts";

/** A 412's text taken apart. `line` and `column` are those of the script, from 1. */
export type ScriptError = { type?: string; message: string; line?: number; column?: number; source?: string };

/**
 * Runs a script; `params` becomes its global of that name. The body is a form, in which `params` is JSON encoded once.
 * The answer is a list of rows of any shape.
 */
export function jql(
  api: Api,
  script: string,
  params: Record<string, unknown> | undefined,
  signal?: AbortSignal,
): Promise<unknown> {
  return api.call(
    {
      family: "query",
      method: "POST",
      path: path`/jql`,
      form: { script, params: params === undefined ? undefined : jsonParam(params) },
      reply: z.unknown(),
    },
    signal,
  );
}

/**
 * What a failed script's text says: `UserVisiblePreconditionFailedError: Uncaught exception TypeError: message`, then the
 * source line with a caret below, then a V8 stack with `(<anonymous>:line:column)`.
 */
export function readScriptError(text: string): ScriptError {
  const body = text.replace(/^.*?Uncaught exception\s+/s, "").replace(/^\w*PreconditionFailedError:\s*/, "");
  const [head = "", ...rest] = body.split(/\r?\n/);
  const named = /^([A-Za-z_$][\w$]*(?:Error|Exception)):\s*(.*)$/s.exec(head.trim());
  const stackStart = rest.findIndex((line) => /^\s*Stack trace:/.test(line));
  const source = (stackStart < 0 ? rest : rest.slice(0, stackStart)).filter((line) => line.trim() !== "").slice(0, 2);
  const place = /<anonymous>:(\d+):(\d+)/.exec(text);
  return {
    type: named?.[1],
    message: (named?.[2] ?? head).trim(),
    line: place ? Number(place[1]) : undefined,
    column: place ? Number(place[2]) : undefined,
    source: source.length > 0 ? source.join("\n") : undefined,
  };
}
