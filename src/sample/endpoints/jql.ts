/** /jql: runs the common part of JQL by walking the script; anything else is refused as Mixpanel refuses a broken script. */
import { Collection } from "../jql/collection.ts";
import { runScript } from "../jql/interpret.ts";
import { library } from "../jql/library.ts";
import { parseScript } from "../jql/parse.ts";
import { ScriptError } from "../jql/syntax.ts";
import { ApiError, type Endpoint, jsonParameter, optional, required } from "../request.ts";

export const jql: Endpoint = (request, service) => {
  if (request.json) throw new ApiError(400, "Missing required parameter: script");
  const script = required(request, "script");
  const params = jsonParameter("params", optional(request, "params") ?? "{}");
  try {
    const result = runScript(parseScript(script), library(service, params));
    if (!(result instanceof Collection)) throw new ScriptError("TypeError", "main() must return a collection", 0);
    return result.items;
  } catch (error) {
    if (error instanceof ScriptError) throw scriptFailure(script, error);
    throw error;
  }
};

/** `UserVisiblePreconditionFailedError: Uncaught exception Type: message`, the line, a caret, a stack trace. */
function scriptFailure(script: string, error: ScriptError): ApiError {
  const before = script.slice(0, error.at).split("\n");
  const column = before.at(-1)?.length ?? 0;
  const line = script.split("\n")[before.length - 1] ?? "";
  const title = `${error.type}: ${error.message}`;
  return new ApiError(
    412,
    `UserVisiblePreconditionFailedError: Uncaught exception ${title}\n${line}\n${" ".repeat(column)}^\n\nStack trace:\n${title}\n    at main (<anonymous>:${before.length}:${column + 1})\n`,
  );
}
