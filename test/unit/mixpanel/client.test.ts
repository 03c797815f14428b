/** What is sent, what is repeated, what is given up, over real HTTP. */
import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { z } from "zod";
import { Fault } from "../../../src/fault.ts";
import { type Call, jsonParam, path } from "../../../src/mixpanel/api.ts";
import { createApi } from "../../../src/mixpanel/client.ts";
import { Secret } from "../../../src/secret.ts";
import { faultOf, json, PROJECT, SECRET, type Stub, stub, USERNAME } from "./stub.ts";

let open: Stub | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});
const serve = (answer: Parameters<typeof stub>[0]) => {
  open = stub(answer);
  return open;
};
const query = (more: Partial<Call<unknown>> = {}): Call<unknown> => ({
  family: "query",
  path: path`/segmentation`,
  reply: z.unknown(),
  ...more,
});

describe("a request", () => {
  test("of the query family: project, data view, encoding, credentials in the header only", async () => {
    const server = serve(() => json([]));
    const event = `A "b" & c=d +%20 é 🚀 \u2028 ${"x".repeat(255)}`;
    await server
      .api({}, { workspaceId: 7 })
      .call(query({ query: { event, events: jsonParam([event]), limit: 5, all: true, gone: undefined } }));
    const [sent] = server.seen;
    expect(sent?.path).toBe("/api/query/segmentation");
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({
      project_id: PROJECT,
      workspace_id: "7",
      event,
      events: JSON.stringify([event]),
      limit: "5",
      all: "true",
    });
    expect(sent?.headers.get("authorization")).toBe(`Basic ${Buffer.from(`${USERNAME}:${SECRET}`).toString("base64")}`);
    expect(sent?.headers.get("accept")).toBe("application/json");
    expect(sent?.method).toBe("GET");
  });

  test("of the app family: no project and no data view in the query", async () => {
    const server = serve(() => json({ results: [] }));
    await server
      .api({}, { workspaceId: 7 })
      .call(query({ family: "app", path: path`/projects/${PROJECT}/bookmarks`, query: { v: 2 } }));
    expect(server.seen[0]?.path).toBe(`/api/app/projects/${PROJECT}/bookmarks`);
    expect([...(server.seen[0]?.query ?? [])]).toEqual([["v", "2"]]);
  });

  test("with a form, with JSON, with neither but POST", async () => {
    const server = serve(() => json([]));
    const api = server.api();
    await api.call(query({ path: path`/jql`, form: { script: "a=1&b;\n", params: jsonParam({ x: "ü" }) } }));
    await api.call(query({ path: path`/insights`, json: { a: [1] } }));
    await api.call(query({ path: path`/cohorts/list`, method: "POST" }));
    const [form, body, empty] = server.seen;
    expect(form?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(Object.fromEntries(new URLSearchParams(form?.body))).toEqual({ script: "a=1&b;\n", params: '{"x":"ü"}' });
    expect(form?.query.get("project_id")).toBe(PROJECT);
    expect(body?.headers.get("content-type")).toBe("application/json");
    expect(body?.body).toBe('{"a":[1]}');
    expect([empty?.method, empty?.body]).toEqual(["POST", ""]);
  });

  test("goes to the right host of each region", () => {
    const origin = (region: "us" | "eu" | "in") =>
      createApi({ username: USERNAME, secret: new Secret(SECRET), projectId: PROJECT, region }).origin;
    expect([origin("us"), origin("eu"), origin("in")]).toEqual([
      "https://mixpanel.com",
      "https://eu.mixpanel.com",
      "https://in.mixpanel.com",
    ]);
  });
});

describe("credentials that cannot be any", () => {
  const bad: [string, string, string][] = [
    ["a line break in the secret", USERNAME, "abc\r\nX-Evil: 1"],
    ["a secret beyond Latin-1", USERNAME, "sécret🚀long"],
    ["a secret of 10 kB", USERNAME, "k".repeat(10_000)],
    ["an empty secret", USERNAME, ""],
    ["a colon in the user name", "user:name-with-colon", SECRET],
    ["a line break in the user name", "user\nname", SECRET],
  ];
  for (const [name, username, secret] of bad) {
    test(name, () => {
      let fault: unknown;
      try {
        createApi({ username, secret: new Secret(secret), projectId: PROJECT, region: "us" });
      } catch (error) {
        fault = error;
      }
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code: "CONFIG_INVALID" });
      const text = fault instanceof Fault ? fault.message + fault.suggestions.join() : "";
      for (const part of [username, secret]) if (part !== "" && part !== USERNAME) expect(text).not.toContain(part);
    });
  }
  test("a colon in the secret is fine", () => {
    expect(() =>
      createApi({ username: USERNAME, secret: new Secret("a:b:c"), projectId: PROJECT, region: "us" }),
    ).not.toThrow();
  });
});

