import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));
async function serve(names: string[]): Promise<Scripted> {
  const server = await scripted({ "events/names": { body: names } });
  open.push(server);
  return server;
}

describe("list_events", () => {
  test("the sample's events, alphabetical, in both forms of the reply", async () => {
    const { structured, text } = await t.call("list_events");
    const names = [...new Set(t.sample.data.events.map(({ event }) => event))].sort();
    expect(structured["events"]).toEqual(names);
    expect(structured["total"]).toBe(names.length);
    expect(structured["truncated"]).toBe(false);
    for (const name of names) expect(text).toContain(name);
    expect(text).toStartWith(`${names.length} event names, seen in the last 31 days.`);
  });

  test("is asked for once a session", async () => {
    const asked = () => t.sample.log.filter(({ path }) => path.endsWith("/events/names")).length;
    await t.call("list_events");
    const before = asked();
    await Promise.all([
      t.call("list_events", { search: "x" }),
      t.call("list_events", { limit: 1 }),
      t.call("list_events"),
    ]);
    expect(asked()).toBe(before);
    await t.call("list_events", { refresh: true });
    expect(asked()).toBe(before + 1);
  });

  test("searched and paged, with what is left", async () => {
    const server = await serve(Array.from({ length: 450 }, (_, i) => `Event ${String(i).padStart(3, "0")}`).reverse());
    const first = (await server.call("list_events")).structured;
    expect([(first["events"] as string[]).length, first["total"], first["truncated"]]).toEqual([200, 450, true]);
    const last = (await server.call("list_events", { offset: 440 })).structured;
    expect([last["events"], last["truncated"]]).toEqual([
      Array.from({ length: 10 }, (_, i) => `Event ${440 + i}`),
      false,
    ]);
    const found = (await server.call("list_events", { search: "EVENT 01", limit: 3 })).structured;
    expect(found).toEqual({ events: ["Event 010", "Event 011", "Event 012"], total: 10, truncated: true });
    const { text } = await server.call("list_events", { limit: 3 });
    expect(text).toContain("3 of 450 event names");
    expect(text).toContain("Truncated: 3 of 450 shown");
  });

  test("a project without data is told so", async () => {
    const server = await serve([]);
    const { structured, text } = await server.call("list_events");
    expect([structured["events"], structured["total"]]).toEqual([[], 0]);
    expect(text).toContain("no events in the last 31 days");
  });

  test("a search that matches nothing does not speak of an empty project", async () => {
    const server = await serve(["A"]);
    expect((await server.call("list_events", { search: "zzz" })).text).toContain("None of 1 event names");
  });

  test("a project that may look back only so far", async () => {
    const server = await scripted({
      "events/names": (params) =>
        params.get("from_date") === null || (params.get("from_date") ?? "") < "2024-01-01"
          ? { status: 403, body: { error: "Date range exceeds 7 days into the past" } }
          : { body: ["A"] },
    });
    open.push(server);
    const { structured } = await server.call("list_events");
    expect(structured["events"]).toEqual(["A"]);
    expect(JSON.stringify(structured["notes"])).toMatch(/look back to \d{4}-\d\d-\d\d/);
    expect(server.queries.length).toBe(2);
  });
});
