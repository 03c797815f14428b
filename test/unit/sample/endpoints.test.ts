/** What each endpoint answers: shapes as Mixpanel has them, figures that follow from the data. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startSample } from "../../../src/sample/service.ts";
import { clientOf, daysAgo } from "./client.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

// A frozen clock in the afternoon: no test runs into midnight.
const now = Date.UTC(2026, 3, 15, 18);
const sample = await startSample({ quota: "unlimited", timezone: "America/New_York", includeToday: true, now });
const client = clientOf(sample);
afterAll(() => sample.close());

const range = { from_date: daysAgo(sample, 14), to_date: daysAgo(sample, 1) };
const json = async (path: string, params = {}) => (await client.query(path, params)).json;
const form = async (path: string, fields = {}) => (await client.form(path, fields)).json;
const texts = expect.any(String);
const numbers = expect.any(Number);

describe("account", () => {
  test("me", async () => {
    const { json: me } = await client.app("me", { include_workspace_users: "false" });
    expect(me).toMatchObject({
      status: "ok",
      results: {
        projects: {
          "3000001": { name: texts, timezone: "America/New_York", domain: "mixpanel.com", organization_id: numbers },
        },
        workspaces: { "4000001": { id: 4_000_001, project_id: 3_000_001, is_global: true } },
      },
    });
  });

  test("workspaces", async () => {
    const { json: list } = await client.app("projects/3000001/workspaces/public");
    expect(list).toMatchObject({ status: "ok", results: [{ id: 4_000_001, is_default: true }] });
  });
});

describe("events", () => {
  test("names: seen in the last 31 days unless dates are given, at most 255", async () => {
    const names = (await json("events/names", { type: "general" })) as string[];
    expect(names).toContain("Order Placed");
    expect(await json("events/names", { type: "general", limit: 2 })).toHaveLength(2);
    const none = await json("events/names", { type: "general", from_date: "2001-01-01", to_date: "2001-02-01" });
    expect(none).toEqual([]);
  });

  test("top: today so far", async () => {
    const { events, type } = (await json("events/top", { type: "unique", limit: 3 })) as {
      events: { amount: number }[];
      type: string;
    };
    expect(type).toBe("unique");
    expect(events.length).toBeLessThanOrEqual(3);
    for (const event of events as object[])
      expect(event).toEqual({ amount: numbers, event: texts, percent_change: numbers });
    const amounts = events.map(({ amount }) => amount);
    expect(amounts).toEqual([...amounts].sort((a, b) => b - a));
  });

  test("top: nothing today", async () => {
    const past = await startSample({ quota: "unlimited", now: Date.UTC(2026, 0, 5, 4) });
    expect((await clientOf(past).query("events/top", { type: "general" })).json).toEqual({
      events: [],
      type: "general",
    });
    await past.close();
  });

  test("counts leave zeros out; interval counts back from now; csv", async () => {
    const params = { event: '["Order Placed","Nothing"]', type: "general", unit: "day" };
    const answer = await json("events", { ...params, ...range });
    expect(answer).toMatchObject({
      data: { series: expect.any(Array), values: { "Order Placed": expect.any(Object) } },
      legend_size: 1,
    });
    const back = (await json("events", { ...params, interval: 3 })) as { data: { series: string[] } };
    expect(back.data.series).toEqual([daysAgo(sample, 2), daysAgo(sample, 1), daysAgo(sample, 0)]);
    const csv = await client.query("events", { ...params, ...range, format: "csv" });
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect(csv.text.split("\n")[0]).toBe(
      `,${Array.from({ length: 14 }, (_, day) => daysAgo(sample, 14 - day)).join(",")}`,
    );
  });

  test("property names with counts, ten by default, {} for an unknown event", async () => {
    expect(Object.keys((await json("events/properties/top", { event: "Order Placed" })) as object)).toHaveLength(10);
    const all = await json("events/properties/top", { event: "Order Placed", limit: 500 });
    expect(all).toMatchObject({
      amount: { count: sample.data.byName.get("Order Placed")?.length },
      $mp_api_endpoint: {},
    });
    expect(all).not.toHaveProperty("time");
    expect(await json("events/properties/top", { event: "Nothing" })).toEqual({});
  });

  test("property values as texts, most common first", async () => {
    const values = (name: string, event?: string) => json("events/properties/values", { name, event });
    expect(await values("plan", "Order Placed")).toContain("pro");
    expect(await values("is_first_order", "Order Placed")).toEqual(expect.arrayContaining(["true", "false"]));
    expect(await values("item_count", "Order Placed")).toEqual(expect.arrayContaining(["1", "2", "3"]));
    expect(((await values("items", "Order Placed")) as string[])[0]).toStartWith('["BB-');
    expect(await values("discount")).toEqual(expect.arrayContaining(["5", "5%", "false", "undefined"]));
    expect(await values("nothing", "Order Placed")).toEqual([]);
    expect(await values("plan", "Nothing")).toEqual([]);
  });

  test("a breakdown by property holds what is missing under undefined", async () => {
    const answer = await json("events/properties", {
      event: "Order Placed",
      name: "coupon",
      type: "general",
      unit: "week",
      ...range,
    });
    expect(answer).toMatchObject({
      data: { values: { undefined: expect.any(Object), WELCOME10: expect.any(Object) } },
    });
  });
});

describe("segmentation", () => {
  test("days by interval, zeros kept, series in no order", async () => {
    const answer = (await json("segmentation", { event: "Sign Up", ...range, type: "unique", interval: 7 })) as {
      data: { series: string[]; values: Record<string, Record<string, number>> };
    };
    expect([...answer.data.series].sort()).toEqual([daysAgo(sample, 14), daysAgo(sample, 7)]);
    expect(Object.keys(answer.data.values["Sign Up"] ?? {}).sort()).toEqual([daysAgo(sample, 14), daysAgo(sample, 7)]);
  });

  test("a custom event counts its members", async () => {
    const total = async (event: string) => {
      const { data } = (await json("segmentation", { event, ...range })) as {
        data: { values: Record<string, Record<string, number>> };
      };
      return Object.values(data.values[event] ?? {}).reduce((a, b) => a + b, 0);
    };
    const members = await Promise.all(["Order Placed", "Subscription Started", "Subscription Renewed"].map(total));
    expect(await total("$custom_event:555")).toBe(members.reduce((a, b) => a + b, 0));
  });

  test("numeric labels have thousands separators", async () => {
    const answer = (await json("segmentation/numeric", {
      event: "Page Viewed",
      ...range,
      on: 'properties["$screen_width"]',
    })) as {
      data: { values: object };
    };
    for (const label of Object.keys(answer.data.values)) expect(label).toMatch(/^[\d,.]+ - [\d,.]+$/);
    expect(Object.keys(answer.data.values).some((label) => label.includes(","))).toBe(true);
  });

  test("a text gives no numeric ranges and sums to 0", async () => {
    const params = { event: "Order Placed", ...range, on: 'properties["plan"]' };
    expect(await json("segmentation/numeric", params)).toMatchObject({ data: { values: {} }, legend_size: 0 });
    const sum = (await json("segmentation/sum", params)) as { computed_at: string; results: Record<string, number> };
    expect(sum.computed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    expect(new Set(Object.values(sum.results))).toEqual(new Set([0]));
  });
});

describe("funnels", () => {
  test("list", async () => {
    const list = (await json("funnels/list")) as object[];
    expect(list).toHaveLength(4);
    expect(list[0]).toEqual({ funnel_id: 51_230_011, name: "Checkout" });
  });

  test("a step of a custom event carries its id and label", async () => {
    const answer = await json("funnels", { funnel_id: 51_230_014, ...range, unit: "month" });
    const [month] = Object.values((answer as { data: Record<string, { steps: object[] }> }).data);
    expect(month?.steps[1]).toMatchObject({
      event: "$custom_event:555",
      step_label: "Paid Order",
      custom_event: true,
      custom_event_id: 555,
    });
  });

  test("a day without entrants", async () => {
    const answer = await json("funnels", { funnel_id: 51_230_011, from_date: "2020-01-01", to_date: "2020-01-01" });
    expect(answer).toMatchObject({
      meta: { dates: ["2020-01-01"] },
      data: {
        "2020-01-01": {
          steps: [
            { count: 0, avg_time: null, step_conv_ratio: 1, overall_conv_ratio: 1 },
            { count: 0, avg_time: null, step_conv_ratio: 0, overall_conv_ratio: 0 },
            { count: 0 },
            { count: 0 },
          ],
          analysis: { completion: 0, starting_amount: 0, steps: 4, worst: 1 },
        },
      },
    });
  });
});

describe("retention", () => {
  test("intervals not begun are left out; without a born event nothing", async () => {
    const params = {
      born_event: "Sign Up",
      unit: "day",
      interval_count: 10,
      from_date: daysAgo(sample, 4),
      to_date: daysAgo(sample, 1),
    };
    const answer = (await json("retention", params)) as Record<string, { counts: number[] }>;
    expect([4, 3, 2, 1].map((days) => answer[daysAgo(sample, days)]?.counts.length)).toEqual([5, 4, 3, 2]);
    expect(await json("retention", range)).toEqual({});
    expect(await json("retention", { ...params, born_event: "Nothing" })).toEqual({});
  });

  test("with a breakdown, a level of segments", async () => {
    const params = {
      born_event: "Sign Up",
      event: "Page Viewed",
      on: 'properties["$device"]',
      unit: "week",
      interval_count: 2,
      ...range,
    };
    const answer = (await json("retention", params)) as Record<string, Record<string, object>>;
    for (const cohort of Object.values(answer)) {
      expect(new Set(Object.keys(cohort))).toEqual(new Set(["desktop", "mobile"]));
      expect(Object.values(cohort)[0]).toMatchObject({ first: numbers, counts: expect.any(Array) });
    }
    const limited = (await json("retention", { ...params, limit: 1 })) as Record<string, object>;
    for (const cohort of Object.values(limited)) expect(Object.keys(cohort)).toHaveLength(1);
  });

  test("a saved retention report by its id", async () => {
    const answer = (await json("retention", { bookmark_id: 51_230_021 })) as Record<string, object>;
    expect(Object.keys(answer)[0]).toMatch(/^\d{4}-\d\d-\d\dT00:00:00-0[45]:00$/);
    expect(Object.values(answer)[0]).toMatchObject({
      first: numbers,
      counts: expect.any(Array),
      rates: expect.any(Array),
    });
  });

  test.each<[string, string, number[]]>([
    ["day", "hour", [24]],
    ["week", "day", [7]],
    ["week", "hour", [168]],
    ["month", "day", [28, 29, 30, 31]],
  ])("frequency of %s in %s", async (unit, addiction_unit, lengths) => {
    const { data } = (await json("retention/addiction", { unit, addiction_unit, ...range })) as {
      data: Record<string, number[]>;
    };
    for (const counts of Object.values(data)) {
      expect(lengths).toContain(counts.length);
      expect(counts).toEqual([...counts].sort((a, b) => b - a));
    }
  });

  test("frequency of nothing, and with a breakdown", async () => {
    const params = { unit: "week", addiction_unit: "day", ...range };
    expect(await json("retention/addiction", { ...params, event: "Nothing" })).toEqual({ data: {} });
    const { data } = (await json("retention/addiction", { ...params, on: 'properties["plan"]' })) as {
      data: Record<string, object>;
    };
    expect(Object.keys(Object.values(data)[0] ?? {})).toContain("pro");
  });
});

describe("cohorts, bookmarks, annotations, lexicon", () => {
  test("cohorts, by POST and GET", async () => {
    const list = (await form("cohorts/list")) as { is_visible: number; count: number }[];
    expect(list).toEqual((await json("cohorts/list")) as never);
    expect(list[0]).toMatchObject({
      id: 61_001,
      name: "Power users",
      is_visible: 1,
      created: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    });
    expect(list.map(({ is_visible: visible }) => visible)).toContain(0);
    expect(list[0]?.count).toBeGreaterThan(100);
  });

  test("bookmarks of every type", async () => {
    for (const type of ["insights", "funnels", "retention", "flows", "launch-analysis"]) {
      const { json: list } = await client.app("projects/3000001/bookmarks", { v: 2, type });
      const { results } = list as { results: { type: string }[] };
      expect(results.length).toBeGreaterThan(0);
      expect(new Set(results.map((each) => each.type))).toEqual(new Set([type]));
    }
    const one = await client.app("workspaces/4000001/bookmarks/51230001", { v: 2 });
    expect(one.json).toMatchObject({ results: { id: 51_230_001, params: { sections: expect.any(Object) } } });
    expect((await client.app("projects/3000001/bookmarks/1")).status).toBe(404);
  });

  test("annotations between dates", async () => {
    const all = (await client.app("projects/3000001/annotations")).json as { results: { date: string }[] };
    expect(all.results).toHaveLength(4);
    const outage = daysAgo(sample, 23);
    const one = (await client.app("projects/3000001/annotations", { fromDate: outage, toDate: outage })).json;
    expect(one).toMatchObject({
      results: [
        { date: `${outage} 07:00:00`, description: expect.stringContaining("outage"), tags: [{ name: "incident" }] },
      ],
    });
    expect((await client.app("projects/3000001/annotations", { fromDate: "soon" })).status).toBe(400);
    expect((await client.app("projects/3000001/annotations/tags")).json).toHaveLength(3);
  });

  test("schemas", async () => {
    const at = (path: string, params = {}) => client.app(`projects/3000001/schemas${path}`, params);
    const all = (await at("")).json as { results: { entityType: string; name: string }[] };
    expect(new Set(all.results.map((each) => each.entityType))).toEqual(new Set(["event", "profile"]));
    expect((await at("/profile")).json).toMatchObject({ results: [{ name: "$user" }] });
    expect((await at("/event", { entity_name: "Order Placed" })).json).toMatchObject({
      results: [
        {
          schemaJson: {
            properties: { amount: { type: "number" }, items: { type: "array" }, address: { type: "object" } },
          },
        },
      ],
    });
    expect((await at("/event", { entity_name: "Nothing" })).json).toEqual({ status: "ok", results: [] });
    expect((await at("/event/Order%20Placed")).json).toMatchObject({
      results: { description: "Fired on payment success" },
    });
    expect((await at("/event/Nothing")).status).toBe(404);
    expect((await at("/nonsense")).status).toBe(400);
  });
});

describe("saved reports", () => {
  const insights = async (id: number) => (await json("insights", { bookmark_id: id })) as Record<string, unknown>;

  test("a line without breakdown", async () => {
    const answer = await insights(51_230_001);
    expect(answer).toMatchObject({
      computed_at: texts,
      date_range: { from_date: texts, to_date: texts },
      headers: ["$metric"],
    });
    const days = Object.entries((answer["series"] as Record<string, Record<string, number>>)["Orders"] ?? {});
    expect(days).toHaveLength(60);
    const outage = days.find(([date]) => date.startsWith(daysAgo(sample, 23)))?.[1] ?? 99;
    const whole = days.filter(
      ([date]) => !date.startsWith(daysAgo(sample, 23)) && !date.startsWith(daysAgo(sample, 0)),
    );
    expect(outage).toBeLessThan(Math.min(...whole.map(([, count]) => count)));
  });

  test("totals with one and with two breakdowns", async () => {
    const one = await insights(51_230_002);
    expect(one["headers"]).toEqual(["$metric", "plan"]);
    expect(one["series"]).toMatchObject({
      "Uniques of Order Placed": { $overall: { all: numbers }, pro: { all: numbers } },
    });
    const two = await insights(51_230_004);
    expect(two["series"]).toMatchObject({
      "Total of Sign Up": { $overall: { all: numbers }, mobile: { $overall: { all: numbers }, US: { all: numbers } } },
    });
  });

  test("several metrics have letters, formulas compute", async () => {
    const answer = await insights(51_230_003);
    const series = answer["series"] as Record<string, Record<string, number>>;
    expect(Object.keys(series)).toEqual(["A. Revenue", "B. Total of Order Placed", "C. Revenue per order"]);
    for (const [week, orders] of Object.entries(series["B. Total of Order Placed"] ?? {})) {
      if (orders > 0)
        expect(series["C. Revenue per order"]?.[week]).toBeCloseTo((series["A. Revenue"]?.[week] ?? 0) / orders, 6);
    }
    expect(answer["meta"]).toMatchObject({
      report_sections: { show: [{ metric_key: "A. Revenue" }, {}, { metric_key: "C. Revenue per order" }] },
    });
  });

  test("a funnel", async () => {
    const answer = await insights(51_230_011);
    expect(answer["headers"]).toEqual(["$funnel", "Metric", "Step"]);
    expect(answer["series"]).toMatchObject({
      "Product Viewed through Order Placed": {
        count: { "1. Product Viewed": { all: numbers }, "4. Order Placed": { all: numbers } },
        step_conv_ratio: { "1. Product Viewed": { all: 1 } },
        avg_time: { "1. Product Viewed": { all: null }, "2. Added to Cart": { all: numbers } },
      },
    });
  });

  test("retention, with and without a breakdown", async () => {
    const plain = await insights(51_230_021);
    const [cohorts] = Object.values(
      plain["series"] as Record<string, Record<string, { first: number; counts: number[]; rates: number[] }>>,
    );
    expect(plain["headers"]).toEqual(["$retention"]);
    expect(cohorts?.["$average"]?.rates[0]).toBeGreaterThan(0.5);
    const broken = await insights(51_230_022);
    expect(broken["headers"]).toEqual(["$retention", "segment"]);
    expect(Object.values(broken["series"] as object)[0]).toMatchObject({
      $average: { $overall: { first: numbers }, pro: { first: numbers } },
    });
  });

  test("flows are refused inside a 200, unknown ids with 404", async () => {
    expect(await insights(51_230_031)).toEqual({ error: expect.stringContaining("51230031") });
    expect((await client.query("insights", { bookmark_id: 1 })).status).toBe(404);
    expect((await client.query("insights")).status).toBe(400);
  });

  const event = (name: string, filters: object[] = []) => ({
    type: "event",
    name,
    resourceType: "events",
    filtersDeterminer: "all",
    filters,
  });
  const adHoc = (show: object[], extra: object = {}, chartType = "bar", body: object = {}) =>
    client.json("insights", {
      project_id: 3_000_001,
      bookmark: {
        sections: {
          show,
          time: [{ dateRangeType: "between", unit: "day", value: [range.from_date, range.to_date] }],
          filter: [],
          group: [],
          ...extra,
        },
        displayOptions: { chartType },
      },
      ...body,
    });
  const metric = (behavior: object, measurement: object = { math: "total" }) => ({
    type: "metric",
    behavior,
    measurement,
  });
  const onlyValue = ({ json: answer }: { json: unknown }) =>
    Object.values((answer as { series: Record<string, { all: number }> }).series)[0]?.all;
  const orders = () =>
    sample.data.events.filter(
      (each) =>
        each.event === "Order Placed" &&
        new Date(each.local * 1000).toISOString().slice(0, 10) >= range.from_date &&
        new Date(each.local * 1000).toISOString().slice(0, 10) <= range.to_date,
    );

  test("ad hoc: totals, people, statistics, filters", async () => {
    const amounts = orders()
      .map(({ properties }) => Number(properties["amount"]))
      .sort((a, b) => a - b);
    const amount = { name: "amount", resourceType: "events" };
    expect(onlyValue(await adHoc([metric(event("Order Placed"))]))).toBe(amounts.length);
    expect(onlyValue(await adHoc([metric(event("Order Placed"), { math: "unique" })]))).toBe(
      new Set(orders().map(({ person }) => person.id)).size,
    );
    expect(onlyValue(await adHoc([metric(event("Order Placed"), { math: "max", property: amount })]))).toBe(
      amounts.at(-1) as number,
    );
    expect(onlyValue(await adHoc([metric(event("Order Placed"), { math: "total", property: amount })]))).toBeCloseTo(
      amounts.reduce((a, b) => a + b, 0),
      6,
    );
    const filter = {
      resourceType: "events",
      filterType: "number",
      value: "amount",
      filterOperator: "is at least",
      filterValue: 100,
    };
    expect(onlyValue(await adHoc([metric(event("Order Placed", [filter]))]))).toBe(
      amounts.filter((each) => each >= 100).length,
    );
    expect(onlyValue(await adHoc([metric(event("Order Placed"))], { filter: [filter] }))).toBe(
      amounts.filter((each) => each >= 100).length,
    );
    const plan = {
      resourceType: "events",
      filterType: "string",
      value: "plan",
      filterOperator: "equals",
      filterValue: ["pro"],
    };
    const pro = orders().filter(({ properties }) => properties["plan"] === "pro").length;
    expect(onlyValue(await adHoc([metric(event("Order Placed", [plan]))]))).toBe(pro);
    const cohort = {
      resourceType: "events",
      filterType: "list",
      value: "$cohorts",
      filterOperator: "contains",
      filterValue: [{ cohort: { id: 61_001 } }],
    };
    const members = orders().filter(({ person }) => (sample.data.states.get(person.id)?.orders ?? 0) >= 3).length;
    expect(onlyValue(await adHoc([metric(event("Order Placed"))], { filter: [cohort] }))).toBe(members);
  });

  test("ad hoc: refusals and limits", async () => {
    expect((await adHoc([metric(event("Order Placed"), { math: "sessions" })])).text).toContain(
      "UserVisibleParamsError",
    );
    expect((await client.json("insights", { project_id: 3_000_001, bookmark: { sections: {} } })).status).toBe(400);
    expect(
      (await client.json("insights", { project_id: 3_000_001, bookmark: { queryLimits: { limit: 1 } } })).text,
    ).toContain("Extra inputs are not permitted");
    const group = [{ value: "mp_country_code", resourceType: "events" }];
    const cut = (await adHoc([metric(event("Order Placed"))], { group }, "bar", { queryLimits: { limit: 2 } })).json;
    expect(cut).toMatchObject({ meta: { is_segmentation_limit_hit: true } });
    expect((await adHoc([metric(event("Nothing"))])).json).toMatchObject({ series: {} });
  });
});

describe("flows", () => {
  type Flow = {
    steps: {
      nodes: {
        event: string;
        type: string;
        totalCount: string;
        edges: { type: string; step: string; totalCount: string }[];
      }[];
    }[];
  };

  test("columns add up, drop-off accumulates", async () => {
    const flow = (await json("arb_funnels", { bookmark_id: 51_230_031, query_type: "flows_sankey" })) as Flow;
    expect(flow.steps).toHaveLength(4);
    const totals = flow.steps.map(({ nodes }) => nodes.reduce((sum, node) => sum + Number(node.totalCount), 0));
    expect(new Set(totals).size).toBe(1);
    const dropped = flow.steps.map(({ nodes }) =>
      Number(nodes.find(({ type }) => type === "DROPOFF")?.totalCount ?? 0),
    );
    expect(dropped).toEqual([...dropped].sort((a, b) => a - b));
    for (const { nodes } of flow.steps.slice(0, -1)) {
      for (const node of nodes)
        expect(node.edges.reduce((sum, edge) => sum + Number(edge.totalCount), 0)).toBe(Number(node.totalCount));
    }
  });

  test("two waypoints give a conversion rate", async () => {
    const flow = (await json("arb_funnels", { bookmark_id: 51_230_032, query_type: "flows_sankey" })) as {
      overallConversionRate: number;
      breakdowns: { totalCount: string }[];
    };
    const [no = 0, yes = 0] = flow.breakdowns.map(({ totalCount }) => Number(totalCount));
    expect(flow.overallConversionRate).toBeCloseTo(yes / (yes + no), 9);
    expect(flow.overallConversionRate).toBeGreaterThan(0.4);
  });

  test("ad hoc and top paths", async () => {
    const bookmark = {
      steps: [{ event: "Sign Up", forward: 2 }],
      date_range: { type: "between", from_date: range.from_date, to_date: range.to_date },
    };
    const body = { project_id: 3_000_001, query_type: "flows_top_paths", bookmark };
    const { flows } = (await client.json("arb_funnels", body)).json as { flows: { flowSteps: object[] }[] };
    expect(flows[0]?.flowSteps).toMatchObject([
      { event: "Sign Up", type: "ANCHOR" },
      { type: "FORWARD" },
      { type: "FORWARD" },
    ]);
    expect((await client.json("arb_funnels", { ...body, query_type: "flows" })).status).toBe(400);
  });
});

describe("activity", () => {
  const ids = JSON.stringify(["u-17", "u-18"]);

  test("stream/query: given people, given days, either id key", async () => {
    const { results } = (await json("stream/query", {
      distinct_ids: ids,
      from_date: daysAgo(sample, 90),
      to_date: daysAgo(sample, 1),
    })) as {
      results: { events: { event: string; properties: Record<string, unknown> }[] };
    };
    const yesterday = sample.data.days.today * 86_400;
    const expected = ["u-17", "u-18"].flatMap((id) =>
      (sample.data.byPerson.get(id) ?? []).filter(({ local }) => local < yesterday),
    );
    expect(results.events).toHaveLength(expected.length);
    const keys = new Set(
      results.events.map(({ properties }) => ("$distinct_id" in properties ? "$distinct_id" : "distinct_id")),
    );
    expect(keys.size).toBe(2);
    expect(await json("stream/query", { distinct_ids: '["nobody"]', ...range })).toEqual({
      status: "ok",
      results: { events: [] },
    });
  });

  test("stream/bookmark: raw and counted", async () => {
    const body = {
      project_id: 3_000_001,
      workspace_id: 4_000_001,
      distinct_ids: ["u-17"],
      bookmark: { dateRange: { type: "relative_after", window: { unit: "day", value: 91 } }, entries: [] },
    };
    const count = (await client.json("stream/bookmark", { ...body, mode: "count" })).json;
    expect(count).toEqual({ status: "ok", results: sample.data.byPerson.get("u-17")?.length as number });
    const raw = (await client.json("stream/bookmark", { ...body, mode: "raw", limit: 2 })).json;
    expect(raw).toMatchObject({ results: { events: [{ event: texts }, { event: texts }], sentinel_event: null } });
    expect((await client.json("stream/bookmark", { project_id: 3_000_001 })).status).toBe(400);
  });
});

describe("engage", () => {
  type Page = {
    total?: number;
    session_id: string;
    results: { $distinct_id: string | number; $properties: Record<string, unknown> }[];
  };
  const engage = async (fields: Record<string, string | number>) => (await form("engage", fields)) as Page;

  test("pages of a session hold every profile once", async () => {
    const small = await startSample({ quota: "unlimited", pageSize: 700, now });
    const seen: string[] = [];
    const first = (await clientOf(small).form("engage", {})).json as Page;
    for (let page = 0; ; page += 1) {
      const { json: answer } = await clientOf(small).form(
        "engage",
        page === 0 ? {} : { page, session_id: first.session_id },
      );
      const { results, total } = answer as Page;
      expect(total === undefined).toBe(page > 0);
      seen.push(...results.map(({ $distinct_id: id }) => String(id)));
      if (results.length < 700) break;
    }
    expect(first.total).toBe(small.data.profiles.length);
    expect([...seen].sort()).toEqual(small.data.profiles.map(({ distinctId }) => distinctId).sort());
    expect(first.results.some(({ $distinct_id: id }) => typeof id === "number")).toBe(true);
    await small.close();
  });

  test("a page needs its session and the same question", async () => {
    const { session_id } = await engage({ where: 'properties["plan"] == "pro"' });
    const refused = async (fields: Record<string, string | number>) => {
      const { status, text } = await client.form("engage", fields);
      expect(status).toBe(400);
      expect(text).toContain("request for page in uncached query for params");
    };
    await refused({ page: 1 });
    await refused({ page: 1, session_id, where: 'properties["plan"] == "free"' });
    await refused({ page: 1, session_id: "nonsense", where: 'properties["plan"] == "pro"' });
    const behaviors = JSON.stringify([{ window: "90d", name: "b1", event_selectors: [{ event: "Order Placed" }] }]);
    const first = await engage({ where: '(behaviors["b1"] > 0)', behaviors });
    await refused({ page: 1, session_id: first.session_id, where: '(behaviors["b1"] > 0)', behaviors });
    expect((await client.form("engage", { page: -1 })).status).toBe(400);
  });

  test("a session goes stale", async () => {
    let clock = now;
    const own = await startSample({ quota: "unlimited", now: () => clock });
    const first = (await clientOf(own).form("engage", {})).json as Page;
    clock += 11 * 60_000;
    expect((await clientOf(own).form("engage", { page: 1, session_id: first.session_id })).text).toContain(
      "uncached query",
    );
    await own.close();
  });

  test("filters: where, ids, output properties", async () => {
    const pro = sample.data.profiles.filter(({ properties }) => properties["plan"] === "pro");
    expect((await engage({ where: 'user["plan"] == "pro"' })).total).toBe(pro.length);
    const many = await engage({ distinct_ids: '["u-17","nobody","u-18"]', output_properties: '["plan"]' });
    expect(many.results.map(({ $distinct_id: id }) => id)).toEqual(["u-17", "u-18"]);
    expect(Object.keys(many.results[0]?.$properties ?? {}).sort()).toEqual(["$last_seen", "plan"]);
    expect((await engage({ distinct_id: "nobody" })).total).toBe(0);
    expect((await client.form("engage", { distinct_id: "a", distinct_ids: '["b"]' })).status).toBe(400);
    const recent = `datetime(properties["$last_seen"]) >= datetime(NOW - 604800)`;
    const week = now - 604_800_000;
    const expected = sample.data.profiles.filter(
      ({ properties }) => Date.parse(`${properties["$last_seen"]}Z`) >= week - 5_000,
    ).length;
    expect(Math.abs(((await engage({ where: recent })).total ?? 0) - expected)).toBeLessThanOrEqual(3);
  });

  test("the smaller grammar of profiles", async () => {
    for (const where of [
      'floor(properties["orders"]) > 1',
      'has_prefix(properties["$email"], "u")',
      'plan == "pro"',
      "NOW -5 > 1",
    ]) {
      expect((await client.form("engage", { where })).status).toBe(400);
    }
  });

  test("cohorts, with and without ids that have no profile", async () => {
    const filter_by_cohort = JSON.stringify({ id: 61_001 });
    const members = [...sample.data.states].filter(([, { orders }]) => orders >= 3).map(([id]) => id);
    const withProfile = members.filter((id) => sample.data.profileOf.has(id));
    expect((await engage({ filter_by_cohort })).total).toBe(members.length);
    expect((await engage({ filter_by_cohort, include_all_users: "false" })).total).toBe(withProfile.length);
    expect(members.length).toBeGreaterThan(withProfile.length);
    const where = 'properties["plan"] == "pro"';
    const both = members.filter((id) => sample.data.profileOf.get(id)?.["plan"] === "pro");
    expect((await engage({ filter_by_cohort, where })).total).toBe(both.length);
    expect((await client.form("engage", { filter_by_cohort: '{"id": 1}' })).status).toBe(400);
    expect((await client.form("engage", { filter_by_cohort, behaviors: "[]" })).status).toBe(400);
  });

  test("behaviours in a window", async () => {
    const behaviors = JSON.stringify([
      {
        window: "30d",
        name: "b1",
        event_selectors: [{ event: "Order Placed", selector: '(properties["amount"] > 50)' }],
      },
    ]);
    const as_of_timestamp = Math.floor(now / 1000) - 86_400;
    const { total } = await engage({ where: '(behaviors["b1"] >= 2)', behaviors, as_of_timestamp });
    const counts = new Map<string, number>();
    for (const { event, time, person, properties } of sample.data.events) {
      if (event !== "Order Placed" || Number(properties["amount"]) <= 50) continue;
      if (time > as_of_timestamp || time <= as_of_timestamp - 30 * 86_400) continue;
      counts.set(person.id, (counts.get(person.id) ?? 0) + 1);
    }
    expect(total).toBe([...counts].filter(([id, count]) => count >= 2 && sample.data.profileOf.has(id)).length);
  });

  test("sorted, searched, group profiles, a JSON body", async () => {
    const { results } = await engage({ sort_key: 'properties["orders"]', sort_order: "descending" });
    const orders = results.map(({ $properties: properties }) => Number(properties["orders"]));
    expect(orders).toEqual([...orders].sort((a, b) => b - a));
    expect((await engage({ search: "münchen" })).total).toBe(
      sample.data.profiles.filter(({ properties }) => properties["$city"] === "München").length,
    );
    expect((await engage({ data_group_id: 5_001 })).total).toBe(12);
    expect((await engage({ data_group_id: -7 })).total).toBe(0);
    const body = { project_id: 3_000_001, where: 'properties["plan"] == "team"', output_properties: '["plan"]' };
    expect((await client.json("engage", body)).json).toMatchObject({ status: "ok", page: 0 });
  });

  test("statistics and properties", async () => {
    const stats = async (action: string, selector?: string) =>
      ((await form("engage/stats", { action, selector })) as { results: never }).results;
    const orders = sample.data.profiles.map(({ properties }) => Number(properties["orders"]));
    expect(await stats("count()")).toBe(orders.length as never);
    expect(await stats("count()", 'properties["orders"] >= 3')).toBe(
      orders.filter((count) => count >= 3).length as never,
    );
    expect(await stats('extremes(properties["orders"])')).toEqual({ max: Math.max(...orders), min: 0 } as never);
    expect(await stats('percentile(properties["orders"], 50)')).toMatchObject({
      percentile: 50,
      result: numbers,
    } as never);
    expect(await stats('numeric_summary(properties["orders"])')).toMatchObject({ count: orders.length } as never);
    expect((await client.form("engage/stats", { action: "guess()" })).status).toBe(400);
    expect(await json("engage/properties")).toMatchObject({
      results: { plan: { count: orders.length, type: "string" }, tags: { type: "list" } },
    });
  });
});
