/** Replies with one thing wrong in them, anywhere: the answer is numbers or a fault that names the reply, never a defect of ours. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { renderResult } from "../../src/server/reply.ts";
import { ALL_TOOLS } from "../../src/tools/index.ts";
import type { AnyTool } from "../../src/tools/tool.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { stubApi } from "../unit/mixpanel/stub-api.ts";

const step = (event: string, count: number) => ({ count, avg_time: 3, event, goal: event, step_label: event });
const leaf = { first: 10, counts: [5, 3] };
const counts = { series: ["2026-03-01", "2026-03-02"], values: { a: { "2026-03-01": 3 }, b: { "2026-03-02": 4 } } };
const range = { from_date: "2026-03-01", to_date: "2026-03-02" };

/** Tool, arguments, path, a good reply. */
const CASES: [string, Record<string, unknown>, string, unknown][] = [
  ["segmentation", { event: "X", ...range, on: "p" }, "segmentation", { data: counts, legend_size: 2 }],
  [
    "segmentation_numeric",
    { event: "X", ...range, on: "p" },
    "segmentation/numeric",
    { data: { series: [], values: { "0 - 1": { "2026-03-01": 3 } } } },
  ],
  [
    "segmentation_sum",
    { event: "X", ...range, on: "p" },
    "segmentation/sum",
    { status: "ok", computed_at: "2026-03-03T07:45:10+00:00", results: { "2026-03-01": 1.5 } },
  ],
  [
    "segmentation_average",
    { event: "X", ...range, on: "p" },
    "segmentation/average",
    { status: "ok", results: { "2026-03-01": 1.5 } },
  ],
  ["event_counts", { events: ["a", "b"], ...range }, "events", { data: counts }],
  ["property_counts", { event: "X", property: "p", ...range }, "events/properties", { data: counts }],
  [
    "funnel",
    { funnel_id: 1, ...range },
    "funnels",
    { meta: { dates: ["2026-03-01"] }, data: { "2026-03-01": { steps: [step("A", 2), step("B", 1)], analysis: {} } } },
  ],
  [
    "funnel",
    { funnel_id: 1, ...range, on: "p" },
    "funnels",
    { meta: { dates: ["2026-03-01"] }, data: { "2026-03-01": { $overall: [step("A", 2)], x: [step("A", 2)] } } },
  ],
  ["retention", { born_event: "X", ...range }, "retention", { "2026-03-01": leaf, "2026-03-02": leaf }],
  ["retention", { born_event: "X", ...range, on: "p" }, "retention", { "2026-03-01": { $overall: leaf, x: leaf } }],
  ["frequency", range, "retention/addiction", { data: { "2026-03-01": [3, 2, 1] } }],
  [
    "activity_feed",
    { distinct_id: "u", ...range },
    "stream/query",
    {
      status: "ok",
      results: { events: [{ event: "A", properties: { time: 1772440000, distinct_id: "u", x: { y: [1] } } }] },
    },
  ],
  ["jql", { script: "x" }, "jql", [{ key: ["a"], value: 1 }]],
  [
    "query_saved_report",
    { bookmark_id: 1 },
    "insights",
    {
      headers: ["$metric", "b"],
      date_range: range,
      computed_at: "x",
      series: { M: { $overall: { "2026-03-01T00:00:00+00:00": 3 } } },
      meta: { report_sections: { show: [{ metric_key: "M" }] } },
    },
  ],
  [
    "query_saved_report",
    { bookmark_id: 2 },
    "insights",
    {
      headers: ["$funnel"],
      series: { F: { count: { "1. A": { all: 2 }, "2. B": { all: 1 } }, avg_time: { "2. B": { all: 3 } } } },
    },
  ],
  [
    "query_saved_report",
    { bookmark_id: 3 },
    "insights",
    {
      headers: ["$retention"],
      series: { R: { "2026-03-01T00:00:00+00:00": { $overall: leaf, x: leaf }, $average: { $overall: leaf } } },
    },
  ],
  [
    "query_flows",
    { bookmark_id: 4 },
    "arb_funnels",
    {
      steps: [
        {
          nodes: [
            {
              event: "A",
              type: "ANCHOR",
              totalCount: "5",
              edges: [{ event: "B", type: "NORMAL", step: "1", totalCount: "2" }],
            },
          ],
        },
      ],
      breakdowns: [{ segments: [{ values: ["Converted"] }], totalCount: "1" }],
    },
  ],
];

const STRANGE: unknown[] = [
  null,
  0,
  -1,
  1e300,
  "",
  "text",
  "12",
  "2026-03-01",
  true,
  [],
  {},
  [[]],
  { error: null },
  [null],
  { a: { b: { c: 1 } } },
  "\u202e\u0000",
];

/** Every copy of `value` in which one node is replaced by `odd`, or one key is gone. */
function* variants(value: unknown, odd: unknown): Generator<unknown> {
  yield odd;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const inner of variants(item, odd)) yield value.with(index, inner);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const inner of variants(item, odd)) yield { ...value, [key]: inner };
      const { [key]: _, ...others } = value as Record<string, unknown>;
      yield others;
    }
  }
}

/** Only what the query tools use of a workspace, with an Api that answers one body. */
function workspaceOf(body: unknown): Workspace {
  const api = stubApi(JSON.stringify(body));
  const discovery = {
    timezone: async () => "UTC",
    bookmarks: async () => [],
    funnels: async () => ({ funnels: [], notes: [] }),
    eventNames: async () => ["X", "a"],
    known: () => ({ events: [], funnels: [], properties: () => [] }),
    nearest: () => [],
  };
  return { api: () => api, discovery } as unknown as Workspace;
}

async function answer(tool: AnyTool, args: Record<string, unknown>, body: unknown): Promise<"ok" | "unreadable"> {
  const parsed = tool.input().parse(args);
  let value: unknown;
  try {
    value = await tool.handler(workspaceOf(body), parsed, { signal: new AbortController().signal, progress: () => {} });
  } catch (error) {
    // What the client turns into UPSTREAM_ERROR.
    if (error instanceof z.ZodError) return "unreadable";
    throw error;
  }
  tool.output().parse(value);
  const reply = renderResult({ tool, args: parsed, asked: false, fields: new Set(), fence: (text) => text }, value);
  expect(JSON.stringify(reply.structuredContent)).not.toContain("undefined:");
  return "ok";
}

describe("odd replies", () => {
  test.each(CASES.map((one, index) => [`${one[0]} ${index}`, one] as const))(
    "%s",
    async (_, [name, args, , good]) => {
      const tool = ALL_TOOLS.find((one) => one.name === name);
      if (tool === undefined) throw new Error(`no tool ${name}`);
      expect(await answer(tool, args, good)).toBe("ok");
      const seen = { ok: 0, unreadable: 0 };
      let turn = 0;
      for (const odd of STRANGE) {
        for (const variant of variants(good, odd)) {
          // Every third is enough, and meets every node with several strange values.
          turn += 1;
          if (turn % 3 !== 0) continue;
          try {
            seen[await answer(tool, args, variant)] += 1;
          } catch (error) {
            throw new Error(`${name} on ${JSON.stringify(variant)}: ${error}`, { cause: error });
          }
        }
      }
      expect(seen.ok + seen.unreadable).toBeGreaterThan(STRANGE.length);
    },
    60_000,
  );
});
