/** What a client, a broken client and a hostile one can put on the pipe, against the built executable. */
import { describe, expect, test } from "bun:test";
import { callTool, INITIALIZE, INITIALIZED, notification, request, Wire } from "./wire.ts";

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

async function ended(wire: Wire): Promise<void> {
  expect(await wire.end()).toBe(0);
  expect(wire.strayLines).toEqual([]);
}

describe("what is not a request", () => {
  const junk: [string, string | Uint8Array][] = [
    ["an empty line", "\n"],
    ["CRLF", "\r\n"],
    ["words", "hello\n"],
    ["half JSON", '{"jsonrpc":"2.0","id":1,\n'],
    ["an empty batch", "[]\n"],
    ["a batch", `[${request(1, "ping").trim()}]\n`],
    ["a number", "42\n"],
    ["null", "null\n"],
    ["a NUL byte", "\0\n"],
    ["NUL in JSON", '{"jsonrpc":"2.0",\0}\n'],
    ["invalid UTF-8", Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0x0a)],
    ["a lone surrogate", '{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}\n'],
    ["another version", '{"jsonrpc":"1.0","id":1,"method":"ping"}\n'],
    ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"ping"}\n'],
    ["an id that is a fraction", '{"jsonrpc":"2.0","id":1.5,"method":"ping"}\n'],
    ["an answer nobody asked for", '{"jsonrpc":"2.0","id":999,"result":{}}\n'],
    ["an error nobody caused", '{"jsonrpc":"2.0","id":999,"error":{"code":1,"message":"x"}}\n'],
    ["an unknown notification", notification("notifications/unknown", { a: 1 })],
    ["a cancellation of nothing", notification("notifications/cancelled", { requestId: "nothing" })],
    ["a cancellation without an id", notification("notifications/cancelled", {})],
    ["brackets, 10,000 deep", `${"[".repeat(10_000)}${"]".repeat(10_000)}\n`],
    [
      "params, 10,000 deep",
      `{"jsonrpc":"2.0","id":"deep","method":"ping","params":{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}}\n`,
    ],
    [
      "arguments, 10,000 deep",
      `{"jsonrpc":"2.0","id":"deeper","method":"tools/call","params":{"name":"jql","arguments":{"script":"x","params":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}}}\n`,
    ],
    ["a million brackets", `${"[".repeat(1_000_000)}\n`],
    [
      "__proto__",
      '{"jsonrpc":"2.0","id":"proto","method":"tools/call","params":{"name":"guide","arguments":{"__proto__":{"topic":1},"constructor":1}}}\n',
    ],
  ];

  test("is answered with an error or ignored, and the next request works", async () => {
    const wire = await new Wire().open();
    for (const [index, [, bytes]] of junk.entries()) {
      await wire.write(bytes);
      await wire.ping(`after ${index}`);
    }
    expect(wire.stderr).not.toContain("unexpected error");
    await ended(wire);
  });

  test("also before initialize", async () => {
    const wire = new Wire();
    for (const [, bytes] of junk) await wire.write(bytes);
    await wire.open();
    await ended(wire);
  });

  test("a byte order mark is no reason to be deaf", async () => {
    const wire = new Wire();
    await wire.write(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(INITIALIZE)]));
    expect((await wire.answer("init")).result).toBeDefined();
    await ended(wire);
  });
});

