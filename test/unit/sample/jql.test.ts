import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startSample } from "../../../src/sample/service.ts";
import { clientOf, daysAgo } from "./client.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

const sample = await startSample({ quota: "unlimited", timezone: "Europe/Berlin", now: Date.UTC(2026, 3, 15, 18) });
const client = clientOf(sample);
afterAll(() => sample.close());

const params = { from: daysAgo(sample, 5), to: daysAgo(sample, 2) };
const run = (script: string, values: unknown = params) =>
  client.form("jql", { script, params: JSON.stringify(values) });
const rows = async (body: string) => {
  const { status, json, text } = await run(`function main() { return ${body}; }`);
  if (status !== 200) throw new Error(text);
  return json as { key: unknown[]; value: never }[];
};
const ORDERS = 'Events({from_date: params.from, to_date: params.to, event_selectors: [{event: "Order Placed"}]})';
const ALL = "Events({from_date: params.from, to_date: params.to})";
const day = (local: number) => new Date(local * 1000).toISOString().slice(0, 10);
const inRange = sample.data.events.filter(({ local }) => day(local) >= params.from && day(local) <= params.to);
const orders = inRange.filter(({ event }) => event === "Order Placed");
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const amounts = orders.map(({ properties }) => Number(properties["amount"]));

describe("scripts that work", () => {
  test("the documented example", async () => {
    const script = `function main() {
      return Events({from_date: params.from, to_date: params.to,
                     event_selectors: [{event: "Order Placed", selector: 'properties["amount"] > 20'}]})
        .groupBy(["properties.plan", mixpanel.numeric_bucket("time", mixpanel.daily_time_buckets)],
                 [mixpanel.reducer.count(), mixpanel.reducer.sum("properties.amount")]);
    }`;
    const answer = (await run(script)).json as { key: [string, number]; value: [number, number] }[];
    const big = orders.filter(({ properties }) => Number(properties["amount"]) > 20);
    const groups = Map.groupBy(big, ({ properties, local }) =>
      JSON.stringify([properties["plan"], Date.parse(day(local))]),
    );
    expect(answer).toHaveLength(groups.size);
    for (const { key, value } of answer) {
      const members = groups.get(JSON.stringify(key)) ?? [];
      expect(value[0]).toBe(members.length);
      expect(value[1]).toBeCloseTo(sum(members.map(({ properties }) => Number(properties["amount"]))), 6);
    }
  });

  test("unique users per country", async () => {
    const answer = await rows(`${ALL}.groupByUser(["properties.mp_country_code"], mixpanel.reducer.null())
      .groupBy([mixpanel.slice("key", 1)], mixpanel.reducer.count())`);
    const pairs = new Set(
      inRange.map(({ person, properties }) => JSON.stringify([person.id, properties["mp_country_code"] ?? null])),
    );
    expect(sum(answer.map(({ value }) => Number(value)))).toBe(pairs.size);
    expect(answer.map(({ key }) => key[0])).toContain("DE");
  });

  test.each<[string, () => unknown]>([
    ["count()", () => orders.length],
    ['sum("properties.amount")', () => expect.closeTo(sum(amounts), 6)],
    ['avg("properties.amount")', () => expect.closeTo(sum(amounts) / amounts.length, 6)],
    ['min("properties.amount")', () => Math.min(...amounts)],
    ["max(e => e.properties.amount * 2)", () => Math.max(...amounts) * 2],
    ['numeric_summary("properties.amount")', () => expect.objectContaining({ count: amounts.length })],
    [
      'numeric_percentiles("properties.amount", [50, 90])',
      () => [expect.objectContaining({ percentile: 50 }), expect.objectContaining({ percentile: 90 })],
    ],
    ['max_by("properties.amount")', () => expect.objectContaining({ name: "Order Placed" })],
    ["any()", () => expect.objectContaining({ name: "Order Placed" })],
    ["null()", () => null],
  ])("reducer %s", async (reducer, expected) => {
    expect(await rows(`${ORDERS}.reduce(mixpanel.reducer.${reducer})`)).toEqual([expected()] as never);
  });

  test("functions as filters, maps, keys and reducers", async () => {
    const mobile = orders.filter(({ properties }) => properties["$device"] === "mobile").length;
    expect(
      await rows(
        `${ORDERS}.filter(function(e) { return e.properties.$device == "mobile"; }).reduce(mixpanel.reducer.count())`,
      ),
    ).toEqual([mobile] as never);
    const merged = `function(accumulators, items) {
      var n = 0;
      for (var i = 0; i < accumulators.length; i++) { n += accumulators[i]; }
      for (const item of items) { if (item.properties.amount > 50) n += 1; else { n = n; } }
      return n;
    }`;
    expect(await rows(`${ORDERS}.reduce(${merged})`)).toEqual([
      amounts.filter((amount) => amount > 50).length,
    ] as never);
    const mapped = await rows(
      `${ORDERS}.map(e => ({who: e.distinct_id, day: new Date(e.time).toISOString().substr(0, 10)}))`,
    );
    expect(mapped).toEqual(orders.map(({ person, local }) => ({ who: person.id, day: day(local) })) as never);
    const flat = await rows(`${ORDERS}.map(e => e.properties.items).flatten()`);
    expect(flat).toEqual(orders.flatMap(({ properties }) => properties["items"]) as never);
    const keyed = await rows(
      `${ORDERS}.groupBy([e => e.properties.amount > 50 ? "big" : "small"], mixpanel.reducer.count()).sortAsc("key.0")`,
    );
    expect(keyed.map(({ key }) => key[0])).toEqual(["big", "small"]);
  });

  test("keys: lists inside keys, one group per element, numbers in ranges", async () => {
    const many = await rows(
      `${ORDERS}.groupBy([mixpanel.multiple_keys(["properties.items"])], mixpanel.reducer.count())`,
    );
    expect(sum(many.map(({ value }) => Number(value)))).toBe(
      sum(orders.map(({ properties }) => (properties["items"] as unknown[]).length)),
    );
    const ranges = await rows(
      `${ORDERS}.groupBy([mixpanel.numeric_bucket("properties.amount", {bucket_size: 50})], mixpanel.reducer.count()).sortDesc("value")`,
    );
    for (const { key } of ranges) expect(Number(key[0]) % 50).toBe(0);
    const edges = await rows(
      `${ORDERS}.groupBy([mixpanel.numeric_bucket("properties.amount", [0, 100])], mixpanel.reducer.count())`,
    );
    expect(new Set(edges.map(({ key }) => key[0]))).toEqual(new Set([0, 100]));
  });

  test("people, joins, labels, top groups", async () => {
    const people = await rows(
      'People({user_selectors: [{selector: \'user["plan"] == "pro"\'}]}).reduce(mixpanel.reducer.count())',
    );
    expect(people).toEqual([
      sample.data.profiles.filter(({ properties }) => properties["plan"] === "pro").length,
    ] as never);
    const joined = await rows(
      `join(${ORDERS}, People(), {type: "inner"}).groupBy(["user.properties.plan"], mixpanel.reducer.count())`,
    );
    const known = orders.filter(({ person }) => sample.data.profileOf.has(person.id));
    expect(sum(joined.map(({ value }) => Number(value)))).toBe(known.length);
    const labelled = await rows(
      `Events({from_date: params.from, to_date: params.to, event_selectors: [{event: "Sign Up", label: "New"}, {event: "Order Placed"}]}).groupBy(["name"], mixpanel.reducer.count())`,
    );
    expect(new Set(labelled.map(({ key }) => key[0]))).toEqual(new Set(["New", "Order Placed"]));
    const top = await rows(`${ALL}.groupBy(["name"], mixpanel.reducer.count()).reduce(mixpanel.reducer.top(2))`);
    expect((top[0] as never as unknown[]).length).toBe(2);
  });

  test("per user in time order, with a state", async () => {
    const first = await rows(
      `${ALL}.groupByUser(function(state, events) { state = state || {n: 0}; state.n += events.length; state.first = events[0].name; return state; })`,
    );
    expect(sum(first.map(({ value }) => (value as { n: number }).n))).toBe(inRange.length);
  });

  test("group limits, underscore, loops over keys", async () => {
    const grouped = `${ALL}.groupBy(["name", "properties.plan"], mixpanel.reducer.count())`;
    const all = await rows(grouped);
    const limited = await rows(`${grouped}.applyGroupLimits([2, 3], 4)`);
    expect(limited).toHaveLength(4);
    expect(new Set(limited.map(({ key }) => key[0])).size).toBe(2);
    expect(limited[0]).toEqual([...all].sort((a, b) => Number(b.value) - Number(a.value))[0] as never);
    const prices = await rows(
      `${ORDERS}.map(e => _.filter(_.keys(e.properties), k => _.contains(["amount", "plan"], k)).length).reduce(mixpanel.reducer.max(n => n))`,
    );
    expect(prices).toEqual([2] as never);
    const counted = await rows(
      `${ORDERS}.map(function(e) { var n = 0; for (var k in e.properties) { n++; } return n; }).reduce(mixpanel.reducer.min(n => n))`,
    );
    expect(Number(counted[0])).toBeGreaterThan(15);
  });

  test("nothing found is an empty list", async () => {
    expect(await rows('Events({from_date: "2001-01-01", to_date: "2001-01-02"})')).toEqual([]);
  });
});

