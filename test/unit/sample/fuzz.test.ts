import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { startSample } from "../../../src/sample/service.ts";
import { clientOf } from "./client.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

const sample = await startSample({ quota: "unlimited", now: Date.UTC(2026, 3, 15, 18) });
const client = clientOf(sample);
afterAll(() => sample.close());

const GET =
  "events events/names events/top events/properties events/properties/top events/properties/values segmentation segmentation/numeric segmentation/sum segmentation/average funnels/list funnels retention retention/addiction cohorts/list insights arb_funnels stream/query engage engage/stats engage/properties".split(
    " ",
  );
const NAMES =
  "event from_date to_date unit type interval interval_count limit on where born_event born_where retention_type addiction_unit funnel_id length length_unit bookmark_id query_type distinct_ids distinct_id filter_by_cohort behaviors page session_id action sort_key values name format data_group_id".split(
    " ",
  );
const VALUES = [
  "",
  "1",
  "-1",
  "0",
  "9999999999999",
  "day",
  "week",
  "hour",
  "minute",
  "general",
  "unique",
  "2026-04-01",
  "2026-04-14",
  "2000-01-01",
  "2099-12-31",
  "Order Placed",
  '["Order Placed"]',
  '["u-1",2,null,{}]',
  "{}",
  "[]",
  "[null]",
  '{"id":61001}',
  '{"id":"61001"}',
  "null",
  '[{"window":"30d","name":"b","event_selectors":[{"event":"Order Placed"}]}]',
  '[{"window":"30d","name":"b","event_selectors":[null]}]',
  'properties["plan"]',
  'properties["amount"] > 5',
  'properties["items"]',
  'properties["plan"] and 1 == 1',
  "count()",
  'percentile(properties["orders"], 500)',
  "extremes()",
  "51230011",
  "51230021",
  "51230031",
  "flows_sankey",
  "csv",
  "__proto__",
  "%",
  "\u0000\ud800",
];

test("no parameters make the service fail", async () => {
  const value = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...VALUES) }, { weight: 1, arbitrary: fc.string() });
  const params = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 9 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...GET), params, async (path, each) => {
      const { status } = await client.query(path, each);
      expect([200, 400, 403, 404, 500]).toContain(status);
      expect(sample.failures).toEqual([]);
    }),
    { numRuns: 600, seed: 4 },
  );
});

test("no body makes the service fail", async () => {
  const leaf = fc.oneof(fc.constantFrom(...VALUES), fc.integer(), fc.boolean(), fc.constant(null));
  const body = fc.dictionary(
    fc.constantFrom(
      "bookmark",
      "sections",
      "show",
      "time",
      "displayOptions",
      "distinct_ids",
      "mode",
      "limit",
      "query_type",
      "steps",
    ),
    fc.oneof(
      leaf,
      fc.array(leaf),
      fc.dictionary(fc.constantFrom("sections", "steps", "dateRange", "entries"), fc.oneof(leaf, fc.array(leaf))),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("insights", "arb_funnels", "stream/bookmark", "engage"),
      body,
      async (path, each) => {
        await client.json(path, { project_id: 3_000_001, ...each });
        expect(sample.failures).toEqual([]);
      },
    ),
    { numRuns: 200, seed: 5 },
  );
});

test("no script makes the service fail", async () => {
  const piece = fc.constantFrom(
    "function main()",
    "{",
    "}",
    "return",
    "Events({from_date: '2026-04-01', to_date: '2026-04-02'})",
    "People()",
    ".filter(",
    ".map(",
    ".groupBy(",
    ".reduce(",
    "mixpanel.reducer.count()",
    "mixpanel.reducer.sum('time')",
    "['name']",
    ")",
    "(",
    "e => e.name",
    "null",
    "x",
    "1",
    "'a'",
    ";",
    ",",
    "=",
    "new Date(1)",
    "mixpanel.numeric_bucket('time', [1])",
    "_.keys(1)",
    "for (var i in 'ab')",
    "if (1)",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
      const { status } = await client.form("jql", { script: `function main() { return ${pieces.join(" ")} }` });
      expect([200, 400, 412]).toContain(status);
      expect(sample.failures).toEqual([]);
    }),
    { numRuns: 500, seed: 6 },
  );
});