describe("a message", () => {
  test("may end in CRLF", async () => {
    const wire = await new Wire().open();
    await wire.write(request(1, "ping").replace("\n", "\r\n"));
    expect((await wire.answer(1)).result).toEqual({});
    await ended(wire);
  });

  test("may come byte by byte, several in one piece, cut inside a character", async () => {
    const wire = new Wire();
    const bytes = Buffer.from(
      INITIALIZE + INITIALIZED + callTool(1, "guide", { topic: "größe 漢字 🙂" }) + request(2, "ping"),
    );
    for (const byte of bytes) await wire.write(Uint8Array.of(byte));
    expect((await wire.answer(1)).result?.["isError"]).toBe(true);
    await wire.answer(2);
    await ended(wire);
  });

  test("longer than the limit is refused, and read to its end", async () => {
    const wire = await new Wire().open();
    const head = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"';
    const tail = '"}}\n';
    await wire.write(head + "x".repeat(MAX_MESSAGE_BYTES + 1 - head.length) + tail);
    expect((await wire.answer(null)).error?.code).toBe(-32600);
    await wire.ping(2);
    expect(wire.messages.some(({ id }) => id === 1)).toBe(false);
    await ended(wire);
  });

  test("just under the limit is read", async () => {
    const wire = await new Wire().open();
    const head = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"';
    await wire.write(`${head}${"x".repeat(MAX_MESSAGE_BYTES - head.length - 10)}"}}\n`);
    expect((await wire.answer(1)).result).toEqual({});
    await ended(wire);
  });
});

describe("requests", () => {
  test("an unknown method, tool, prompt, resource", async () => {
    const wire = await new Wire().open();
    await wire.write(
      request(1, "nothing/here") +
        callTool(2, "nothing") +
        request(3, "prompts/get", { name: "nothing" }) +
        request(4, "resources/read", { uri: "nothing://here" }) +
        request(5, "tools/call", { name: 5 }) +
        request(6, "tools/call"),
    );
    expect((await wire.answer(1)).error?.code).toBe(-32601);
    expect((await wire.answer(2)).error?.code).toBe(-32602);
    expect((await wire.answer(3)).error?.code).toBe(-32602);
    expect((await wire.answer(4)).error?.code).toBe(-32002);
    for (const id of [5, 6]) expect((await wire.answer(id)).error).toBeDefined();
    await ended(wire);
  });

  test("may carry their arguments as JSON text, and are told when they carry something else", async () => {
    const wire = await new Wire().open();
    await wire.write(callTool(1, "guide", '{"topic":"funnel_analysis"}') + callTool(2, "guide", null));
    for (const [id, args] of [[], "hello", 5, true].entries()) await wire.write(callTool(`bad ${id}`, "guide", args));
    expect((await wire.answer(1)).result?.["structuredContent"]).toMatchObject({ topic: "funnel_analysis" });
    expect((await wire.answer(2)).result?.["structuredContent"]).toHaveProperty("topics");
    for (const id of [0, 1, 2, 3]) expect((await wire.answer(`bad ${id}`)).result?.["isError"]).toBe(true);
    await ended(wire);
  });

  test("before initialize are answered or refused, not fatal", async () => {
    const wire = new Wire();
    await wire.write(request(1, "tools/list") + callTool(2, "guide"));
    await wire.answer(1);
    await wire.answer(2);
    await wire.open();
    await ended(wire);
  });

  test("with the same id get an answer each", async () => {
    const wire = await new Wire().open();
    await wire.write(request(7, "ping") + request(7, "tools/list") + request(7, "ping"));
    await wire.ping(8);
    await wire.find(() => wire.messages.filter(({ id }) => id === 7).length === 3);
    await ended(wire);
  });

  test("fifty at once, numeric and text ids mixed: each its own answer", async () => {
    const wire = await new Wire().open();
    const ids = Array.from({ length: 50 }, (_, index) => (index % 2 ? index : `${index}`));
    const shuffled = ids.toSorted((a, b) => Bun.hash.cityHash32(`${a}`) - Bun.hash.cityHash32(`${b}`));
    const topics = ["funnel_analysis", "retention_analysis", "growth_accounting", "nothing"];
    const topicOf = (id: string | number) => topics[Number(id) % topics.length] ?? "";
    await wire.write(shuffled.map((id) => callTool(id, "guide", { topic: topicOf(id) })).join(""));
    for (const id of ids) {
      const { result } = await wire.answer(id);
      if (topicOf(id) === "nothing") expect(result?.["isError"]).toBe(true);
      else expect(result?.["structuredContent"]).toMatchObject({ topic: topicOf(id) });
    }
    expect(wire.messages.filter(({ id }) => ids.includes(id ?? "")).length).toBe(50);
    await ended(wire);
  });

  test("the same protocol versions as the client's, or our own", async () => {
    for (const [asked, answered] of [
      ["2025-06-18", "2025-06-18"],
      ["2025-11-25", "2025-11-25"],
      ["1999-01-01", "2025-11-25"],
    ]) {
      const wire = new Wire();
      await wire.write(
        request(1, "initialize", { protocolVersion: asked, capabilities: {}, clientInfo: { name: "x", version: "0" } }),
      );
      expect((await wire.answer(1)).result?.["protocolVersion"]).toBe(answered);
      await ended(wire);
    }
  });
});

