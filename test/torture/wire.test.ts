/** The wire under load, on the built executable: chance calls, cancellations, disconnections, pings during a big fetch. */
import { expect, test } from "bun:test";
import { fuzz } from "../e2e/fuzz-run.ts";
import { serve } from "../e2e/serve-http.ts";
import { callTool, notification, Wire } from "../e2e/wire.ts";
import { initialize, call as post } from "../unit/server/http-fixture.ts";

const ACCOUNT = { MP_USERNAME: "torture", MP_SECRET: "not-a-real-secret", MP_PROJECT_ID: "1" };

/** A Mixpanel that takes every question and answers none. */
function silent(): { url: string; open(): number; arrived(): number; stop(): Promise<void> } {
  let arrived = 0;
  let left = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      arrived++;
      request.signal.addEventListener("abort", () => left++);
      return new Promise<Response>(() => {});
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    open: () => arrived - left,
    arrived: () => arrived,
    stop: () => server.stop(true),
  };
}

/** Waits up to a second for what must come within one. */
async function withinASecond(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 200 && !condition(); tries++) await Bun.sleep(5);
  return condition();
}

test("ten thousand chance calls", async () => {
  const { calls, problems, succeeded } = await fuzz({ calls: 10_000, seed: Number(process.env["SEED"] ?? 1) });
  expect(problems.slice(0, 20)).toEqual([]);
  expect(calls).toBe(10_000);
  expect(succeeded.size).toBeGreaterThan(35);
});

test("two hundred cancellations at any moment: Mixpanel is let go, nothing is said of the call any more", async () => {
  const mixpanel = silent();
  const wire = await new Wire(["--log-level", "error"], { env: { ...ACCOUNT, MP_API_URL: mixpanel.url } }).open();
  for (let id = 0; id < 200; id++) {
    await wire.write(callTool(id, "list_bookmarks", { refresh: true }));
    await Bun.sleep((id * 7) % 40);
    await wire.write(notification("notifications/cancelled", { requestId: id, reason: "changed my mind" }));
    expect(await withinASecond(() => mixpanel.open() === 0)).toBe(true);
  }
  expect(mixpanel.arrived()).toBeGreaterThan(50);
  await wire.ping("after");
  expect(wire.messages.filter(({ id }) => typeof id === "number")).toEqual([]);
  await wire.write(callTool("next", "guide"));
  expect((await wire.answer("next")).result?.["isError"]).not.toBe(true);
  expect(await wire.end()).toBe(0);
  expect(wire.strayLines).toEqual([]);
  await mixpanel.stop();
});

test("a hundred clients that go away in the middle of a call", async () => {
  const mixpanel = silent();
  const { url, stop } = await serve([], { ...ACCOUNT, MP_API_URL: mixpanel.url });
  const headers = await initialize(url);
  for (let id = 0; id < 100; id++) {
    const leaving = new AbortController();
    const gone = fetch(url, {
      method: "POST",
      headers,
      body: post(id, "list_bookmarks", { refresh: true }),
      signal: leaving.signal,
    }).then((reply) => reply.text());
    gone.catch(() => {});
    await withinASecond(() => mixpanel.open() > 0);
    await Bun.sleep((id * 3) % 20);
    leaving.abort();
    expect(await withinASecond(() => mixpanel.open() === 0)).toBe(true);
  }
  expect(mixpanel.arrived()).toBeGreaterThanOrEqual(100);
  const reply = await fetch(url, { method: "POST", headers, body: post("next", "guide") });
  expect(await reply.text()).toContain("topics");
  await stop();
  await mixpanel.stop();
});

test("a thousand idle connections leave room for a client", async () => {
  const { url, stop } = await serve();
  const port = Number(new URL(url).port);
  const idle = await Promise.all(
    Array.from({ length: 1_000 }, () =>
      Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, error() {} } }),
    ),
  );
  const headers = await initialize(url);
  for (let id = 0; id < 200; id++) {
    const reply = await fetch(url, { method: "POST", headers, body: post(id, "guide") });
    expect(await reply.text()).toContain("topics");
  }
  for (const socket of idle) socket.end();
  await stop();
});

test("a thousand pings during a fetch of two million events: p99 under 100 ms", async () => {
  const worker = new Worker(new URL("big-export.ts", import.meta.url).href);
  const url = await new Promise<string>((resolve) => {
    worker.onmessage = ({ data }) => resolve(String(data));
    worker.postMessage({ eventsPerDay: 70_000 });
  });
  const wire = await new Wire(["--log-level", "error"], { env: { ...ACCOUNT, MP_API_URL: url } }).open();
  await wire.write(
    callTool("fetch", "fetch_events", { from_date: "2026-01-01", to_date: "2026-01-30", wait_seconds: 0 }),
  );
  const { result } = await wire.answer("fetch");
  expect(result?.["structuredContent"]).toMatchObject({ status: "running" });
  const times: number[] = [];
  for (let id = 0; id < 1_000; id++) {
    const start = performance.now();
    await wire.ping(id);
    times.push(performance.now() - start);
    await Bun.sleep(5);
  }
  await wire.write(callTool("status", "fetch_status", { wait_seconds: 45 }));
  const jobs = (await wire.answer("status")).result?.["structuredContent"] as {
    jobs: { rows: number; status: string }[];
  };
  times.sort((a, b) => a - b);
  const [p99 = Number.NaN, max = Number.NaN] = [times[989], times[999]];
  process.stderr.write(
    `pings: p50 ${times[500]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms; ${JSON.stringify(jobs.jobs[0])}\n`,
  );
  expect(p99).toBeLessThan(100);
  expect(max).toBeLessThan(500);
  wire.kill("SIGKILL");
  await wire.exited;
  worker.terminate();
});
