import { afterEach, describe, expect, test } from "bun:test";
import { findTable, listTables } from "../../../src/store/tables.ts";
import { type FetchProfilesArgs, fetchProfiles } from "../../../src/workspace/fetch-profiles.ts";
import { type FetchWorkspace, openFetchWorkspace } from "../../fetch-workspace.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

type Page = Record<string, unknown> | Response;

/** An engage endpoint that answers as the test says; `asked` are the forms it got. */
async function setup(answer: (form: Record<string, string>, nth: number) => Page) {
  const asked: Record<string, string>[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      if (!new URL(request.url).pathname.endsWith("/engage")) return Response.json({ error: "no" }, { status: 404 });
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      asked.push(form);
      const page = answer(form, asked.length - 1);
      return page instanceof Response ? page : Response.json(page);
    },
  });
  open.push({ close: () => server.stop(true) });
  const fetching = await openFetchWorkspace({ url: server.url.origin });
  open.push(fetching);
  const run = (args: Partial<FetchProfilesArgs> = {}) =>
    fetchProfiles(
      fetching.workspace,
      { table: "profiles", mode: "create", workers: 3, wait_seconds: 30, ...args },
      { signal: new AbortController().signal, progress: () => undefined },
    );
  return { ...fetching, asked, run } satisfies FetchWorkspace & Record<string, unknown>;
}

const SIZE = 10;
const person = (n: number) => ({ $distinct_id: `u${n}`, $properties: { n, $last_seen: "2026-03-09T22:41:03" } });
const page = (number: number, count = SIZE, rest: Record<string, unknown> = {}) => ({
  page: number,
  page_size: SIZE,
  session_id: "s1",
  status: "ok",
  results: Array.from({ length: count }, (_, i) => person(number * SIZE + i)),
  ...rest,
});
const number = (form: Record<string, string>) => Number(form["page"] ?? 0);

describe("fetch_profiles pages", () => {
  test("page 0 opens the session, the others repeat it with the same filters", async () => {
    const t = await setup((form) => page(number(form), number(form) === 3 ? 4 : SIZE, { total: 34 }));
    const job = await t.run({ where: 'properties["n"] >= 0', output_properties: ["n"] });
    expect(job).toMatchObject({ status: "completed", rows: 34, pages: { done: 4, total: 4 } });
    expect(t.asked.map(number).toSorted()).toEqual([0, 1, 2, 3]);
    const rest = (form: Record<string, string>) => ({ ...form, page: "", session_id: "" });
    for (const form of t.asked.slice(1)) {
      expect(form["session_id"]).toBe("s1");
      expect(rest(form)).toEqual(rest(t.asked[0] ?? {}));
    }
    expect(t.value("SELECT last_seen FROM profiles WHERE distinct_id = 'u5'")).toStartWith("2026-03-09");
  });

  test("without a total it goes on until a page is short, empty, or only repeats", async () => {
    const short = await setup((form) => page(number(form), number(form) === 2 ? 3 : SIZE));
    expect(await short.run()).toMatchObject({ status: "completed", rows: 23, pages: { done: 3, total: 3 } });
    const empty = await setup((form) => page(number(form), number(form) === 2 ? 0 : SIZE));
    expect(await empty.run()).toMatchObject({ status: "completed", rows: 20 });
    const endless = await setup((form) => page(Math.min(number(form), 2)));
    expect(await endless.run()).toMatchObject({ status: "completed", rows: 30 });
    expect(endless.asked.length).toBe(4);
  });

  test("a total that promises less than there is does not end it: the last page should have been short", async () => {
    const t = await setup((form) => page(number(form), number(form) === 4 ? 3 : SIZE, { total: 25 }));
    expect(await t.run()).toMatchObject({ status: "completed", rows: 43, pages: { done: 5, total: 5 } });
    const endless = await setup((form) => page(Math.min(number(form), 3), SIZE, { total: 25 }));
    expect(await endless.run()).toMatchObject({ status: "completed", rows: 40 });
    const one = await setup((form) => page(number(form), number(form) === 1 ? 2 : SIZE, { total: 5 }));
    expect(await one.run()).toMatchObject({ status: "completed", rows: 12 });
  });

  test("what is no profile is counted as rejected and hides no other", async () => {
    const odd = [null, 5, [], { $distinct_id: {} }, { $distinct_id: "x", $properties: [1] }];
    const t = await setup(() => page(0, 0, { results: [...odd, person(1)], total: 6 }));
    const job = await t.run();
    expect(job).toMatchObject({ status: "completed", rows: 2, rejected: 4 });
    expect(job.warnings.join(" ")).toContain('not a profile: "null"');
  });

  test("a total that promises more than there is ends with the first page of nothing new", async () => {
    const t = await setup((form) => page(Math.min(number(form), 1), SIZE, { total: 100_000 }));
    expect(await t.run()).toMatchObject({ status: "completed", rows: 20 });
    expect(t.asked.length).toBeLessThan(12);
  });

  test("ids as numbers, group ids, ids beyond 2^53 and profiles without an id", async () => {
    const text =
      '{"results":[{"$distinct_id":17,"$properties":{"big":9007199254740993}},{"group_id":"acme","$properties":{}},{"$properties":{"x":1}},{"$distinct_id":9007199254740993,"$properties":{}}],"total":4,"page_size":1000,"session_id":"s","page":0}';
    const t = await setup(() => new Response(text, { headers: { "Content-Type": "application/json" } }));
    const job = await t.run();
    expect(job).toMatchObject({ status: "completed", rows: 3, rejected: 1 });
    expect(job.warnings.join(" ")).toContain("Rejected");
    expect(t.value("SELECT group_concat(distinct_id, ' ') FROM (SELECT distinct_id FROM profiles ORDER BY 1)")).toBe(
      "17 9007199254740993 acme",
    );
    expect(t.value("SELECT properties FROM profiles WHERE distinct_id = '17'")).toContain("9007199254740993");
  });

  test("a session that went stale is opened again, once", async () => {
    const stale = () => Response.json({ error: "request for page in uncached query for params" }, { status: 400 });
    const once = await setup((form, nth) =>
      number(form) === 1 && nth < 3 ? stale() : page(number(form), SIZE, { total: 20 }),
    );
    const job = await once.run();
    expect(job).toMatchObject({ status: "completed", rows: 20, pages: { done: 2, total: 2 } });
    expect(job.warnings.join(" ")).toContain("first page");
    const always = await setup((form) => (number(form) > 0 ? stale() : page(0, SIZE, { total: 20 })));
    expect(await always.run()).toMatchObject({ status: "partial", missing_ranges: [{ from_date: "page 1" }] });
    expect(always.asked.filter((form) => number(form) === 0)).toHaveLength(2);
  });

  test("a page that stays broken leaves the table partial and says which", async () => {
    const t = await setup((form) =>
      number(form) === 1 ? new Response('{"results":[{"$dist') : page(number(form), SIZE, { total: 30 }),
    );
    const job = await t.run();
    expect(job).toMatchObject({
      status: "partial",
      rows: 20,
      missing_ranges: [{ from_date: "page 1", to_date: "page 1" }],
    });
    expect(findTable(t.workspace.store, "profiles")?.status).toBe("partial");
  });

  test("an error inside a 200, HTML or a refusal leaves no table", async () => {
    for (const [reply, code] of [
      [{ status: "error", error: "bad selector" }, "QUERY_INVALID"],
      [new Response("<html>oops</html>"), "UPSTREAM_TRUNCATED"],
      [Response.json({ error: "no" }, { status: 401 }), "AUTH_FAILED"],
    ] as const) {
      const t = await setup(() => (reply instanceof Response ? reply.clone() : reply));
      await expect(t.run()).rejects.toMatchObject({ code });
      expect(listTables(t.workspace.store)).toEqual([]);
    }
  });

  test("no profiles is an empty table", async () => {
    const t = await setup(() => page(0, 0, { total: 0 }));
    expect(await t.run()).toMatchObject({ status: "completed", rows: 0, pages: { done: 1, total: 1 } });
    expect(findTable(t.workspace.store, "profiles")?.status).toBe("complete");
  });
});

