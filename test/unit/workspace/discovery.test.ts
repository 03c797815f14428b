/** The session's names over real HTTP: what is asked, what is kept, what is fallen back to. */
import { afterEach, describe, expect, test } from "bun:test";
import { createDiscovery } from "../../../src/workspace/discovery.ts";
import { json, PROJECT, type Seen, type Stub, stub } from "../mixpanel/stub.ts";

const NOW = Date.parse("2026-03-10T03:00:00Z");
const me = (timezone?: unknown) =>
  json({ status: "ok", results: { projects: { [PROJECT]: { name: "Acme", timezone } } } });

let open: Stub | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

function serve(
  routes: Record<string, (seen: Seen, count: number) => Response | Promise<Response>>,
  timezone: unknown = "US/Pacific",
) {
  const server = stub((seen, count) => {
    const path = seen.path.replace(/^\/api\/(query|app)\/(projects\/\d+\/)?/, "");
    if (path === "me" && !("me" in routes)) return me(timezone);
    return routes[path]?.(seen, count) ?? json({ error: "not here" }, 404);
  });
  open = server;
  const api = server.api();
  const paths = () => server.seen.map(({ path }) => path.split("/").slice(3).join("/"));
  return {
    server,
    api,
    paths,
    discovery: createDiscovery(
      () => api,
      () => NOW,
    ),
  };
}

describe("events", () => {
  test("31 days need no dates and no time zone; other days do", async () => {
    const { discovery, server, paths } = serve({ "events/names": () => json(["b", "A", "b", "a"]) });
    expect(await discovery.events()).toEqual({ names: ["A", "a", "b"], notes: [] });
    expect(Object.fromEntries(server.seen[0]?.query ?? [])).toEqual({
      project_id: PROJECT,
      type: "general",
      limit: "5000",
    });
    await discovery.events({ days: 90 });
    // It is still 9 March in US/Pacific.
    expect(server.seen.at(-1)?.query.get("from_date")).toBe("2025-12-09");
    expect(server.seen.at(-1)?.query.get("to_date")).toBe("2026-03-09");
    expect(paths()).toEqual(["events/names", "me", "events/names"]);
  });

  test("a look-back limit: once more with the allowed date, and a note", async () => {
    const { discovery, server } = serve({
      "events/names": ({ query }) =>
        query.get("from_date") === "2026-02-08"
          ? json(["A"])
          : json({ error: "Date range exceeds 30 days into the past" }, 403),
    });
    const now = new Date(NOW).toISOString().slice(0, 10);
    expect(now).toBe("2026-03-10");
    // The client counts back from its own clock, so give it the same one.
    const api = server.api({ now: () => NOW });
    const found = await createDiscovery(
      () => api,
      () => NOW,
    ).events({ days: 400 });
    expect(found.names).toEqual(["A"]);
    expect(found.notes.join()).toContain("2026-02-08");
    await expect(discovery.events({ days: 400 })).rejects.toMatchObject({ code: "DATE_RANGE" });
  });

  test("are asked for once by twenty callers at a time", async () => {
    const { discovery, server } = serve({ "events/names": () => Bun.sleep(20).then(() => json(["A"])) });
    await Promise.all(Array.from({ length: 20 }, () => discovery.eventNames()));
    expect(server.seen.length).toBe(1);
    await discovery.eventNames();
    expect(server.seen.length).toBe(1);
    await discovery.eventNames({ refresh: true });
    expect(server.seen.length).toBe(2);
  });

  test("nearest names come from what is known, without a request", async () => {
    const { discovery, server } = serve({ "events/names": () => json(["Order Placed", "Sign Up"]) });
    expect(discovery.nearest("order placed")).toEqual([]);
    await discovery.events();
    expect(discovery.nearest("order_placed")).toEqual(["Order Placed"]);
    expect(discovery.nearest("Sgn Up")).toEqual(["Sign Up"]);
    expect(server.seen.length).toBe(1);
    expect(discovery.known().events).toEqual(["Order Placed", "Sign Up"]);
  });
});

