import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { type Sample, type SampleOptions, startSample } from "../../../src/sample/service.ts";
import { clientOf, daysAgo } from "./client.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

const running: Sample[] = [];
afterAll(() => Promise.all(running.map((sample) => sample.close())));

async function start(options: SampleOptions = {}) {
  const sample = await startSample({ quota: "unlimited", now: Date.UTC(2026, 3, 15, 18), ...options });
  running.push(sample);
  return { sample, client: clientOf(sample) };
}

const shared = await start();
const { sample, client } = shared;
const ORDERS = { event: "Order Placed", from_date: daysAgo(sample, 10), to_date: daysAgo(sample, 1) };

describe("who may ask", () => {
  test("no credentials, wrong ones, a token", async () => {
    const paths = [
      "/api/query/events/names?type=general&project_id=3000001",
      "/api/2.0/export?project_id=3000001",
      "/api/app/me",
    ];
    for (const path of paths) {
      for (const authorization of ["", "Basic bm9ib2R5Om5vdGhpbmc=", "Bearer x", "Basic !!!", "Basic Og=="]) {
        const { status, json } = await client.send(path, { headers: { authorization } });
        expect([path, authorization, status]).toEqual([path, authorization, 401]);
        expect(json).toHaveProperty("error");
      }
    }
  });

  test("plain user:secret after Basic is taken too", async () => {
    const { username, secret } = sample.credentials;
    const { status } = await client.send("/api/app/me", { headers: { authorization: `Basic ${username}:${secret}` } });
    expect(status).toBe(200);
  });

  test("an account without a role sees no project and may query none", async () => {
    const outsider = clientOf(sample, sample.outsider);
    const me = await outsider.app("me");
    expect(me.status).toBe(200);
    expect(me.json).toMatchObject({ results: { projects: {} } });
    expect((await outsider.query("events/names", { type: "general" })).status).toBe(403);
    expect((await outsider.app("projects/3000001/bookmarks")).json).toMatchObject({ status: "error" });
  });

  test("an expired account", async () => {
    const expired = await start({ expired: true });
    expect((await expired.client.app("me")).status).toBe(401);
    expect((await expired.client.query("funnels/list")).status).toBe(401);
  });

  test("a project is needed, and must be ours", async () => {
    const send = (project: string) => client.send(`/api/query/funnels/list${project}`);
    expect((await send("")).status).toBe(400);
    expect((await send("?project_id=")).status).toBe(400);
    expect((await send("?project_id=abc")).status).toBe(400);
    expect((await send("?project_id=77")).status).toBe(403);
    expect((await client.app("projects/77/bookmarks")).status).toBe(404);
  });

  test("the wrong region", async () => {
    const wrong = await start({ wrongRegion: "eu" });
    const { status, text } = await wrong.client.query("funnels/list");
    expect(status).toBe(400);
    expect(text).toContain("invalid project id for cluster");
    expect(text).toContain("project_cluster: mixpanel-prod-eu");
    expect((await wrong.client.app("me")).status).toBe(401);
    expect((await wrong.client.query("../2.0/export", { from_date: "2026-01-01", to_date: "2026-01-01" })).status).toBe(
      400,
    );
  });

  test("a plan without the Query API still exports", async () => {
    const free = await start({ plan402: true });
    const { status, text } = await free.client.query("cohorts/list");
    expect(status).toBe(402);
    expect(text).toContain("Your plan does not allow API calls");
    const day = daysAgo(free.sample, 3);
    expect((await free.client.lines({ from_date: day, to_date: day })).length).toBeGreaterThan(100);
    expect((await free.client.app("me")).status).toBe(200);
  });

  test("a look-back limit", async () => {
    const limited = await start({ lookbackDays: 40 });
    const old = await limited.client.query("events/names", { type: "general", from_date: daysAgo(limited.sample, 60) });
    expect(old.status).toBe(403);
    expect(old.text).toContain("Date range exceeds 40 days into the past");
    const near = await limited.client.query("events/names", {
      type: "general",
      from_date: daysAgo(limited.sample, 40),
    });
    expect(near.status).toBe(200);
  });
});

