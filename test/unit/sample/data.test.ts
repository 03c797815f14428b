import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { generateData, OUTAGE_DAYS_AGO, type SampleData } from "../../../src/sample/data.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

const now = Date.UTC(2026, 2, 20, 15, 30) / 1000;
const timezone = "America/New_York";
const data = generateData({ seed: 1, timezone, now });
const DAY = 86_400;

const dayOf = (event: { local: number }) => Math.floor(event.local / DAY);
const perDay = (name: string, from: SampleData = data) => {
  const counts = new Map<number, number>();
  for (const event of from.byName.get(name) ?? []) counts.set(dayOf(event), (counts.get(dayOf(event)) ?? 0) + 1);
  return counts;
};
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("the sample data", () => {
  test("is the same for the same seed, day and time zone, and another for others", () => {
    const print = (each: SampleData) =>
      JSON.stringify([
        each.events.length,
        each.events.filter((_, index) => index % 97 === 0).map((event) => event.properties),
        each.profiles[9],
      ]);
    const same = generateData({ seed: 1, timezone, now: now + 3_600 });
    expect(print(same)).toBe(print(data));
    expect(print(generateData({ seed: 2, timezone, now }))).not.toBe(print(data));
    expect(print(generateData({ seed: 1, timezone, now: now + DAY }))).not.toBe(print(data));
  });

  test.each([1, 2, 3, 4, 5])("has more than 100,000 events of about 3,000 people over 90 days, seed %d", (seed) => {
    const each = seed === 1 ? data : generateData({ seed, timezone, now });
    expect(each.events.length).toBeGreaterThan(100_000);
    expect(each.people.size).toBe(3_000);
    expect(each.profiles.length).toBeGreaterThan(2_700);
    expect(each.profiles.length).toBeLessThan(3_000);
    expect(new Set(each.events.map(dayOf)).size).toBe(90);
  });

  test.each(["UTC", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Apia"])("ends yesterday in %s", (zone) => {
    const each = generateData({ seed: 1, timezone: zone, now });
    const [first] = each.events;
    const last = each.events.at(-1);
    expect(first && dayOf(first)).toBe(each.days.today - 90);
    expect(last && dayOf(last)).toBe(each.days.today - 1);
    const text = (utc: number) => new Date(utc * 1000).toLocaleString("sv-SE", { timeZone: zone });
    expect(new Date((last?.local ?? 0) * 1000).toISOString().slice(0, 19).replace("T", " ")).toBe(
      text(last?.time ?? 0),
    );
    expect(new Date((first?.local ?? 0) * 1000).toISOString().slice(0, 19).replace("T", " ")).toBe(
      text(first?.time ?? 0),
    );
  });

  test("may go on until now", () => {
    const each = generateData({ seed: 1, timezone, now, includeToday: true });
    expect(each.events.filter((event) => dayOf(event) === each.days.today).length).toBeGreaterThan(100);
    expect(each.events.at(-1)?.time).toBeLessThan(now);
  });

  test("events are in time order and complete", () => {
    let before = 0;
    for (const { time, properties, person } of data.events) {
      expect(time).toBeGreaterThanOrEqual(before);
      before = time;
      if (properties["time"] !== time || properties["distinct_id"] !== person.id) throw new Error("id or time missing");
      if (!(Number(properties["mp_processing_time_ms"]) > time * 1000)) throw new Error("processed before it happened");
    }
    const ids = data.events.map(({ properties }) => properties["$insert_id"]).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeLessThan(data.events.length);
  });

  test("has 25 properties and more, of every type, some missing, some Unicode", () => {
    const types = new Map<string, Set<string>>();
    const texts: string[] = [];
    for (const { properties } of data.events) {
      for (const [name, value] of Object.entries(properties)) {
        const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
        types.set(name, (types.get(name) ?? new Set()).add(type));
        if (typeof value === "string" && texts.length < 500_000) texts.push(value);
      }
    }
    expect(types.size).toBeGreaterThan(40);
    expect(types.get("items")).toEqual(new Set(["array"]));
    expect(types.get("address")).toEqual(new Set(["object"]));
    expect(types.get("discount")).toEqual(new Set(["number", "string", "boolean", "null"]));
    expect(types.get("coupon")).toEqual(new Set(["string", "null"]));
    expect(types.get("$insert_id")).toEqual(new Set(["string", "undefined"]));
    const orders = data.byName.get("Order Placed") ?? [];
    expect(orders.filter(({ properties }) => !("coupon" in properties)).length).toBeGreaterThan(100);
    for (const piece of ["東京", "São Paulo", "\u2028", "☕", '"Midnight"'])
      expect(texts.some((text) => text.includes(piece))).toBe(true);
  });

  test("orders collapse on the day of the outage, and only then", () => {
    for (const seed of [1, 2, 3]) {
      const counts = perDay("Order Placed", seed === 1 ? data : generateData({ seed, timezone, now }));
      const outage = data.days.today - OUTAGE_DAYS_AGO;
      const around = [-14, -7, 7, 14].map((days) => counts.get(outage + days) ?? 0);
      expect(counts.get(outage) ?? 0).toBeLessThan(mean(around) * 0.35);
      const recent = [...counts].filter(([day]) => day >= data.days.today - 45 && day !== outage);
      expect(Math.min(...recent.map(([, count]) => count))).toBeGreaterThan(counts.get(outage) ?? 0);
    }
  });

  test("weekends are quieter", () => {
    const visits = perDay("Page Viewed");
    const days = [...visits].map(([day, count]) => ({ weekend: (day + 3) % 7 >= 5, count }));
    const weekend = mean(days.filter((day) => day.weekend).map((day) => day.count));
    expect(weekend).toBeLessThan(mean(days.filter((day) => !day.weekend).map((day) => day.count)) * 0.85);
  });

  test("the concierge week retains better than the weeks around it", () => {
    const { conciergeFrom, conciergeTo } = data.days;
    expect(new Date(conciergeFrom * DAY * 1000).getUTCDay()).toBe(1);
    const staying = (from: number, to: number) => {
      const people = [...data.people.values()].filter(({ signUpDay }) => signUpDay >= from && signUpDay <= to);
      const back = people.filter(({ id, signUpDay }) => {
        const weeks = (data.byPerson.get(id) ?? []).map((event) => Math.floor((dayOf(event) - signUpDay) / 7));
        return weeks.includes(4);
      });
      return back.length / people.length;
    };
    const concierge = staying(conciergeFrom, conciergeTo);
    expect(concierge).toBeGreaterThan(staying(conciergeFrom - 14, conciergeFrom - 1) * 1.5);
    expect(concierge).toBeGreaterThan(staying(conciergeTo + 1, conciergeTo + 10) * 1.5);
  });

  test("profiles say how people ended up", () => {
    for (const { distinctId, properties } of data.profiles) {
      expect(properties["orders"]).toBe(data.states.get(distinctId)?.orders);
    }
    const types = new Set(data.profiles.map(({ properties }) => typeof properties["tags"]));
    expect(types).toEqual(new Set(["undefined", "object"]));
    expect(data.profiles.some(({ properties }) => properties["referrer"] === "<null>")).toBe(true);
    expect(data.profiles.some(({ distinctId }) => /^\d+$/.test(distinctId))).toBe(true);
  });
});
