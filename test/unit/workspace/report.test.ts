import { describe, expect, test } from "bun:test";
import { funnelFigures, readFunnel } from "../../../src/workspace/report-funnel.ts";
import { inOrder, leaves, linesTable, openEnd, totalsTable, unitOf } from "../../../src/workspace/report-series.ts";

const map = (value: object) => new Map(Object.entries(value));
const D1 = "2026-03-01T00:00:00-08:00";
const D2 = "2026-03-08T00:00:00-07:00";
const paths = (value: object) => leaves(map(value)).map((leaf) => leaf.path.join(" > "));

describe("leaves at any depth", () => {
  test.each([
    ["line", { Sign: { [D1]: 1, [D2]: 2 } }, ["Sign"]],
    ["total", { Sign: { all: 9 } }, ["Sign"]],
    ["bare total", { Sign: 9 }, ["Sign"]],
    [
      "line by one property",
      { Sign: { $overall: { [D1]: 3 }, Chrome: { [D1]: 2 } } },
      ["Sign > $overall", "Sign > Chrome"],
    ],
    [
      "total by one property",
      { Sign: { $overall: { all: 3 }, Chrome: { all: 2 } } },
      ["Sign > $overall", "Sign > Chrome"],
    ],
    [
      "total by two properties",
      { Sign: { $overall: { all: 3 }, Chrome: { $overall: { all: 2 }, iOS: { all: 1 } } } },
      ["Sign > $overall", "Sign > Chrome > $overall", "Sign > Chrome > iOS"],
    ],
    [
      "segments that are dates",
      { Sign: { "2026-03-01": { all: 3 }, "2026-03-02": { all: 2 } } },
      ["Sign > 2026-03-01", "Sign > 2026-03-02"],
    ],
    ["numbers under segments", { Sign: { Chrome: 3, Safari: 2 } }, ["Sign > Chrome", "Sign > Safari"]],
    ["nothing", {}, []],
    ["a metric without data", { Sign: {} }, []],
    ["nulls", { Sign: { [D1]: null } }, ["Sign"]],
    ["a text: the most frequent value", { Sign: { all: "Chrome" } }, ["Sign"]],
  ])("%s", (_, series, expected) => expect(paths(series)).toEqual(expected));

  test("a prototype's name is a segment like any other", () => {
    const parsed = JSON.parse(`{"Sign":{"__proto__":{"all":3},"constructor":{"all":1}}}`);
    expect(paths(parsed)).toEqual(["Sign > __proto__", "Sign > constructor"]);
  });
});

describe("order", () => {
  const series = {
    "BA. Last": { all: 1 },
    "B. Buy": { $overall: { all: 9 }, Safari: { all: 4 }, Chrome: { all: 5 } },
    "A. Sign Up": { all: 2 },
  };
  test("letters give the order of metrics, the whole comes first, then the largest", () => {
    const order = inOrder(leaves(map(series)), []).map((leaf) => leaf.path.join(" > "));
    expect(order).toEqual(["A. Sign Up", "B. Buy > $overall", "B. Buy > Chrome", "B. Buy > Safari", "BA. Last"]);
  });
  test("the report's own order of keys wins", () => {
    const order = inOrder(leaves(map(series)), ["BA. Last", "A. Sign Up", "B. Buy"]).map((leaf) => leaf.path[0]);
    expect(order[0]).toBe("BA. Last");
  });
});

describe("tables", () => {
  test("lines: offsets that change with the season are one kind of day", () => {
    const lines = inOrder(leaves(map({ Sign: { $overall: { [D2]: 5, [D1]: 3 }, Chrome: { [D1]: 2 } } })), []);
    const { table, unit } = linesTable(lines);
    expect(unit).toBe("week");
    expect(table).toEqual({
      columns: ["date", "$overall", "Chrome"],
      rows: [
        ["2026-03-01", 3, 2],
        ["2026-03-08", 5, null],
      ],
    });
  });
  test("several metrics are named in their columns", () => {
    const { table } = linesTable(leaves(map({ "A. X": { [D1]: 1 }, "B. Y": { $overall: { [D1]: 2 } } })));
    expect(table.columns).toEqual(["date", "A. X", "B. Y / $overall"]);
  });
  test("totals keep their levels", () => {
    const found = inOrder(
      leaves(map({ Sign: { $overall: { all: 3 }, Chrome: { $overall: { all: 2 }, iOS: { all: 1 } } } })),
      [],
    );
    expect(totalsTable(found, ["$event", "$browser", "$os"])).toEqual({
      columns: ["metric", "$browser", "$os", "value"],
      rows: [
        ["Sign", "$overall", null, 3],
        ["Sign", "Chrome", "$overall", 2],
        ["Sign", "Chrome", "iOS", 1],
      ],
    });
  });
  test.each([
    [["2026-03-01", "2026-03-02"], "day"],
    [["2026-03-02", "2026-03-09", "2026-03-16"], "week"],
    [["2026-01-01", "2026-02-01", "2026-03-01"], "month"],
    [["2026-03-01T00:00:00-08:00", "2026-03-01T01:00:00-08:00"], "hour"],
    [["2026-03-01T00:00:00-08:00"], "day"],
    [[], "day"],
  ] as const)("unit of %p is %s", (labels, unit) => expect(unitOf(labels)).toBe(unit));
});