describe("scripts that do not", () => {
  const failures: [string, string, string][] = [
    [
      "an unknown method",
      `function main() {\n  return ${ALL}\n  .limit(10);\n}`,
      "TypeError: Events(...).limit is not a function\n  .limit(10);\n   ^\n\nStack trace:\nTypeError: Events(...).limit is not a function\n    at main (<anonymous>:3:4)\n",
    ],
    ["an unknown name", "function main() { return Evnts(); }", "ReferenceError: Evnts is not defined"],
    ["no main", "var x = 1;", "ReferenceError: main is not defined"],
    ["an open brace", "function main() { return 1;", "SyntaxError: Unexpected end of input"],
    ["a stray token", "function main() { return ); }", "SyntaxError: Unexpected token ')'"],
    ["a class", "class A {} function main() { return 1 }", "SyntaxError: class is not supported"],
    [
      "undefined read",
      `function main() { return ${ORDERS}.map(e => e.nothing.deeper); }`,
      "TypeError: Cannot read properties of undefined (reading 'deeper')",
    ],
    ["no collection", "function main() { return 1; }", "TypeError: main() must return a collection"],
    ["bad dates", "function main() { return Events({}); }", "TypeError: Events() needs from_date"],
    [
      "a transformed groupByUser",
      `function main() { return ${ORDERS}.map(e => e).groupByUser(mixpanel.reducer.count()); }`,
      "TypeError: groupByUser",
    ],
    [
      "nine reducers",
      `function main() { return ${ORDERS}.reduce([${Array(9).fill("mixpanel.reducer.count()").join(", ")}]); }`,
      "at most 8 reducers",
    ],
    ["endless recursion", "function main() { return main(); }", "RangeError: Maximum call stack size exceeded"],
    [
      "endless nesting",
      `function main() { return ${"(".repeat(5_000)}1; }`,
      "RangeError: Maximum call stack size exceeded",
    ],
    ["an endless loop", "function main() { for (;;) {} }", "RangeError: the script ran for too long"],
    [
      "constructors",
      'function main() { return "".constructor.constructor("return process")(); }',
      "TypeError: Cannot read properties of undefined (reading 'constructor')",
    ],
    ["prototypes", "function main() { return ({}).__proto__.x; }", "TypeError: Cannot read properties of undefined"],
    ["the process", "function main() { return process.env; }", "ReferenceError: process is not defined"],
    [
      "another constructor",
      "function main() { return new Function('x'); }",
      "ReferenceError: new Function is not supported",
    ],
  ];
  test.each(failures)("%s", async (_name, script, piece) => {
    const { status, json } = await run(script);
    expect(status).toBe(412);
    const { error, request } = json as { error: string; request: string };
    expect(error).toStartWith("UserVisiblePreconditionFailedError: Uncaught exception ");
    expect(error).toContain(piece);
    expect(error).toMatch(/\n *\^\n\nStack trace:\n[\s\S]+\n {4}at main \(<anonymous>:\d+:\d+\)\n$/);
    expect(request).toBe("/api/query/jql?project_id=3000001");
  });

  test("writing to __proto__ changes nothing", async () => {
    const script = `function main() { var o = {}; o.__proto__ = {polluted: 1}; o["constructor"] = 2; return ${ORDERS}.map(e => o.polluted); }`;
    expect((await run(script)).status).toBe(200);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("a bad selector, bad params, a JSON body", async () => {
    expect(
      (
        await run(
          `function main() { return Events({from_date: params.from, to_date: params.to, event_selectors: [{selector: "plan == 1"}]}); }`,
        )
      ).status,
    ).toBe(400);
    expect((await client.form("jql", { script: "x", params: "{" })).status).toBe(400);
    expect((await client.json("jql", { project_id: 3_000_001, script: "function main() {}" })).status).toBe(400);
    expect((await client.form("jql", {})).status).toBe(400);
  });
});
