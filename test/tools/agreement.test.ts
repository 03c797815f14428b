/**
 * Live answers against SQL on the same events, fetched: whatever a query tool says about the sample project, the raw data must
 * say too. Zones without clock changes, so that SQL can compute local days by adding seconds.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

type Row = (string | number | null)[];
type Table = { columns: string[]; rows: Row[] };

const ZONES = [
  { timezone: "Asia/Kolkata", offset: 19_800 },
  { timezone: "America/Phoenix", offset: -25_200 },
];
const PROJECTS = [1, 2, 3].flatMap((seed) => ZONES.map((zone) => ({ seed, ...zone })));
const CHECKOUT = {
  id: 51_230_011,
  steps: ["Product Viewed", "Added to Cart", "Checkout Started", "Order Placed"],
  seconds: 7 * 86_400,
};

/**
 * All fetched at once, since Mixpanel's three exports a second set the pace. To today: exports go by UTC days, and yesterday in
 * Phoenix ends on a later one.
 */
const fetched = new Map<string, Harness>();
const nameOf = (project: { seed: number; timezone: string }) => `${project.seed} ${project.timezone}`;

beforeAll(async () => {
  await Promise.all(
    PROJECTS.map(async (project) => {
      const { seed, timezone } = project;
      const harness = await connect({ sample: { seed, timezone, quota: "unlimited" } });
      fetched.set(nameOf(project), harness);
      const reply = await harness.call("fetch_events", { from_date: "14 days ago", to_date: "today" });
      expect(reply.structured).toMatchObject({ status: "completed", rejected: 0 });
    }),
  );
}, 120_000);
afterAll(() => Promise.all([...fetched.values()].map((harness) => harness.close())), 30_000);

