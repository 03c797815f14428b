import { afterAll, describe, expect, test } from "bun:test";
import { type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(body: unknown): Promise<Scripted> {
  const bookmarks = [
    { id: 7, name: "A report", type: "insights" },
    { id: 9, name: "A flow", type: "flows" },
  ];
  const server = await scripted({ arb_funnels: { body } }, { bookmarks });
  open.push(server);
  return server;
}

const node = (event: string, type: string, totalCount: string, edges: object[] = [], anchorType = "NORMAL") => ({
  event,
  type,
  anchorType,
  totalCount,
  isComputed: false,
  segments: [],
  edges,
});
const edge = (event: string, type: string, totalCount: string, anchorType = "NORMAL") => ({
  event,
  type,
  anchorType,
  step: "1",
  totalCount,
});

const sankey = {
  computed_at: "2026-03-19T22:44:38.856526+00:00",
  metadata: { min_sampling_factor: 1 },
  breakdowns: [
    { segments: [{ label: "", value: "", values: ["Did Not Convert"] }], totalCount: "6995" },
    { segments: [{ label: "", value: "", values: ["Converted"] }], totalCount: "3259" },
  ],
  steps: [
    {
      nodes: [
        node("Product Viewed", "ANCHOR", "10254", [
          edge("", "DROPOFF", "197"),
          edge("Purchase", "ANCHOR", "15", "RELATIVE_FORWARD"),
          edge("", "PRUNED", "10042"),
        ]),
      ],
    },
    {
      nodes: [
        node("Purchase", "ANCHOR", "15", [], "RELATIVE_FORWARD"),
        node("", "DROPOFF", "197", [edge("", "DROPOFF", "197")]),
        node("", "PRUNED", "10042", [edge("", "DROPOFF", "214")]),
      ],
    },
    { nodes: [node("", "DROPOFF", "411")] },
  ],
};

describe("query_flows", () => {
  test("steps with shares and new drop-off, paths, conversion from the breakdown", async () => {
    const server = await serve(sankey);
    const { structured, text } = await server.call("query_flows", { bookmark_id: 9 });
    expect(structured).toMatchObject({
      name: "A flow",
      total: 10254,
      conversion_rate: 0.3178,
      steps: [
        { step: 1, nodes: [{ event: "Product Viewed", count: 10254, share: 1, drop_off: 197 }] },
        {
          step: 2,
          nodes: [
            { event: "(other events)", count: 10042, share: 0.9793, drop_off: 214 },
            { event: "(drop-off)", count: 197 },
            { event: "Purchase", count: 15 },
          ],
        },
        { step: 3, nodes: [{ event: "(drop-off)", count: 411 }] },
      ],
      truncated: false,
    });
    expect(structured["paths"]).toMatchObject({
      columns: ["from", "to", "count"],
      rows: [
        ["Product Viewed", "(other events)", 10042],
        ["(other events)", "(drop-off)", 214],
        ["Product Viewed", "(drop-off)", 197],
        ["Product Viewed", "Purchase", 15],
      ],
    });
    expect(text).toContain("have left so far");
    expect(server.queries[0]?.params.get("query_type")).toBe("flows_sankey");
  });
  test("a flow of many nodes stays in the budget and says what is left out", async () => {
    const step = (next: boolean) => ({
      nodes: Array.from({ length: 50 }, (_, index) =>
        node(
          `an event of some length ${index}`,
          "NORMAL",
          `${1000 - index}`,
          next ? Array.from({ length: 20 }, (_, to) => edge(`an event ${to}`, "NORMAL", `${to}`)) : [],
        ),
      ),
    });
    const server = await serve({
      steps: [step(true), step(true), step(true), step(false)],
      overallConversionRate: 0.25,
    });
    const { structured, text } = await server.call("query_flows", { bookmark_id: 9 });
    expect(structured).toMatchObject({ truncated: true, conversion_rate: 0.25, path_count: 3000 });
    expect((structured["paths"] as { rows: unknown[] }).rows.length).toBeGreaterThanOrEqual(15);
    expect((structured["steps"] as { nodes: unknown[] }[])[0]?.nodes.length).toBeGreaterThanOrEqual(5);
    expect(text).toContain("least frequent paths");
    expect(text.length).toBeLessThan(9000);
  });
  test("nobody", async () => {
    const server = await serve({ steps: [], breakdowns: [] });
    expect((await server.call("query_flows", { bookmark_id: 9 })).structured).toMatchObject({
      total: 0,
      steps: [],
      paths: { rows: [] },
    });
  });
  test("another kind of report, at no cost; an error inside a 200", async () => {
    const server = await serve({ error: "no such flow" });
    const { error } = await server.call("query_flows", { bookmark_id: 7 });
    expect(error?.suggestions.join(" ")).toContain("query_saved_report");
    expect(server.queries).toEqual([]);
    expect((await server.call("query_flows", { bookmark_id: 9 })).error?.code).toBe("QUERY_INVALID");
  });
});
