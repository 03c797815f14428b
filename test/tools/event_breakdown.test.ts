import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
  await t.call("fetch_events", { from_date: "3 days ago", to_date: "yesterday" });
});
afterAll(() => t.close());

const value = async (query: string) => (await t.call("sql_scalar", { query })).structured["value"];

test("every event with rows, users, first and last time and share, as SQL counts them", async () => {
  const { structured, text } = await t.call("event_breakdown", { table: "events" });
  const rows = Number(await value("SELECT count(*) FROM events"));
  expect(structured).toMatchObject({
    table: "events",
    total_events: rows,
    total_users: await value("SELECT count(DISTINCT distinct_id) FROM events"),
    truncated: false,
    notes: [],
  });
  const { rows: counted } = (
    await t.call("sql", {
      query: `SELECT event_name, count(*) AS n, count(DISTINCT distinct_id),
        replace(min(event_time), ' ', 'T') || 'Z', replace(max(event_time), ' ', 'T') || 'Z', round(count(*) * 1.0 / ${rows}, 4)
        FROM events GROUP BY 1 ORDER BY n DESC, 1`,
    })
  ).structured as { rows: unknown[][] };
  const events = structured["events"] as Record<string, unknown>[];
  expect(
    events.map(({ event, count, users, first_seen, last_seen, share }) => [
      event,
      count,
      users,
      first_seen,
      last_seen,
      share,
    ]),
  ).toEqual(counted);
  expect(structured["date_range"]).toEqual({
    from_date: await value("SELECT min(date(event_time)) FROM events"),
    to_date: await value("SELECT max(date(event_time)) FROM events"),
  });
  expect(text).toContain(`${rows} rows`);
});

test("other tables are refused with the tool to use", async () => {
  await t.call("create_table", {
    table: "days",
    query: "SELECT date(event_time) AS day, count(*) AS n FROM events GROUP BY 1",
  });
  expect((await t.call("event_breakdown", { table: "days" })).error).toMatchObject({
    code: "INVALID_ARGUMENT",
    suggestions: [expect.stringContaining("summarize")],
  });
  expect((await t.call("event_breakdown", { table: "event" })).error).toMatchObject({
    code: "TABLE_NOT_FOUND",
    suggestions: [expect.stringContaining("events")],
  });
});
