/** Runs chance calls through the built executable in batches, each with a fresh home so that quota never ends them. */

import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv-provider.js";
import fc from "fast-check";
import { startSample } from "../../src/sample/service.ts";
import type { CatalogueEntry } from "../../src/server/catalogue.ts";
import { ERROR_META } from "../../src/server/reply.ts";
import { type FuzzCall, toolCalls } from "../fuzz.ts";
import { callTool, type Message, request, Wire } from "./wire.ts";

const BATCH = 100;
const AT_ONCE = 8;

export type FuzzReport = {
  calls: number;
  problems: string[];
  /** How the calls ended: `ok`, or an error's code. */
  outcomes: Record<string, number>;
  /** Tools that succeeded at least once. */
  succeeded: Set<string>;
};

export async function fuzz({ calls, seed }: { calls: number; seed: number }): Promise<FuzzReport> {
  const sample = await startSample({ quota: "unlimited" });
  const report: FuzzReport = { calls: 0, problems: [], outcomes: {}, succeeded: new Set() };
  const env = {
    MP_USERNAME: sample.credentials.username,
    MP_SECRET: sample.credentials.secret,
    MP_PROJECT_ID: sample.credentials.projectId,
    MP_API_URL: sample.url,
    MP_SQL_TIMEOUT_MS: "1000",
  };
  const { username, secret } = sample.credentials;
  const basic = Buffer.from(`${username}:${secret}`).toString("base64");
  const canaries = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64"), basic];
  try {
    for (let done = 0; done < calls; done += BATCH) {
      const wire = await new Wire(["--log-level", "debug"], { env }).open();
      await batch(wire, Math.min(BATCH, calls - done), seed + done, report);
      const code = await wire.end();
      if (code !== 0) report.problems.push(`exit code ${code}: ${wire.stderr.slice(-500)}`);
      if (wire.strayLines.length > 0) report.problems.push(`stray output: ${wire.strayLines[0]?.slice(0, 200)}`);
      const spoken = wire.stderr + JSON.stringify(wire.messages);
      if (canaries.some((canary) => spoken.includes(canary))) report.problems.push("a secret was spoken");
      if (/unexpected error|\n\s+at /.test(wire.stderr))
        report.problems.push(`stack trace: ${wire.stderr.slice(0, 1500)}`);
    }
  } finally {
    await sample.close();
  }
  return report;
}

async function batch(wire: Wire, size: number, seed: number, report: FuzzReport): Promise<void> {
  await wire.write(request("tools", "tools/list"));
  const tools = (await wire.answer("tools")).result?.["tools"] as CatalogueEntry[];
  const check = checker(tools);
  const made = fc.sample(toolCalls(tools, await prepare(wire)), { numRuns: size, seed });
  for (let start = 0; start < made.length; start += AT_ONCE) {
    const group = made.slice(start, start + AT_ONCE);
    await wire.write(group.map(({ tool, args }, index) => callTool(start + index, tool, args)).join(""));
    for (const [index, call] of group.entries()) {
      const answer = await wire.answer(start + index);
      const problem = check(call, answer);
      report.calls++;
      const outcome = outcomeOf(answer);
      report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1;
      if (outcome === "ok") report.succeeded.add(call.tool);
      if (problem) report.problems.push(`${call.tool}(${JSON.stringify(call.args)?.slice(0, 300)}): ${problem}`);
    }
  }
}

/** Two tables to work on, and the ids that exist. */
async function prepare(wire: Wire): Promise<Record<string, unknown[]>> {
  const fetch = { from_date: "2 days ago", to_date: "yesterday", table: "events", wait_seconds: 30 };
  const listed = async (id: string, tool: string, args: object, key: string): Promise<Record<string, unknown>[]> => {
    await wire.write(callTool(id, tool, args));
    const content = (await wire.answer(id)).result?.["structuredContent"] as Record<string, unknown> | undefined;
    return (content?.[key] ?? []) as Record<string, unknown>[];
  };
  await listed("fetch", "fetch_events", fetch, "");
  await listed("people", "fetch_profiles", { wait_seconds: 30 }, "");
  const funnels = await listed("funnels", "list_funnels", {}, "funnels");
  const bookmarks = await listed("bookmarks", "list_bookmarks", {}, "bookmarks");
  const events = (await listed("events", "list_events", {}, "events")) as unknown as string[];
  return {
    funnel_id: [...funnels.map((one) => one["funnel_id"]), 999_999_999],
    bookmark_id: [...bookmarks.map((one) => one["id"]), 999_999_999],
    event: [...events.slice(0, 6), "nothing"],
    born_event: events.slice(0, 3),
    return_event: events.slice(0, 3),
    table: ["events", "events", "profiles", "t1", "_mp_table", "nothing"],
  };
}

function outcomeOf({ result, error }: Message): string {
  if (error) return "protocol";
  if (!result?.["isError"]) return "ok";
  const meta = result["_meta"] as Record<string, { code?: string }> | undefined;
  return meta?.[ERROR_META]?.code ?? "no code";
}

/** What is wrong with an answer; undefined when nothing is. */
function checker(tools: CatalogueEntry[]): (call: FuzzCall, answer: Message) => string | undefined {
  const validator = new AjvJsonSchemaValidator();
  const schemas = new Map(
    tools.map(({ name, outputSchema }) => [
      name,
      validator.getValidator((outputSchema ?? {}) as Parameters<typeof validator.getValidator>[0]),
    ]),
  );
  return ({ tool }, { result, error }) => {
    if (error) return `protocol error ${error.code} ${error.message.slice(0, 200)}`;
    const parsed = CallToolResultSchema.safeParse(result);
    if (!parsed.success) return `not a CallToolResult: ${parsed.error.message.slice(0, 300)}`;
    const text = parsed.data.content.map((part) => (part.type === "text" ? part.text : "")).join("");
    if (/\bat \S+ \(.*:\d+:\d+\)/.test(text)) return `stack trace in ${text.slice(0, 300)}`;
    if (parsed.data.isError) return text.startsWith("INTERNAL") ? text.slice(0, 300) : undefined;
    const valid = schemas.get(tool)?.(parsed.data.structuredContent);
    return valid?.valid === false ? `output schema: ${valid.errorMessage?.slice(0, 300)}` : undefined;
  };
}