describe("an unfinished end", () => {
  test.each([
    [["2026-07-01", "2026-10-01"], "2026-11-25", ["2026-10-01"]],
    [["2026-11-23"], "2026-11-25", ["2026-11-23"]],
    [["2026-11-23", "2026-11-24"], "2026-11-25", []],
    [["2026-04-01", "2026-07-01"], "2026-09-30", []],
    [[], "2026-11-25", []],
    [["2026-11-23"], undefined, []],
  ])("%p to %p", (labels, toDate, expected) => expect(openEnd(labels, toDate, "2026-11-25")).toEqual(expected));
});

describe("funnel reports", () => {
  const count = { "10. Tenth": { all: 5 }, "1. Cart Viewed": { all: 1200 }, "2. Order Placed": { all: 420 } };
  const avg_time = { "1. Cart Viewed": { all: null }, "2. Order Placed": { all: 310 } };
  const expected = [
    { event: "Cart Viewed", count: 1200, avgTime: null },
    { event: "Order Placed", count: 420, avgTime: 310 },
    { event: "Tenth", count: 5, avgTime: null },
  ];
  const figures = (series: object) => {
    const report = readFunnel(map(series));
    if (report === undefined) throw new Error("no funnel found");
    return funnelFigures(report);
  };

  test("metrics directly under series, or below the funnel's name", () => {
    expect(figures({ count, avg_time, step_conv_ratio: {} }).steps).toEqual(expected);
    expect(figures({ "Cart through Tenth": { count, avg_time } }).steps).toEqual(expected);
  });
  test("a breakdown above the metrics, without the whole", () => {
    const result = figures({
      F: {
        Google: { count: { "1. A": { all: 10 }, "2. B": { all: 5 } } },
        Bing: { count: { "1. A": { all: 2 }, "2. B": { all: 1 } } },
      },
    });
    expect(result.addedUp).toBe(true);
    expect(result.steps.map((step) => step.count)).toEqual([12, 6]);
    expect([...result.segments.keys()]).toEqual(["Google", "Bing"]);
  });
  test("a breakdown below the steps, with the whole", () => {
    const result = figures({
      count: { "1. A": { $overall: 10, Chrome: 7, Safari: 4 }, "2. B": { $overall: 5, Chrome: 5, Safari: 1 } },
    });
    expect(result.addedUp).toBe(false);
    expect(result.steps.map((step) => step.count)).toEqual([10, 5]);
    expect(result.segments.get("Safari")?.[0]?.map((step) => step.count)).toEqual([4, 1]);
  });
  test("dates below the steps are added up and kept", () => {
    const result = figures({ count: { "1. A": { [D1]: 10, [D2]: 20 }, "2. B": { [D1]: 5, [D2]: 1 } } });
    expect(result.steps.map((step) => step.count)).toEqual([30, 6]);
    expect(result.dates.map(({ date, steps }) => [date, ...steps.map((step) => step.count)])).toEqual([
      ["2026-03-01", 10, 5],
      ["2026-03-08", 20, 1],
    ]);
  });
  test("several funnels are not added to each other", () => {
    const result = figures({
      "A. One": { count: { "1. A": { all: 10 }, "2. B": { all: 5 } } },
      "B. Two": { count: { "1. C": { all: 99 }, "2. D": { all: 1 } } },
    });
    expect(result.firstOnly).toBe(true);
    expect(result.steps.map((step) => step.count)).toEqual([10, 5]);
    expect([...result.segments.keys()]).toEqual(["A. One", "B. Two"]);
  });
  test("a line of rates has no steps", () => {
    expect(readFunnel(map({ "A through B": { $overall: { [D1]: 0.4 } } }))).toBeUndefined();
    expect(readFunnel(map({}))).toBeUndefined();
  });
});
