import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Sample, type SampleOptions, startSample } from "../../../src/sample/service.ts";
import { clientOf, type SampleClient } from "./client.ts";

// Generating a project takes a fraction of a second, on a busy machine several.
setDefaultTimeout(60_000);

const running: Sample[] = [];
afterAll(() => Promise.all(running.map((sample) => sample.close())));

/** A service whose clock stands still until moved. */
async function start(options: SampleOptions = {}) {
  let now = Date.UTC(2026, 4, 5, 12);
  const sample = await startSample({ now: () => now, ...options });
  running.push(sample);
  const pass = (ms: number) => {
    now += ms;
  };
  return { sample, client: clientOf(sample), pass };
}

async function ask(client: SampleClient, times: number, path = "funnels/list"): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n += 1) statuses.push((await client.query(path)).status);
  return statuses;
}

const ok = (count: number) => Array<number>(count).fill(200);
const PROJECT_POLICY = '"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"';

describe("queries", () => {
  test("sixty in a rolling hour, then 429 with the headers", async () => {
    const { client, pass } = await start();
    expect(await ask(client, 30)).toEqual(ok(30));
    pass(1_800_000);
    expect(await ask(client, 30)).toEqual(ok(30));
    const { status, headers, json } = await client.query("funnels/list");
    expect(status).toBe(429);
    expect(headers.get("ratelimit-policy")).toBe(PROJECT_POLICY);
    expect(headers.get("ratelimit")).toBe('"project";r=0;t=3600, "project-concurrency";r=5');
    expect(headers.get("retry-after")).toBe("3600");
    expect(json).toMatchObject({
      request: "/api/query/funnels/list?project_id=3000001",
      error: expect.stringContaining(
        "Query rate limit exceeded for project_id: 3000001. This request exceeded the rate limit (61/60 queries running in the last hour).",
      ),
    });
    pass(1_799_999);
    expect(await ask(client, 1)).toEqual([429]);
    pass(1);
    expect(await ask(client, 31)).toEqual([...ok(30), 429]);
  });

  test("refused parameters count, missing credentials and the plan do not", async () => {
    const { sample, client } = await start();
    await ask(client, 3, "segmentation");
    expect(sample.quotaUsed().query).toBe(3);
    await client.query("nope");
    expect(sample.quotaUsed().query).toBe(3);
    await client.send("/api/query/funnels/list?project_id=3000001", { headers: { authorization: "" } });
    expect(sample.quotaUsed().query).toBe(3);
    const free = await start({ plan402: true });
    await ask(free.client, 5);
    expect(free.sample.quotaUsed().query).toBe(0);
  });

  test("app calls, aliases and later pages of a profile download are free", async () => {
    const { sample, client } = await start();
    await client.app("me");
    await client.app("projects/3000001/bookmarks");
    await client.form("engage/aliases", {});
    expect(sample.quotaUsed().query).toBe(0);
    const first = (await client.form("engage", {})).json as { session_id: string };
    expect(sample.quotaUsed().query).toBe(1);
    expect((await client.form("engage", { session_id: first.session_id, page: 1 })).status).toBe(200);
    expect(sample.quotaUsed().query).toBe(1);
    await client.form("engage/stats", { action: "count()" });
    expect(sample.quotaUsed().query).toBe(2);
  });

  test("five at once", async () => {
    const { client } = await start({ latencyMs: 150 });
    const all = await Promise.all(Array.from({ length: 7 }, () => client.query("funnels/list")));
    const refused = all.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.headers.get("retry-after")).toBe("10");
    expect(refused[0]?.headers.get("ratelimit")).toBe('"project";r=55, "project-concurrency";r=0;t=10');
    expect(refused[0]?.text).toContain("concurrency limit (6/5 queries running concurrently)");
    expect(await ask(client, 1)).toEqual([200]);
  });

  test("JQL has its own pool and counts in the project's too", async () => {
    const { sample, client } = await start({ quota: { perHour: 2 } });
    const script = 'function main() { return People({user_selectors: [{selector: "false"}]}); }';
    expect((await client.form("jql", { script })).status).toBe(200);
    expect(sample.quotaUsed().query).toBe(1);
    await ask(client, 1);
    const { status, headers } = await client.form("jql", { script });
    expect(status).toBe(429);
    expect(headers.get("ratelimit-policy")).toContain('"endpoint-jql";q=2;w=3600');
    expect(headers.get("ratelimit")).toContain('"project";r=0;t=3600');
  });

  test("raised limits are told in the headers", async () => {
    const { client } = await start({ quota: { perHour: 1, concurrent: 10 } });
    await ask(client, 1);
    const { headers } = await client.query("funnels/list");
    expect(headers.get("ratelimit-policy")).toBe(
      '"project";q=1;w=3600, "project-concurrency";q=10;qu="concurrent-requests"',
    );
  });
});

describe("export", () => {
  const day = { from_date: "2026-05-01", to_date: "2026-05-01", event: '["No Such Event"]', project_id: 3_000_001 };
  const path = `/api/2.0/export?${new URLSearchParams(Object.entries(day).map(([name, value]) => [name, String(value)]))}`;

  test("three a second, sixty an hour, apart from queries", async () => {
    const { sample, client, pass } = await start();
    const statuses = async (count: number) => {
      const seen: number[] = [];
      for (let n = 0; n < count; n += 1) seen.push((await client.send(path)).status);
      return seen;
    };
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    pass(1_000);
    for (let n = 0; n < 19; n += 1) {
      expect(await statuses(3)).toEqual([200, 200, 200]);
      pass(1_000);
    }
    const { status, headers, json } = await client.send(path);
    expect(status).toBe(429);
    expect(json).toEqual({ error: "too many export requests in progress for this project" });
    expect(Number(headers.get("retry-after"))).toBe(3_580);
    expect(sample.quotaUsed()).toEqual({ query: 0, export: 60 });
  });
});