describe("time zone", () => {
  test("is learnt once", async () => {
    const { discovery, paths } = serve({});
    expect(discovery.knownTimezone()).toBeUndefined();
    expect([await discovery.timezone(), await discovery.timezone(), await discovery.today()]).toEqual([
      "US/Pacific",
      "US/Pacific",
      "2026-03-09",
    ]);
    expect(discovery.knownTimezone()).toBe("US/Pacific");
    expect(paths()).toEqual(["me"]);
  });
  for (const zone of [null, 7, "", "Mars/Olympus"]) {
    test(`${JSON.stringify(zone)} is none`, async () => {
      const { discovery } = serve({}, zone);
      expect(await discovery.timezone()).toBeUndefined();
      expect(await discovery.today()).toBe("2026-03-10");
    });
  }
  for (const [name, answer] of [
    ["404", () => json({ error: "x" }, 404)],
    ["401", () => json({ error: "x" }, 401)],
    ["HTML", () => new Response("<html></html>")],
    ["another shape", () => json({ results: 7 })],
    ["no projects", () => json({ results: {} })],
  ] as const) {
    test(`unknown when /me answers ${name}, and not asked for again with every query`, async () => {
      const { discovery, server } = serve({ me: answer });
      expect(await discovery.timezone()).toBeUndefined();
      expect(await discovery.today()).toBe("2026-03-10");
      expect(server.seen.length).toBe(1);
    });
  }
});

describe("funnels", () => {
  const list = () =>
    json([
      { funnel_id: 1, name: "Checkout" },
      { funnel_id: "2", name: null },
      { funnel_id: 3, name: "C" },
      { funnel_id: 4, name: "D" },
    ]);
  const behaviors = (n: number) => ({
    sections: { show: [{ behavior: { type: "funnel", behaviors: Array(n).fill({}) } }] },
  });
  test("with their steps out of the saved reports, whatever the shape", async () => {
    const { discovery, server } = serve({
      "funnels/list": list,
      bookmarks: () =>
        json({
          results: {
            results: [
              { id: 1, name: "x", type: "funnels", params: behaviors(3) },
              { id: 2, name: "y", type: "funnels", params: JSON.stringify({ steps: [{}, {}] }) },
              { id: 3, name: "z", type: "funnels", params: "{broken" },
              { id: 9, name: "w", type: "insights", params: behaviors(5) },
            ],
          },
        }),
    });
    expect(await discovery.funnels()).toEqual({
      funnels: [
        { funnelId: 1, name: "Checkout", steps: 3 },
        { funnelId: 2, name: "", steps: 2 },
        { funnelId: 3, name: "C", steps: undefined },
        { funnelId: 4, name: "D", steps: undefined },
      ],
      notes: [],
    });
    expect(server.seen.find(({ path }) => path.endsWith("bookmarks"))?.query.get("type")).toBe("funnels");
    expect(discovery.known().funnels[0]).toEqual({ id: 1, name: "Checkout" });
  });
  for (const [name, answer] of [
    ["403", () => json({ status: "error", error: "no" }, 403)],
    ["HTML", () => new Response("<html>")],
    ["nothing", () => json({})],
  ] as const) {
    test(`without steps when the reports answer ${name}`, async () => {
      const { discovery } = serve({ "funnels/list": list, bookmarks: answer });
      const { funnels, notes } = await discovery.funnels();
      expect([funnels.length, funnels[0]?.steps, notes.length]).toEqual([4, undefined, 1]);
    });
  }
  test("that cannot be read are an error", async () => {
    const { discovery } = serve({ bookmarks: () => json({ results: [] }) });
    await expect(discovery.funnels()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("values", () => {
  test("keep their types, and a smaller limit is served from the cache", async () => {
    const values = [12, "12", true, null, ["a"], { b: 1 }, 1.5, ""];
    const { discovery, server } = serve({ "events/properties/values": () => json(values) });
    expect(await discovery.values("A", "p", 50)).toEqual(values);
    expect(await discovery.values("A", "p", 3)).toEqual(values.slice(0, 4));
    expect(server.seen.length).toBe(1);
    expect(Object.fromEntries(server.seen[0]?.query ?? [])).toEqual({
      project_id: PROJECT,
      event: "A",
      name: "p",
      limit: "255",
    });
    await discovery.values("A", "p", 1_000);
    expect(server.seen[1]?.query.get("limit")).toBe("1001");
  });
});