describe("fetch_profiles filters", () => {
  test("cohort, groups, behaviors and their instant", async () => {
    const t = await setup(() => page(0, 1, { total: 1 }));
    await t.run({ table: "a", cohort_id: 61001 });
    expect(t.asked.at(-1)).toMatchObject({ filter_by_cohort: '{"id":61001}', include_all_users: "true" });
    await t.run({ table: "b", cohort_id: 61001, include_all_users: false, group_id: -5 });
    expect(t.asked.at(-1)).toMatchObject({ include_all_users: "false", data_group_id: "-5" });
    const behaviors = [{ window: "90d", name: "b1", event_selectors: [{ event: "Order Placed" }] }];
    await t.run({ table: "c", behaviors, where: '(behaviors["b1"] > 0)' });
    expect(t.asked.at(-1)?.["behaviors"]).toBe(JSON.stringify(behaviors));
    expect(Number(t.asked.at(-1)?.["as_of_timestamp"])).toBeLessThan(Date.now() / 1000);
    await t.run({ table: "d", distinct_id: "x" });
    expect(t.asked.at(-1)).toMatchObject({ distinct_id: "x" });
    expect(t.asked.at(-1)).not.toHaveProperty("include_all_users");
  });

  test("more than a thousand ids go in several queries", async () => {
    const ids = Array.from({ length: 2_100 }, (_, i) => `id${i}`);
    const t = await setup((form) => {
      const asked = JSON.parse(form["distinct_ids"] ?? "[]") as string[];
      const results = asked.map((id) => ({ $distinct_id: id, $properties: {} }));
      return { page: 0, page_size: 1000, session_id: "s", total: results.length, results };
    });
    expect(await t.run({ distinct_ids: [...ids, "id0"] })).toMatchObject({
      status: "completed",
      rows: 2_100,
      pages: { done: 3, total: 3 },
    });
    expect(t.asked).toHaveLength(3);
  });

  test("append must use the table's own filters", async () => {
    const t = await setup(() => page(0, 1, { total: 1 }));
    await t.run({ where: 'properties["n"] == 1' });
    await expect(t.run({ mode: "append", where: 'properties["n"] == 2' })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await t.run({ mode: "append" });
    expect(t.asked.at(-1)?.["where"]).toBe('properties["n"] == 1');
  });
});
