import { afterEach, describe, expect, test } from "bun:test";
import { streamEvents, streamProfiles } from "../../../src/workspace/stream.ts";
import { openFetchWorkspace } from "../../fetch-workspace.ts";
import { type Fault, startRawExport } from "../../raw-export.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const signal = new AbortController().signal;
const DAY = { fromDate: "2026-01-01", toDate: "2026-01-01" };

async function events(fault: (nth: number) => Fault, eventsPerDay = 5_000) {
  const raw = await startRawExport({ eventsPerDay, fault: (_, nth) => fault(nth) });
  const fetching = await openFetchWorkspace({ url: raw.url });
  open.push(raw, fetching);
  return { raw, api: fetching.workspace.api() };
}

async function engage(text: (form: URLSearchParams) => string) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) =>
      new Response(text(new URLSearchParams(await request.text())), {
        headers: { "Content-Type": "application/json" },
      }),
  });
  const fetching = await openFetchWorkspace({ url: server.url.origin });
  open.push({ close: () => server.stop(true) }, fetching);
  return fetching.workspace.api();
}

describe("streamEvents", () => {
  test("stops the download once it has enough, also in the middle of an answer that never ends", async () => {
    const { raw, api } = await events(() => ({ kind: "stall", at: 0.6 }), 20_000);
    const { items, truncated } = await streamEvents(api, { ...DAY, limit: 10 }, signal);
    expect(items).toHaveLength(10);
    expect(truncated).toBe(true);
    for (let i = 0; i < 50 && raw.open() > 0; i++) await Bun.sleep(20);
    expect(raw.open()).toBe(0);
    expect(raw.asked).toHaveLength(1);
  });

  test("an answer that breaks off is asked for again, three times at most", async () => {
    const once = await events((nth) => (nth === 0 ? { kind: "noTrailer" } : { kind: "none" }), 50);
    const { items, truncated } = await streamEvents(once.api, { ...DAY, limit: 1_000 }, signal);
    expect(items).toHaveLength(50);
    expect(truncated).toBe(false);
    for (const fault of [
      { kind: "terminatedEarly" },
      { kind: "gluedTermination" },
      { kind: "html" },
      { kind: "halfLine" },
      { kind: "errorLine" },
      { kind: "closeDelimited", at: 1 },
    ] as Fault[]) {
      const broken = await events(() => fault, 50);
      await expect(streamEvents(broken.api, { ...DAY, limit: 1_000 }, signal)).rejects.toMatchObject({
        code: "UPSTREAM_TRUNCATED",
      });
      expect(broken.raw.asked).toHaveLength(3);
    }
  });

  test("an error in the place of the events is the answer to the query", async () => {
    let asked = 0;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        asked += 1;
        return new Response('{"error": "no such thing"}\n', { headers: { "content-length": "27" } });
      },
    });
    const fetching = await openFetchWorkspace({ url: server.url.origin });
    open.push({ close: () => server.stop(true) }, fetching);
    const answer = streamEvents(fetching.workspace.api(), { ...DAY, limit: 10 }, signal);
    await expect(answer).rejects.toMatchObject({ code: "QUERY_INVALID", message: expect.stringContaining("no such") });
    expect(asked).toBe(1);
  });

  test("a cancel ends it", async () => {
    const { raw, api } = await events(() => ({ kind: "stall", at: 0.1 }), 50);
    const controller = new AbortController();
    const work = streamEvents(api, { ...DAY, limit: 1_000 }, controller.signal);
    setTimeout(() => controller.abort(), 200);
    await expect(work).rejects.toMatchObject({ code: "CANCELLED" });
    for (let i = 0; i < 50 && raw.open() > 0; i++) await Bun.sleep(20);
    expect(raw.open()).toBe(0);
  });
});

describe("streamProfiles", () => {
  test("integers beyond 2^53 and odd keys come whole, long values clipped and announced", async () => {
    const long = "x".repeat(5_000);
    const api = await engage(
      () =>
        `{"results":[{"$distinct_id":9007199254740993,"$properties":{"__proto__":1,"big":12345678901234567890,"long":"${long}","$last_seen":"2026-03-09T22:41:03"}}],"total":1,"page_size":1000,"session_id":"s"}`,
    );
    const { items, total, truncated, notes } = await streamProfiles(api, {}, 50, signal);
    expect(items[0]?.distinct_id).toBe("9007199254740993");
    expect(items[0]?.last_seen).toBe("2026-03-09T22:41:03Z");
    expect(JSON.stringify(items[0]?.properties)).toStartWith('{"__proto__":1,"big":"12345678901234567890","long":"xxx');
    expect(notes[0]).toContain("1 long values are clipped");
    expect([total, truncated]).toEqual([1, false]);
  });

  test("an error inside a 200 is QUERY_INVALID, half a page UPSTREAM_TRUNCATED", async () => {
    const refused = await engage(() => '{"status":"error","error":"bad selector"}');
    await expect(streamProfiles(refused, {}, 5, signal)).rejects.toMatchObject({ code: "QUERY_INVALID" });
    const half = await engage(() => '{"results":[{"$dist');
    await expect(streamProfiles(half, {}, 5, signal)).rejects.toMatchObject({ code: "UPSTREAM_TRUNCATED" });
  });
});
