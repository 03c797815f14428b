/** A project with two thousand of everything: what nobody asked to be long stays short, and nothing is longer than clients take. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { type Sample, startSample } from "../../../src/sample/service.ts";
import { connect, type Harness } from "../../harness.ts";
import { mixpanelNaming } from "./named-project.ts";

const NAMES = Array.from(
  { length: 2_000 },
  (_, index) => `Checkout Step Completed Number ${String(index).padStart(4, "0")}`,
);
const DEFAULT_TOKENS = 2_500;
const MAX_TOKENS = 20_000;

let sample: Sample;
let big: ReturnType<typeof mixpanelNaming>;
let harness: Harness;
beforeAll(async () => {
  sample = await startSample();
  big = mixpanelNaming(NAMES);
  harness = await connect({ shared: sample, apiUrl: big.url });
  await harness.call("fetch_events", { from_date: "yesterday", to_date: "yesterday", table: "big", wait_seconds: 40 });
});
afterAll(async () => {
  await harness.close();
  await big.stop();
  await sample.close();
});

const dates = { from_date: "3 days ago", to_date: "yesterday" };
const year = { from_date: "360 days ago", to_date: "yesterday" };
const CALLS: [tool: string, args: Record<string, unknown>][] = [
  ["workspace_info", {}],
  ["list_events", {}],
  ["list_properties", { event: "x" }],
  ["list_property_values", { event: "x", property: "p" }],
  ["list_funnels", {}],
  ["list_cohorts", {}],
  ["list_bookmarks", {}],
  ["list_annotations", {}],
  ["lexicon_schemas", {}],
  ["top_events", {}],
  ["segmentation", { event: "x", ...dates }],
  ["segmentation", { event: "x", on: "p", ...dates }],
  ["segmentation", { event: "x", on: "p", ...year }],
  ["segmentation_numeric", { event: "x", on: "p", ...dates }],
  ["property_counts", { event: "x", property: "p", ...dates }],
  ["property_counts", { event: "x", property: "p", ...year }],
  ["event_counts", { events: ["x"], ...year }],
  ["activity_feed", { distinct_id: "u1", ...dates }],
  ["stream_events", dates],
  ["stream_profiles", {}],
  ["fetch_status", {}],
  ["list_tables", {}],
  ["table_schema", { table: "big" }],
  ["sample", { table: "big" }],
  ["summarize", { table: "big" }],
  ["event_breakdown", { table: "big" }],
  ["property_keys", { table: "big" }],
  ["column_stats", { table: "big", column: "event_name" }],
  ["sql", { query: "SELECT event_name, distinct_id FROM big" }],
  ["drop_all_tables", {}],
  ["guide", {}],
];

describe("by default", () => {
  test.each(CALLS)("%s %j", async (tool, args) => {
    const { text, structured } = await harness.call(tool, args);
    expect(encode(text).length).toBeLessThanOrEqual(DEFAULT_TOKENS);
    expect(encode(JSON.stringify(structured)).length).toBeLessThanOrEqual(DEFAULT_TOKENS);
    // What was cut is said in the first line and in the result.
    if (structured["truncated"] === true) expect(text.split("\n")[0]).toMatch(/truncated|shown|of \d/i);
  });
});

const ASKED: [tool: string, args: Record<string, unknown>][] = [
  ["list_events", { limit: 5_000 }],
  ["list_properties", { event: "x", limit: 5_000 }],
  ["list_bookmarks", { limit: 5_000 }],
  ["list_cohorts", { limit: 5_000 }],
  ["segmentation", { event: "x", on: "p", ...year, limit: 5_000 }],
  ["stream_events", { ...dates, limit: 1_000 }],
  ["sql", { query: "SELECT * FROM big", limit: 5_000 }],
  ["sample", { table: "big", limit: 100 }],
];

describe("when more is asked for", () => {
  test.each(ASKED)("%s %j", async (tool, args) => {
    const { text, error } = await harness.call(tool, args);
    expect(encode(text).length).toBeLessThanOrEqual(MAX_TOKENS);
    if (error) expect(["INVALID_ARGUMENT", "LIMIT_EXCEEDED"]).toContain(error.code);
    else expect(encode(text).length).toBeGreaterThan(DEFAULT_TOKENS / 2);
  });
});

describe("resources", () => {
  test.each([
    "workspace://info",
    "workspace://tables",
    "schema://events",
    "schema://funnels",
    "schema://cohorts",
    "schema://bookmarks",
    "schema://properties/x",
    "workspace://schema/big",
    "workspace://sample/big",
    "users://u1/journey",
  ])("%s", async (uri) => {
    const { contents } = await harness.client.readResource({ uri });
    expect(encode(JSON.stringify(contents)).length).toBeLessThanOrEqual(DEFAULT_TOKENS * 1.2);
  });
});