describe("paths", () => {
  test("/api/2.0 is /api/query, a trailing slash is nothing", async () => {
    const expected = (await client.query("funnels/list")).text;
    for (const path of ["/api/2.0/funnels/list", "/api/query/funnels/list/", "/api/2.0/funnels/list//"]) {
      expect((await client.send(`${path}?project_id=3000001`)).text).toBe(expected);
    }
  });

  test.each(["/api/query/nope", "/api/2.0/__proto__", "/api/query/constructor", "/nope", "/"])(
    "%s is unknown",
    async (path) => {
      const { status, json } = await client.send(`${path}?project_id=3000001`);
      expect(status).toBe(404);
      expect(json).toHaveProperty("error");
    },
  );

  test("a known path with another method", async () => {
    expect((await client.form("segmentation", ORDERS)).status).toBe(405);
    expect((await client.query("jql", { script: "x" })).status).toBe(405);
  });

  test("every App path refuses in its own envelope", async () => {
    expect((await client.app("projects/3000001/nope")).json).toEqual({ status: "error", error: expect.any(String) });
    expect((await client.app("organizations")).status).toBe(404);
  });
});

describe("parameters", () => {
  const refused: [string, Record<string, string | number>, string][] = [
    ["segmentation", { from_date: "2026-01-01", to_date: "2026-01-02" }, "event"],
    ["segmentation", { event: "x", to_date: "2026-01-02" }, "from_date"],
    ["segmentation", { ...ORDERS, from_date: "1999-12-31" }, "invalid date, bad year"],
    ["segmentation", { ...ORDERS, from_date: "01/02/2026" }, "Error in from_date"],
    ["segmentation", { ...ORDERS, to_date: "2026-02-30" }, "Error in to_date"],
    ["segmentation", { ...ORDERS, unit: "fortnight" }, "Error in unit"],
    ["segmentation", { ...ORDERS, type: "total" }, "Error in type"],
    ["segmentation", { ...ORDERS, on: "plan" }, "unknown variable plan"],
    ["segmentation", { ...ORDERS, where: 'properties["a"] = 1' }, "Error in where"],
    ["segmentation", { ...ORDERS, where: 'properties["plan"] and true' }, "Error in where"],
    ["segmentation", { ...ORDERS, on: 'properties["plan"]', limit: "many" }, "Error in limit"],
    ["segmentation/numeric", ORDERS, "on"],
    ["segmentation/sum", { ...ORDERS, on: 'properties["amount"]', unit: "week" }, "Error in unit"],
    ["events", { ...ORDERS, event: "Order Placed", type: "general", unit: "day" }, "JSON"],
    ["events", { ...ORDERS, event: '["Order Placed"]', unit: "day" }, "type"],
    ["events", { ...ORDERS, event: '["Order Placed"]', type: "unique", unit: "hour" }, "unique"],
    ["events/names", {}, "type"],
    ["events/properties", { ...ORDERS, type: "general", unit: "day" }, "name"],
    ["events/properties/top", {}, "event"],
    ["funnels", ORDERS, "funnel_id"],
    ["funnels", { ...ORDERS, funnel_id: 1 }, "does not exist"],
    ["funnels", { ...ORDERS, funnel_id: 51_230_011, length: 91 }, "90 days"],
    ["retention/addiction", { ...ORDERS, unit: "day" }, "addiction_unit"],
    ["stream/query", ORDERS, "distinct_ids"],
    ["stream/query", { ...ORDERS, distinct_ids: "u-1" }, "JSON"],
    ["arb_funnels", { bookmark_id: 51_230_001, query_type: "flows_sankey" }, "not a flows report"],
  ];
  test.each(refused)("%s %j", async (path, params, piece) => {
    const { status, json } = await client.query(path, params);
    expect(status).toBe(400);
    expect(json).toMatchObject({
      error: expect.stringContaining(piece),
      request: expect.stringContaining(`/api/query/${path}?`),
    });
  });

  test.each<[string, Record<string, string | number>]>([
    ["funnels", { ...ORDERS, funnel_id: 51_230_011, unit: "day", interval: 2 }],
    ["retention", { ...ORDERS, born_event: "Sign Up", unit: "day", interval: 2 }],
    ["retention", { ...ORDERS, born_event: "Sign Up", interval: 91 }],
  ])("%s %j is an opaque 500", async (path, params) => {
    const { status, json } = await client.query(path, params);
    expect([status, json]).toEqual([500, { request: expect.any(String), error: "An unknown error occurred." }]);
  });

  test("a future day is empty for queries and refused by export", async () => {
    const future = { from_date: daysAgo(sample, -3), to_date: daysAgo(sample, -5) };
    const answer = await client.query("segmentation", { event: "Order Placed", ...future });
    expect(answer.json).toMatchObject({ data: { values: {} }, legend_size: 0 });
    const { status, text } = await client.send(
      `/api/2.0/export?project_id=3000001&from_date=${future.from_date}&to_date=${future.to_date}`,
    );
    expect([status, text]).toEqual([400, "to_date cannot be later than today"]);
  });

  test("export says nothing useful about a bad filter", async () => {
    const day = daysAgo(sample, 2);
    const where = encodeURIComponent('plan == "pro"');
    const { status, text } = await client.send(
      `/api/2.0/export?project_id=3000001&from_date=${day}&to_date=${day}&where=${where}`,
    );
    expect([status, text]).toEqual([400, ""]);
  });
});

