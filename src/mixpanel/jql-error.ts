/** Mixpanel's report on a failed JQL script, taken apart. */
import { Fault } from "../fault.ts";
import type { Quote } from "./quote.ts";

/**
 * `UserVisiblePreconditionFailedError: Uncaught exception TypeError: x is not a function\n  .limit(10);\n   ^\n\nStack trace:\n
 * ...at main (<anonymous>:7:4)`: type and message up to the line's end, then the offending source and a caret under it, then
 * line and column. Undefined when the text is no such report.
 */
export function jqlFault(text: string, quote: Quote): Fault | undefined {
  if (!/Uncaught exception|UserVisible\w*Error/.test(text)) return undefined;
  const report = text.replace(/^[\s\S]*?UserVisible\w*Error:\s*/, "").replace(/^[\s\S]*?Uncaught exception:?\s*/, "");
  const [headline = "", ...rest] = report.split("\n");
  const named = /^([A-Za-z_$][\w$]*)\s*:\s*(.*)$/.exec(headline.trim());
  const type = named?.[1] ?? "Error";
  const message = quote(named?.[2] ?? headline, 200);
  const caretAt = rest.findIndex((line) => /^\s*\^+\s*$/.test(line));
  const source = caretAt > 0 ? quote(rest[caretAt - 1] ?? "", 120) : undefined;
  const place = /<anonymous>:(\d+)(?::(\d+))?/.exec(text) ?? /\bline (\d+)(?:,? col(?:umn)? (\d+))?/i.exec(text);
  const line = place?.[1] === undefined ? undefined : Number(place[1]);
  const column = place?.[2] === undefined ? undefined : Number(place[2]);
  const where = line === undefined ? "" : ` at line ${line}${column === undefined ? "" : `, column ${column}`}`;
  const near = source === undefined || source === "" ? "" : ` near: ${source}`;
  const caret = caretAt > 0 ? (rest[caretAt] ?? "").indexOf("^") + 1 : undefined;
  return new Fault("QUERY_INVALID", `The JQL script failed${where}: ${type}: ${message}${near}`, {
    suggestions: suggestions(`${headline} ${source ?? ""}`),
    details: { status: 412, type, message, line, column, source, caret },
  });
}

function suggestions(text: string): string[] {
  if (/\blimit\b/.test(text)) {
    return ["JQL has no .limit(): aggregate in the script (groupBy, reduce) or use mixpanel.reducer.top(n)."];
  }
  if (/main is not (a function|defined)|main.*undefined/i.test(text)) {
    return ["Define `function main() { return Events({...}).reduce(mixpanel.reducer.count()); }`."];
  }
  return ["Correct the script and run it again; `segmentation`, `funnel` and `sql` answer most questions without JQL."];
}