describe.each(PROJECTS)("seed $seed in $timezone", ({ seed, timezone, offset }) => {
  let project: Harness;
  let from = "";
  let to = "";
  const range = { from_date: "12 days ago", to_date: "8 days ago" };

  beforeAll(() => {
    const harness = fetched.get(nameOf({ seed, timezone }));
    if (harness === undefined) throw new Error("not fetched");
    project = harness;
  });

  async function live(tool: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { structured } = await project.call(tool, args);
    const meta = structured["meta"] as { from_date?: string; to_date?: string };
    from = meta.from_date ?? from;
    to = meta.to_date ?? to;
    return structured;
  }

  /** Rows of a SELECT over `e(name, user, t, day, hour, p)`: t in epoch seconds, day and hour local, p the properties. */
  async function sql(select: string): Promise<Row[]> {
    const local = `CAST(properties->>'$.time' AS INTEGER) + (${offset})`;
    const base = `SELECT event_name AS name, distinct_id AS user, CAST(properties->>'$.time' AS INTEGER) AS t, date(${local}, 'unixepoch') AS day,
      strftime('%Y-%m-%d %H:00:00', ${local}, 'unixepoch') AS hour, properties AS p FROM events`;
    const { structured } = await project.call("sql", { query: `WITH e AS (${base}) ${select}`, limit: 5000 });
    expect(structured["truncated"]).toBe(false);
    return structured["rows"] as Row[];
  }

  const inRange = () => `day BETWEEN '${from}' AND '${to}'`;

  /** `bucket|column` -> value, zeros and blanks left out: both sides then say the same thing in the same way. */
  const cells = (table: Table) =>
    Object.fromEntries(
      table.rows
        .flatMap(([bucket, ...values]) =>
          values.map((value, index) => [`${bucket}|${table.columns[index + 1]}`, value] as const),
        )
        .filter(([, value]) => value !== 0 && value !== null),
    );
  const keyed = (rows: Row[]) =>
    Object.fromEntries(
      rows
        .filter((row) => row[2] !== 0 && row[2] !== null)
        .map(([bucket, name, value]) => [`${bucket}|${name}`, value]),
    );

  async function agree(
    tool: string,
    args: Record<string, unknown>,
    select: () => string,
    key = "series",
  ): Promise<void> {
    const answer = cells((await live(tool, args))[key] as Table);
    const expected = keyed(await sql(select()));
    expect(Object.keys(expected).length).toBeGreaterThan(3);
    expect(Object.keys(answer).sort()).toEqual(Object.keys(expected).sort());
    for (const [cell, value] of Object.entries(expected)) expect(answer[cell]).toBeCloseTo(Number(value), 6);
  }

  const order = { event: "Order Placed", ...range };
  const PLAN = `coalesce(p->>'$.plan', 'undefined')`;

  test("segmentation: events, users, averages, by a property, with a filter, by hour and week", async () => {
    await agree(
      "segmentation",
      { ...order, on: "plan" },
      () => `SELECT day, ${PLAN}, count(*) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1, 2`,
    );
    await agree(
      "segmentation",
      { ...order, on: "plan", type: "unique" },
      () =>
        `SELECT day, ${PLAN}, count(DISTINCT user) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1, 2`,
    );
    await agree(
      "segmentation",
      { ...order, type: "average" },
      () =>
        `SELECT day, name, count(*) * 1.0 / count(DISTINCT user) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1`,
    );
    await agree(
      "segmentation",
      { ...order, where: '(properties["plan"] == "pro") or (properties["amount"] > 100)' },
      () =>
        `SELECT day, name, count(*) FROM e WHERE name = 'Order Placed' AND (p->>'$.plan' = 'pro' OR p->>'$.amount' > 100) AND ${inRange()} GROUP BY 1`,
    );
    await agree(
      "segmentation",
      { ...order, unit: "hour" },
      () => `SELECT hour, name, count(*) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1`,
    );
    await agree(
      "segmentation",
      { ...order, event: "Page Viewed", unit: "week", type: "unique", on: "$browser" },
      () =>
        `SELECT date(day, '-6 days', 'weekday 1'), coalesce(p->>'$.$browser', 'undefined'), count(DISTINCT user) FROM e WHERE name = 'Page Viewed' AND ${inRange()} GROUP BY 1, 2`,
    );
  });

  test("segmentation: the total is the number of events", async () => {
    const { total } = await live("segmentation", { ...order, on: "plan", limit: 2 });
    const [[count] = []] = await sql(`SELECT count(*) FROM e WHERE name = 'Order Placed' AND ${inRange()}`);
    expect(total).toBe(count);
  });

  test("segmentation_numeric: every range holds the values its label says", async () => {
    const table = (await live("segmentation_numeric", { ...order, on: "amount", limit: 1000 }))["buckets"] as Table;
    const rows = await sql(
      `SELECT day, p->>'$.amount', count(*) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1, 2`,
    );
    const expected: Record<string, number> = {};
    for (const [day, amount, count] of rows) {
      const column = table.columns.slice(1).find((label) => {
        const [low = 0, high = 0] = label.replaceAll(",", "").split(" - ").map(Number);
        return Number(amount) >= low && Number(amount) < high;
      });
      expected[`${day}|${column}`] = (expected[`${day}|${column}`] ?? 0) + Number(count);
    }
    expect(cells(table)).toEqual(expected);
  });

  test("segmentation_sum and segmentation_average", async () => {
    const where = () => `name = 'Order Placed' AND ${inRange()}`;
    await agree(
      "segmentation_sum",
      { ...order, on: "amount" },
      () => `SELECT day, 'sum', sum(p->>'$.amount') FROM e WHERE ${where()} GROUP BY 1`,
    );
    await agree(
      "segmentation_average",
      { ...order, on: "amount" },
      () => `SELECT day, 'average', avg(p->>'$.amount') FROM e WHERE ${where()} GROUP BY 1`,
    );
    const { total } = await live("segmentation_sum", { ...order, on: "amount" });
    const [[sum] = []] = await sql(`SELECT sum(p->>'$.amount') FROM e WHERE ${where()}`);
    expect(total).toBeCloseTo(Number(sum), 4);
  });

  test("event_counts and property_counts", async () => {
    const names = ["Order Placed", "Sign Up", "Search Performed"];
    const list = names.map((name) => `'${name}'`).join(", ");
    await agree(
      "event_counts",
      { events: names, ...range },
      () => `SELECT day, name, count(*) FROM e WHERE name IN (${list}) AND ${inRange()} GROUP BY 1, 2`,
    );
    await agree(
      "event_counts",
      { events: names, ...range, type: "unique" },
      () => `SELECT day, name, count(DISTINCT user) FROM e WHERE name IN (${list}) AND ${inRange()} GROUP BY 1, 2`,
    );
    const answer = await live("property_counts", { ...order, property: "plan" });
    const rows = await sql(
      `SELECT ${PLAN}, count(*) AS n, round(count(*) * 1.0 / sum(count(*)) OVER (), 4) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1 ORDER BY n DESC, 1`,
    );
    expect(answer["distribution"]).toEqual(rows.map(([value, count, share]) => ({ value, count, share })));
  });

  test("funnel: people who take each step later, within the window of their entry", async () => {
    const answer = await live("funnel", { funnel_id: CHECKOUT.id, ...range });
    const step = (
      index: number,
    ) => `s${index} AS (SELECT s.user, s.day, s.start, min(e.t) AS t FROM s${index - 1} s JOIN e ON e.user = s.user AND e.name = '${CHECKOUT.steps[index]}'
      AND e.t > s.t AND e.t <= s.start + ${CHECKOUT.seconds} GROUP BY 1, 2)`;
    const rows =
      await sql(`, s0 AS (SELECT user, day, min(t) AS start, min(t) AS t FROM e WHERE name = '${CHECKOUT.steps[0]}' AND ${inRange()} GROUP BY 1, 2), ${step(1)}, ${step(2)}, ${step(3)}
      SELECT day, count(*), (SELECT count(*) FROM s1 WHERE s1.day = s0.day), (SELECT count(*) FROM s2 WHERE s2.day = s0.day), (SELECT count(*) FROM s3 WHERE s3.day = s0.day) FROM s0 GROUP BY day ORDER BY day`);
    const table = answer["by_date"] as Table;
    expect(table.rows.map((row) => row.slice(0, 5))).toEqual(rows);
    const totals = [1, 2, 3, 4].map((index) => rows.reduce((sum, row) => sum + Number(row[index]), 0));
    expect((answer["steps"] as { count: number }[]).map(({ count }) => count)).toEqual(totals);
    expect(answer["conversion_rate"]).toBeCloseTo((totals[3] ?? 0) / (totals[0] ?? 1), 4);
  });

  test("retention: cohorts by first birth, returns on each person's own clock", async () => {
    const answer = await live("retention", {
      born_event: "Sign Up",
      return_event: "Page Viewed",
      ...range,
      interval_count: 5,
    });
    const rows =
      await sql(`, born AS (SELECT user, min(t) AS t FROM e WHERE name = 'Sign Up' AND ${inRange()} GROUP BY 1),
      cohort AS (SELECT user, t, date(t + (${offset}), 'unixepoch') AS day FROM born),
      back AS (SELECT DISTINCT c.day, c.user, (e.t - c.t) / 86400 AS i FROM cohort c JOIN e ON e.user = c.user AND e.name = 'Page Viewed' AND e.t > c.t)
      SELECT c.day, count(*), (SELECT count(*) FROM back b WHERE b.day = c.day AND i = 0), (SELECT count(*) FROM back b WHERE b.day = c.day AND i = 1), (SELECT count(*) FROM back b WHERE b.day = c.day AND i = 4)
      FROM cohort c GROUP BY 1 ORDER BY 1`);
    const cohorts = (answer["cohorts"] as Table).rows.filter((row) => row[1] !== 0);
    expect(cohorts.map(([day, size]) => [day, size])).toEqual(rows.map(([day, size]) => [day, size]));
    const share = (row: Row, index: number) => Math.round((Number(row[index]) / Number(row[1])) * 10_000) / 10_000;
    expect(cohorts.map((row) => [row[2], row[3], row[6]])).toEqual(
      rows.map((row) => [share(row, 2), share(row, 3), share(row, 4)]),
    );
    const size = rows.reduce((sum, row) => sum + Number(row[1]), 0);
    expect((answer["average"] as number[])[1]).toBeCloseTo(
      rows.reduce((sum, row) => sum + Number(row[3]), 0) / size,
      4,
    );
  });

  test("frequency: active in at least N hours of the day", async () => {
    const answer = await live("frequency", { event: "Page Viewed", ...range });
    const rows =
      await sql(`, hours AS (SELECT day, user, count(DISTINCT hour) AS n FROM e WHERE name = 'Page Viewed' AND ${inRange()} GROUP BY 1, 2)
      SELECT day, count(*), sum(n >= 2), sum(n >= 3), sum(n >= 4) FROM hours GROUP BY 1 ORDER BY 1`);
    expect((answer["distribution"] as Table).rows.map((row) => row.slice(0, 5))).toEqual(rows);
  });

  test("activity_feed: the same events of a user, newest first", async () => {
    await live("segmentation", order);
    const [[user] = []] = await sql(
      `SELECT user FROM e WHERE ${inRange()} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`,
    );
    const answer = await live("activity_feed", { distinct_id: user, ...range, limit: 1000 });
    const rows = await sql(
      `SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch'), count(*) FROM e WHERE user = '${user}' AND ${inRange()} GROUP BY 1 ORDER BY 1 DESC`,
    );
    const times = (answer["events"] as { time: string }[]).map(({ time }) => time);
    expect(times).toEqual([...times].sort().reverse());
    expect([...Map.groupBy(times, (time) => time)].map(([time, same]): Row => [time, same.length])).toEqual(rows);
  });

  test("jql: a count by event", async () => {
    const script = "function main() { return Events(params).groupBy(['name'], mixpanel.reducer.count()); }";
    await live("segmentation", order);
    const answer = await live("jql", { script, params: { from_date: from, to_date: to } });
    const rows = await sql(`SELECT name, count(*) FROM e WHERE ${inRange()} GROUP BY 1 ORDER BY 1`);
    const groups = (answer["result"] as { key: string[]; value: number }[]).map(({ key, value }): [string, number] => [
      key[0] ?? "",
      value,
    ]);
    expect(groups.sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(rows as [string, number][]);
  });

  test("query_saved_report: the days that were fetched", async () => {
    const { series } = (await live("query_saved_report", { bookmark_id: 51_230_001 })) as { series: Table };
    await live("segmentation", order);
    const rows = await sql(
      `SELECT day, count(*) FROM e WHERE name = 'Order Placed' AND ${inRange()} GROUP BY 1 ORDER BY 1`,
    );
    expect(series.rows.filter(([day]) => String(day) >= from && String(day) <= to)).toEqual(rows);
  });

  test("query_flows: nobody is lost or counted twice from step to step", async () => {
    const { steps, total } = (await live("query_flows", { bookmark_id: 51_230_031 })) as {
      total: number;
      steps: { nodes: { event: string; count: number; drop_off?: number }[] }[];
    };
    for (const { nodes } of steps) expect(nodes.reduce((sum, node) => sum + node.count, 0)).toBe(total);
    let left = 0;
    for (const [index, { nodes }] of steps.entries()) {
      expect(nodes.find(({ event }) => event === "(drop-off)")?.count ?? 0).toBe(left);
      if (index < steps.length - 1) left += nodes.reduce((sum, node) => sum + (node.drop_off ?? 0), 0);
    }
  });
});