describe("tries", () => {
  test("a 429 that asks for a second is slept, and its place in the hour given back", async () => {
    const server = serve((_, count) =>
      count === 1 ? json({ error: "slow down" }, 429, { "Retry-After": "1" }) : json([1]),
    );
    const api = server.api();
    expect(await api.call(query())).toEqual([1]);
    expect(server.seen.length).toBe(2);
    expect(api.quota().query.used).toBe(1);
  });

  test("a 503 is repeated, and both tries count", async () => {
    const server = serve((_, count) => (count === 1 ? new Response("<html>away</html>", { status: 503 }) : json([1])));
    const api = server.api();
    expect(await api.call(query())).toEqual([1]);
    expect(api.quota().query.used).toBe(2);
  });

  test("a reply that breaks off is asked for once more", async () => {
    let count = 0;
    const raw = createServer((socket: Socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        count++;
        const body = count === 1 ? '{"a":' : '{"a":1}';
        socket.end(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\r\n${body}`,
        );
      });
    });
    const port = await new Promise<number>((resolve) =>
      raw.listen(0, "127.0.0.1", () => resolve((raw.address() as { port: number }).port)),
    );
    const server = serve(() => json([]));
    expect(await server.api({ apiUrl: `http://127.0.0.1:${port}` }).call(query())).toEqual({ a: 1 });
    expect(count).toBe(2);
    raw.close();
  });

  test("no answer in time is NETWORK_ERROR, and it counts", async () => {
    const server = serve(() => new Promise<Response>(() => {}));
    const start = Date.now();
    // The clock says that the call's time is over once the request arrived, so that it is not repeated.
    const api = server.api({ now: () => start + (server.seen.length > 0 ? 45_500 : 0) });
    const fault = await faultOf(api.call(query({ timeoutMs: 60 })));
    expect([fault.code, fault.message]).toEqual(["NETWORK_ERROR", expect.stringContaining("no answer in time")]);
    expect(api.quota().query.used).toBe(1);
  });

  test("a refused connection names the host and gives the quota back", async () => {
    const server = serve(() => json([]));
    const api = server.api({ apiUrl: "http://127.0.0.1:1" });
    const fault = await faultOf(api.call(query({ query: { event: "private name" } })));
    expect(fault.code).toBe("NETWORK_ERROR");
    expect(fault.message).toContain("http://127.0.0.1:1 refused the connection");
    expect(fault.message).not.toContain("private");
    expect(api.quota().query.used).toBe(0);
  });

  test("an unknown host and a host without TLS are named", async () => {
    const server = serve(() => json([]));
    const dns = await faultOf(server.api({ apiUrl: "http://no-such-host.invalid" }).call(query()));
    expect([dns.code, dns.message]).toEqual(["NETWORK_ERROR", expect.stringContaining("no-such-host.invalid")]);
    const tls = await faultOf(server.api({ apiUrl: server.url.replace("http:", "https:") }).call(query()));
    expect([tls.code, tls.message]).toEqual(["NETWORK_ERROR", expect.stringContaining("TLS")]);
    expect(server.seen.length).toBe(0);
  });
});

describe("cancelling", () => {
  test("closes the connection at once", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const raw = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("close", closed);
    });
    const port = await new Promise<number>((resolve) =>
      raw.listen(0, "127.0.0.1", () => resolve((raw.address() as { port: number }).port)),
    );
    const server = serve(() => json([]));
    const controller = new AbortController();
    const pending = faultOf(server.api({ apiUrl: `http://127.0.0.1:${port}` }).call(query(), controller.signal));
    await Bun.sleep(30);
    controller.abort();
    expect((await pending).code).toBe("CANCELLED");
    await gone;
    raw.close();
  });

  test("before anything is sent sends nothing and costs nothing", async () => {
    const server = serve(() => json([]));
    const api = server.api();
    expect((await faultOf(api.call(query(), AbortSignal.abort()))).code).toBe("CANCELLED");
    expect(server.seen.length).toBe(0);
    expect(api.quota().query.used).toBe(0);
  });

  test("ends a wait between tries", async () => {
    const server = serve(() => json({}, 429, { "Retry-After": "15" }));
    const controller = new AbortController();
    const pending = faultOf(server.api().call(query(), controller.signal));
    await Bun.sleep(50);
    controller.abort();
    expect((await pending).code).toBe("CANCELLED");
  });

  test("carries the fault of a deadline", async () => {
    const server = serve(() => new Promise<Response>(() => {}));
    const controller = new AbortController();
    const pending = faultOf(server.api().call(query(), controller.signal));
    controller.abort(new Fault("NETWORK_ERROR", "time is up"));
    expect((await pending).message).toBe("time is up");
  });
});