describe("export", () => {
  const day = daysAgo(sample, 4);
  const path = `/api/2.0/export?project_id=3000001&from_date=${day}&to_date=${day}`;
  const raw = (query: string, headers: Record<string, string>, init: RequestInit = {}) => {
    const authorization = `Basic ${Buffer.from(`${sample.credentials.username}:${sample.credentials.secret}`).toString("base64")}`;
    return fetch(sample.url + path + query, { ...init, headers: { authorization, ...headers }, decompress: false });
  };

  test("gzip when asked and worth it, in chunks cut anywhere", async () => {
    const zipped = await raw("", { "Accept-Encoding": "gzip" });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(zipped.headers.get("content-length")).toBeNull();
    const text = gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString();
    const plain = await raw("", { "Accept-Encoding": "identity" });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(text);
    const small = await raw("&limit=1", { "Accept-Encoding": "gzip" });
    expect(small.headers.get("content-encoding")).toBeNull();
    expect((await small.text()).trim().split("\n")).toHaveLength(1);
  });

  test("limit, an unknown event, no event", async () => {
    const { lines } = client;
    expect(await lines({ from_date: day, to_date: day, limit: 5 })).toHaveLength(5);
    expect(await lines({ from_date: day, to_date: day, event: '["No Such Event"]' })).toEqual([]);
    expect((await client.send(`${path}&limit=100001`)).status).toBe(400);
  });

  test("an old project writes local time as if it were UTC, by local days", async () => {
    const old = await start({ createdBefore2023: true, timezone: "America/Los_Angeles" });
    const asked = daysAgo(old.sample, 4);
    const lines = await old.client.lines({ from_date: asked, to_date: asked });
    const times = lines.map(({ properties }) => new Date(Number(properties["time"]) * 1000).toISOString().slice(0, 10));
    expect(new Set(times)).toEqual(new Set([asked]));
    const [one] = lines;
    const processed = Number(one?.properties["mp_processing_time_ms"]) / 1000;
    expect(processed - Number(one?.properties["time"])).toBeGreaterThan(6.9 * 3_600);
  });

  test("a client that goes away leaves the service well", async () => {
    const controller = new AbortController();
    const whole = `/api/2.0/export?project_id=3000001&from_date=${daysAgo(sample, 90)}&to_date=${daysAgo(sample, 1)}`;
    const response = await client.send("/api/app/me").then(() => raw("", {}, {}));
    await response.body?.cancel();
    const reading = fetch(sample.url + whole, {
      signal: controller.signal,
      headers: { authorization: `Basic ${sample.credentials.username}:${sample.credentials.secret}` },
    }).then((each) => each.text());
    setTimeout(() => controller.abort(), 30);
    expect(await reading.catch(() => "aborted")).toBe("aborted");
    expect((await client.query("funnels/list")).status).toBe(200);
  });
});

describe("the service itself", () => {
  test("logs what was asked, never a credential", async () => {
    const own = await start();
    await own.client.query("segmentation", ORDERS);
    await own.client.query("segmentation", {});
    expect(own.sample.log).toMatchObject([
      { method: "GET", path: "/api/query/segmentation", params: { event: "Order Placed" }, status: 200 },
      { method: "GET", path: "/api/query/segmentation", status: 400 },
    ]);
    const text = JSON.stringify(own.sample.log);
    expect(text).not.toContain(own.sample.credentials.secret);
    expect(text).not.toContain(Buffer.from(own.sample.credentials.secret).toString("base64").slice(0, 12));
  });

  test("says the same for the same seed and moment", async () => {
    const now = Date.UTC(2026, 1, 3, 10);
    const [a, b] = await Promise.all([start({ now, seed: 7 }), start({ now, seed: 7 })]);
    for (const path of ["segmentation", "retention", "funnels"]) {
      const params = {
        ...ORDERS,
        from_date: "2026-01-05",
        to_date: "2026-01-20",
        born_event: "Sign Up",
        funnel_id: 51_230_012,
      };
      expect((await a.client.query(path, params)).text).toBe((await b.client.query(path, params)).text);
    }
  });

  test("listens on loopback only", () => {
    expect(new URL(sample.url).hostname).toBe("127.0.0.1");
  });
});