describe("the end", () => {
  test("what was asked before the input closed is answered in full, to a slow reader too", async () => {
    const wire = new Wire(["--demo", "--ephemeral"], { slow: 5 });
    await wire.open();
    const ids = Array.from({ length: 60 }, (_, index) => index);
    await wire.write(ids.map((id) => request(id, "tools/list")).join(""));
    await ended(wire);
    const answers = ids.map((id) => wire.messages.find((message) => message.id === id));
    expect(answers.every((answer) => Array.isArray(answer?.result?.["tools"]))).toBe(true);
    expect(JSON.stringify(answers).length).toBeGreaterThan(900_000);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s ends it cleanly", async (signal) => {
    const wire = await new Wire().open();
    wire.kill(signal);
    expect(await wire.exited).toBe(0);
    await ended(wire);
  });

  test("a reader that is gone ends it without a dump", async () => {
    // head closes its end after the first line; what is written then meets a broken pipe.
    const { BINARY, emptyHome } = await import("./wire.ts");
    const home = emptyHome();
    const pings = Array.from({ length: 200 }, (_, id) => request(id, "tools/list")).join("");
    const child = Bun.spawn(
      [
        "sh",
        "-c",
        `{ printf '%s' "$FIRST"; sleep 0.3; printf '%s' "$MORE"; sleep 20; } | { "$BINARY" --demo --ephemeral; echo "code $?" >&2; } | head -n 1 >/dev/null`,
      ],
      {
        cwd: home.cwd,
        env: { ...home.env, BINARY, FIRST: INITIALIZE + INITIALIZED, MORE: pings },
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    let errors = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      errors += decoder.decode(chunk, { stream: true });
      if (errors.includes("code ")) break;
    }
    expect(errors.trim()).toBe("code 0");
    child.kill();
    home.remove();
  });
});

describe("cancelling", () => {
  test("works for every id, 0 too: Mixpanel is let go, and nothing more is said of the call", async () => {
    let arrived = 0;
    let left = 0;
    const silent = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch(received) {
        arrived++;
        received.signal.addEventListener("abort", () => left++);
        return new Promise<Response>(() => {});
      },
    });
    const env = {
      MP_USERNAME: "wire",
      MP_SECRET: "not-a-real-secret",
      MP_PROJECT_ID: "1",
      MP_API_URL: `http://127.0.0.1:${silent.port}`,
    };
    const wire = await new Wire([], { env }).open();
    for (const id of [0, 1, "0", "", "x"]) {
      const before = arrived;
      await wire.write(callTool(id, "list_bookmarks", { refresh: true }));
      while (arrived === before) await Bun.sleep(2);
      await wire.write(notification("notifications/cancelled", { requestId: id, reason: "enough" }));
      while (left < arrived) await Bun.sleep(2);
      await wire.ping(`after ${id}`);
      expect(wire.messages.some((message) => message.id === id)).toBe(false);
    }
    await ended(wire);
    await silent.stop(true);
  });
});