describe("at most five at once", () => {
  test("the rest wait in line", async () => {
    let running = 0;
    let most = 0;
    const server = serve(async () => {
      running++;
      most = Math.max(most, running);
      await Bun.sleep(20);
      running--;
      return json([]);
    });
    const api = server.api();
    await Promise.all(Array.from({ length: 23 }, () => api.call(query())));
    expect([most, server.seen.length]).toEqual([5, 23]);
  });

  test("free calls take a place at once but none of the hour", async () => {
    const server = serve(() => json([]));
    const api = server.api();
    await api.call(query({ path: path`/engage`, form: { session_id: "s", page: 1 }, counted: false }));
    await api.call(query({ family: "app", path: path`/me` }));
    expect(api.quota().query.used).toBe(0);
  });

  test("the limit is learnt from a header", async () => {
    const policy = '"project";q=400;w=3600, "project-concurrency";q=2;qu="concurrent-requests"';
    let running = 0;
    let most = 0;
    const server = serve(async () => {
      running++;
      most = Math.max(most, running);
      await Bun.sleep(10);
      running--;
      return json([], 200, { "RateLimit-Policy": policy });
    });
    const api = server.api();
    await api.call(query());
    expect(api.quota().query.limit).toBe(400);
    most = 0;
    await Promise.all(Array.from({ length: 8 }, () => api.call(query())));
    expect(most).toBe(2);
  });

  test("calls that are cancelled anywhere on their way leave no place taken", async () => {
    const server = serve(() => Bun.sleep(5).then(() => json([])));
    const api = server.api({ dataDir: server.dataDir });
    await api.call(query({ counted: false }));
    const calls = Array.from({ length: 120 }, (_, index) => {
      const controller = new AbortController();
      if (index % 3 > 0) setTimeout(() => controller.abort(), index % 40);
      return api.call(query({ counted: false }), controller.signal).catch((fault) => {
        if (!(fault instanceof Fault) || fault.code !== "CANCELLED") throw fault;
        return "cancelled";
      });
    });
    const ends = await Promise.all(calls);
    expect(ends.filter((_, index) => index % 3 === 0)).toEqual(Array(40).fill([]));
    const left = new Database(`${server.dataDir}/quota.sqlite`).query("SELECT count(*) AS n FROM in_flight").get();
    expect(left).toEqual({ n: 0 });
  });
});
