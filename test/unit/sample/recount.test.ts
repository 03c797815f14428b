/** The service's answers against sums done again the slow and obvious way, on the raw events. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Sample, startSample } from "../../../src/sample/service.ts";
import { clientOf, daysAgo, type SampleClient } from "./client.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

const now = Date.UTC(2026, 3, 2, 18) - 0;
type Row = { event: string; id: string; time: number; date: string; hour: string; properties: Record<string, unknown> };
type Series = { data: { series: string[]; values: Record<string, Record<string, number>> }; legend_size: number };
type Funnel = {
  meta: { dates: string[] };
  data: Record<string, { steps: { count: number; avg_time: number | null; overall_conv_ratio: number }[] }>;
};
type SegmentedFunnel = { data: Record<string, Record<string, { count: number }[]>> };
type Retention = Record<string, { counts: number[]; first: number }>;

const cases = [1, 2, 3].flatMap((seed) =>
  ["America/Los_Angeles", "Asia/Kolkata"].map((zone): [number, string] => [seed, zone]),
);

describe.each(cases)("seed %d in %s", (seed, timezone) => {
  let sample: Sample;
  let client: SampleClient;
  let rows: Row[];
  let range: { from_date: string; to_date: string };

  beforeAll(async () => {
    sample = await startSample({ seed, timezone, now, quota: "unlimited" });
    client = clientOf(sample);
    // Los Angeles changes its clocks inside this range.
    range = { from_date: daysAgo(sample, 30), to_date: daysAgo(sample, 11) };
    const labels = new Map<number, string>();
    rows = sample.data.events.map(({ event, time, properties }) => {
      const quarter = Math.floor(time / 900);
      const label = labels.get(quarter) ?? new Date(quarter * 900_000).toLocaleString("sv-SE", { timeZone: timezone });
      labels.set(quarter, label);
      const id = String(properties["distinct_id"]);
      return { event, id, time, date: label.slice(0, 10), hour: `${label.slice(0, 13)}:00:00`, properties };
    });
  });
  afterAll(() => sample.close());

  const inRange = (row: Row) => row.date >= range.from_date && row.date <= range.to_date;
  const orders = () => rows.filter((row) => row.event === "Order Placed" && inRange(row));
  const group = <T>(items: T[], key: (item: T) => string) => Map.groupBy(items, key);
  const monday = (date: string) => {
    const day = new Date(`${date}T00:00:00Z`);
    return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10);
  };
  const series = async (path: string, params: Record<string, string | number>) =>
    (await client.query(path, { event: "Order Placed", ...range, ...params })).json as Series;
  /** Zeros say nothing: some answers leave them out. */
  const nonZero = (values: Series["data"]["values"]) =>
    Object.fromEntries(
      Object.entries(values).map(([name, points]) => [
        name,
        Object.fromEntries(
          Object.entries(points)
            .filter(([, value]) => value !== 0)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        ),
      ]),
    );
  const counted = (items: Row[], bucket: (row: Row) => string, value: (rows: Row[]) => number) =>
    Object.fromEntries(
      [...group(items, bucket)]
        .map(([label, members]) => [label, value(members)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const people = (members: Row[]) => new Set(members.map(({ id }) => id)).size;

  const buckets: [string, (row: Row) => string][] = [
    ["day", (row) => row.date],
    ["hour", (row) => row.hour],
    ["week", (row) => monday(row.date)],
    ["month", (row) => `${row.date.slice(0, 7)}-01`],
  ];
  const types: [string, (rows: Row[]) => number][] = [
    ["general", (members) => members.length],
    ["unique", people],
    ["average", (members) => members.length / people(members)],
  ];

  test("segmentation by every unit and type", async () => {
    for (const [unit, bucket] of buckets) {
      for (const [type, value] of types) {
        const answer = await series("segmentation", { unit, type });
        expect(nonZero(answer.data.values)).toEqual({ "Order Placed": counted(orders(), bucket, value) });
        expect(answer.legend_size).toBe(1);
        expect([...answer.data.series].sort()).toEqual([...new Set(answer.data.series)].sort());
      }
    }
  });

  test("segmentation with a filter and a breakdown by text, list, number, nothing", async () => {
    const where = 'properties["amount"] > 60 and user["$country_code"] == "US"';
    const country = new Map(
      sample.data.profiles.map(({ distinctId, properties }) => [distinctId, properties["$country_code"]]),
    );
    const kept = orders().filter((row) => Number(row.properties["amount"]) > 60 && country.get(row.id) === "US");
    for (const property of ["plan", "items", "item_count", "coupon"]) {
      const answer = await series("segmentation", { where, on: `properties["${property}"]`, limit: 10_000 });
      const pairs = kept.flatMap((row) => {
        const found = row.properties[property] ?? "undefined";
        return [...new Set(Array.isArray(found) ? found : [found])].map((segment) => ({
          segment: String(segment),
          row,
        }));
      });
      const expected = [...group(pairs, ({ segment }) => segment)].map(
        ([segment, members]) =>
          [
            segment,
            counted(
              members.map(({ row }) => row),
              (row) => row.date,
              (each) => each.length,
            ),
          ] as const,
      );
      expect(nonZero(answer.data.values)).toEqual(Object.fromEntries(expected));
    }
  });

  test("the largest segments are kept", async () => {
    const answer = await series("segmentation", { on: 'properties["items"]', limit: 3 });
    const all = await series("segmentation", { on: 'properties["items"]', limit: 10_000 });
    const total = (points: Record<string, number>) => Object.values(points).reduce((a, b) => a + b, 0);
    const ranked = Object.entries(all.data.values).sort(([a, x], [b, y]) => total(y) - total(x) || (a < b ? -1 : 1));
    expect(Object.keys(answer.data.values).sort()).toEqual(
      ranked
        .slice(0, 3)
        .map(([name]) => name)
        .sort(),
    );
  });

  test("sum, average and numeric ranges", async () => {
    const on = 'properties["amount"]';
    const amount = (members: Row[]) => members.reduce((sum, row) => sum + Number(row.properties["amount"]), 0);
    const results = async (path: string) =>
      ((await client.query(path, { event: "Order Placed", ...range, on })).json as { results: Record<string, number> })
        .results;
    const sums = await results("segmentation/sum");
    const means = await results("segmentation/average");
    for (const [date, members] of group(orders(), (row) => row.date)) {
      expect(sums[date]).toBeCloseTo(amount(members), 6);
      expect(means[date]).toBeCloseTo(amount(members) / members.length, 6);
    }
    const { data } = await series("segmentation/numeric", { on });
    for (const [label, points] of Object.entries(data.values)) {
      const [low, high] = label.split(" - ").map((text) => Number(text.replaceAll(",", "")));
      const members = orders().filter(
        (row) => Number(row.properties["amount"]) >= Number(low) && Number(row.properties["amount"]) < Number(high),
      );
      expect(nonZero({ [label]: points })[label]).toEqual(
        counted(
          members,
          (row) => row.date,
          (each) => each.length,
        ),
      );
    }
    const all = Object.values(data.values).flatMap((points) => Object.values(points));
    expect(all.reduce((a, b) => a + b, 0)).toBe(orders().length);
  });

  test("counts of several events, and one event by a property", async () => {
    const names = ["Order Placed", "Sign Up", "No Such Event"];
    const answer = await series("events", { event: JSON.stringify(names), type: "unique", unit: "week" });
    const expected = names.flatMap((name) => {
      const members = rows.filter((row) => row.event === name && inRange(row));
      return members.length === 0 ? [] : [[name, counted(members, (row) => monday(row.date), people)] as const];
    });
    expect(nonZero(answer.data.values)).toEqual(Object.fromEntries(expected));
    const byPlan = await series("events/properties", {
      name: "plan",
      type: "general",
      unit: "day",
      values: '["pro","team"]',
    });
    const plans = ["pro", "team"].map((plan) => {
      const members = orders().filter((row) => row.properties["plan"] === plan);
      return [
        plan,
        counted(
          members,
          (row) => row.date,
          (each) => each.length,
        ),
      ] as const;
    });
    expect(nonZero(byPlan.data.values)).toEqual(Object.fromEntries(plans));
  });

  /** Per person and bucket: the first step-0 event, then each step strictly later within the window. */
  function funnelCounts(
    steps: string[],
    windowDays: number,
    bucket: (row: Row) => string,
    filter = (_row: Row) => true,
  ) {
    const byPerson = group(rows, ({ id }) => id);
    const counts = new Map<string, number[]>();
    const seconds = new Map<string, number>();
    for (const own of byPerson.values()) {
      const entries = new Map<string, Row>();
      for (const row of own) {
        if (row.event === steps[0] && inRange(row) && filter(row) && !entries.has(bucket(row)))
          entries.set(bucket(row), row);
      }
      for (const [label, entry] of entries) {
        let last = entry;
        const reached = counts.get(label) ?? steps.map(() => 0);
        counts.set(label, reached);
        steps.forEach((step, index) => {
          if (index > 0 && last !== undefined) {
            const next = own.find(
              (row) =>
                row.event === step &&
                filter(row) &&
                row.time > last.time &&
                row.time <= entry.time + windowDays * 86_400,
            );
            if (index === 1 && next) seconds.set(label, (seconds.get(label) ?? 0) + next.time - entry.time);
            last = next as Row;
          }
          if (last !== undefined) reached[index] = (reached[index] ?? 0) + 1;
        });
      }
    }
    return { counts, seconds };
  }

  const CHECKOUT = ["Product Viewed", "Added to Cart", "Checkout Started", "Order Placed"];

  test("a funnel by day and by week, with the saved and another window", async () => {
    const variants: [Record<string, string | number>, number, (row: Row) => string][] = [
      [{}, 7, (row) => row.date],
      [{ unit: "week" }, 7, (row) => monday(row.date)],
      [{ unit: "day", length: 2, length_unit: "hour" }, 2 / 24, (row) => row.date],
    ];
    for (const [params, days, bucket] of variants) {
      const answer = (await client.query("funnels", { funnel_id: 51_230_011, ...range, ...params })).json as Funnel;
      const { counts, seconds } = funnelCounts(CHECKOUT, days, bucket);
      for (const date of answer.meta.dates) {
        const steps = answer.data[date]?.steps ?? [];
        const expected = counts.get(date) ?? [0, 0, 0, 0];
        expect(steps.map(({ count }) => count)).toEqual(expected);
        expect(steps.at(-1)?.overall_conv_ratio).toBeCloseTo(expected[0] ? (expected[3] ?? 0) / expected[0] : 0, 9);
        if (expected[1]) expect(steps[1]?.avg_time).toBe(Math.round((seconds.get(date) ?? 0) / expected[1]));
      }
    }
  });

  test("a funnel with a filter, broken down", async () => {
    const where = 'properties["$device"] == "mobile"';
    const on = 'properties["$browser"]';
    const params = { funnel_id: 51_230_011, ...range, unit: "month", where, on };
    const answer = (await client.query("funnels", params)).json as SegmentedFunnel;
    const { counts } = funnelCounts(
      CHECKOUT,
      7,
      (row) => `${row.date.slice(0, 7)}-01`,
      (row) => row.properties["$device"] === "mobile",
    );
    for (const [date, segments] of Object.entries(answer.data)) {
      const step = (index: number) =>
        Object.entries(segments).reduce(
          (sum, [name, steps]) => sum + (name === "$overall" ? 0 : (steps[index]?.count ?? 0)),
          0,
        );
      expect(segments["$overall"]?.map(({ count }) => count)).toEqual(counts.get(date) ?? [0, 0, 0, 0]);
      expect(CHECKOUT.map((_, index) => step(index))).toEqual(counts.get(date) ?? [0, 0, 0, 0]);
    }
  });

  test("retention: birth, compounded, unbounded, by day and week", async () => {
    const byPerson = group(rows, ({ id }) => id);
    const variants: {
      params: Record<string, string | number>;
      days: number;
      bucket: (row: Row) => string;
      compounded?: boolean;
      unbounded?: boolean;
    }[] = [
      { params: { unit: "day", interval_count: 5 }, days: 1, bucket: (row) => row.date },
      { params: { unit: "week", interval_count: 3 }, days: 7, bucket: (row) => monday(row.date) },
      {
        params: { interval_count: 4, unbounded_retention: "true" },
        days: 1,
        bucket: (row) => row.date,
        unbounded: true,
      },
      {
        params: { unit: "week", interval_count: 2, retention_type: "compounded" },
        days: 7,
        bucket: (row) => monday(row.date),
        compounded: true,
      },
    ];
    for (const { params, days, bucket, compounded, unbounded } of variants) {
      const born = compounded ? "Order Placed" : "Sign Up";
      const query = { born_event: "Sign Up", event: "Order Placed", ...range, ...params };
      const answer = (await client.query("retention", query)).json as Retention;
      for (const [date, cohort] of Object.entries(answer)) {
        const members = [...byPerson.values()].flatMap((own) => {
          const births = own.filter((row) => row.event === born && inRange(row));
          const birth = compounded ? births.find((row) => bucket(row) === date) : births[0];
          return birth && bucket(birth) === date ? [{ own, birth }] : [];
        });
        const counts = cohort.counts.map(
          (_, interval) =>
            members.filter(({ own, birth }) =>
              own.some((row) => {
                const at = Math.floor((row.time - birth.time) / (days * 86_400));
                return (
                  row.event === "Order Placed" &&
                  row.time > birth.time &&
                  (unbounded ? at >= interval : at === interval)
                );
              }),
            ).length,
        );
        expect([date, cohort.first, cohort.counts]).toEqual([date, members.length, counts]);
      }
    }
  });

  test("frequency: people active on at least so many days of a week", async () => {
    const query = { unit: "week", addiction_unit: "day", event: "Page Viewed", ...range };
    const answer = (await client.query("retention/addiction", query)).json as { data: Record<string, number[]> };
    const views = rows.filter((row) => row.event === "Page Viewed" && inRange(row));
    for (const [week, members] of group(views, (row) => monday(row.date))) {
      const days = [...group(members, ({ id }) => id).values()].map((own) => new Set(own.map(({ date }) => date)).size);
      expect(answer.data[week]).toEqual(
        [1, 2, 3, 4, 5, 6, 7].map((least) => days.filter((count) => count >= least).length),
      );
    }
  });

  test("raw events are the events, some twice, filtered by UTC days", async () => {
    const lines = await client.lines({ from_date: range.from_date, to_date: range.from_date });
    const expected = rows.filter(({ time }) => new Date(time * 1000).toISOString().slice(0, 10) === range.from_date);
    const unique = new Map(lines.map((line) => [JSON.stringify(line), line]));
    expect(lines.length).toBeGreaterThan(unique.size);
    expect([...unique.keys()].sort()).toEqual(
      expected.map(({ event, properties }) => JSON.stringify({ event, properties })).sort(),
    );
    const filtered = await client.lines({
      ...range,
      event: '["Order Placed"]',
      where: 'properties["plan"] == "pro"',
      time_in_ms: "true",
    });
    expect(new Set(filtered.map((line) => line.properties["plan"]))).toEqual(new Set(["pro"]));
    expect(Number(filtered[0]?.properties["time"])).toBeGreaterThan(1e12);
  });
});
