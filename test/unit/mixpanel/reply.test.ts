/** Replies of 200 that are not what they should be, over real HTTP, and those that look odd but are fine. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { path } from "../../../src/mixpanel/api.ts";
import { eventNames, propertyNames } from "../../../src/mixpanel/events.ts";
import { mapOf } from "../../../src/mixpanel/reply.ts";
import { faultOf, type Stub, stub } from "./stub.ts";

let server: Stub;
let body: string | Uint8Array;
let headers: Record<string, string> = {};
beforeAll(() => {
  server = stub(() => new Response(Buffer.from(body), { headers }));
});
beforeEach(() => {
  headers = {};
});
afterAll(() => server.close());

const names = (text: string | Uint8Array, more: Record<string, string> = {}) => {
  body = text;
  headers = more;
  return eventNames(server.api(), { limit: 5 });
};

describe("tolerated", () => {
  const fine: [string, string | Uint8Array, Record<string, string>?][] = [
    ["a byte order mark", '\ufeff["A"]'],
    ["white space around", '\n  ["A"]\r\n\n'],
    ["another content type", '["A"]', { "Content-Type": "text/html; charset=latin1" }],
    ["no content type", '["A"]'],
    ["gzip", gzipSync('["A"]'), { "Content-Encoding": "gzip" }],
  ];
  for (const [name, text, more] of fine) test(name, async () => expect(await names(text, more)).toEqual(["A"]));

  test("keys that are names of JavaScript's own", async () => {
    body =
      '{"__proto__": {"count": 1}, "constructor": {"count": 2}, "toString": {}, "error": {"count": 4}, "status": null, "hasOwnProperty": {"count": null}}';
    const found = await propertyNames(server.api(), { event: "A", limit: 500 });
    expect(found).toEqual([
      { name: "__proto__", count: 1 },
      { name: "constructor", count: 2 },
      { name: "toString", count: undefined },
      { name: "error", count: 4 },
      { name: "status", count: undefined },
      { name: "hasOwnProperty", count: undefined },
    ]);
    expect(({} as Record<string, unknown>)["count"]).toBeUndefined();
  });

  test("a null error is none", async () => {
    body = '{"error": null, "status": "ok", "a": 1}';
    const reply = z.object({ a: z.number() });
    expect(await server.api().call({ family: "query", path: path`/x`, reply })).toEqual({ a: 1 });
  });

  test("integers beyond 2^53 keep their digits where asked", async () => {
    body = "[9007199254740993, -9007199254740993, 9007199254740991, 1.5, 1e300, 12345678901234567890]";
    const reply = z.array(z.unknown());
    const api = server.api();
    expect(await api.call({ family: "query", path: path`/x`, reply, exactIntegers: true })).toEqual([
      "9007199254740993",
      "-9007199254740993",
      9007199254740991,
      1.5,
      1e300,
      "12345678901234567890",
    ]);
  });
});

describe("not readable", () => {
  const bad: [string, string | Uint8Array, RegExp, Record<string, string>?][] = [
    ["empty", "", /events\/names reply could not be read: it is empty/],
    ["white space only", " \n ", /it is empty/],
    ["a byte order mark only", "\ufeff", /it is empty/],
    ["HTML", "<!DOCTYPE html><html><body>Sign in</body></html>", /an HTML page/],
    ["HTML after text", "Sorry <html><body>x</body></html>", /an HTML page/],
    ["cut in the middle", '["A", "B', /ends in the middle/],
    ["cut after a value", '["A"', /ends in the middle/],
    ["not JSON", "A, B, C", /not valid JSON/],
    ["trailing garbage", '["A"] trailing', /(not valid JSON|ends in the middle)/],
    ["two documents", '["A"]["B"]', /not valid JSON/],
    ["an object instead of a list", '{"a": 1}', /its top level.*array/],
    ["null", "null", /(its top level|not valid JSON)/],
    ["a number in the list", '["A", 5]', /"1" is not what is documented.*string/],
    ["a null in the list", '["A", null]', /"1"/],
    ["invalid UTF-8", new Uint8Array([0xff, 0xfe, 0x5b, 0x22]), /not valid JSON/],
    ["broken gzip", new Uint8Array([0x1f, 0x8b, 8, 0, 0]), /./, { "Content-Encoding": "gzip" }],
  ];
  for (const [name, text, message, more] of bad) {
    test(name, async () => {
      const fault = await faultOf(names(text, more));
      expect(fault.code).toBe("UPSTREAM_ERROR");
      expect(fault.message).toMatch(message);
      expect(fault.message).not.toMatch(/<html/);
    });
  }

  test("nested deeper than any stack", async () => {
    const fault = await faultOf(names("[".repeat(200_000) + "]".repeat(200_000)));
    expect(fault.code).toBe("UPSTREAM_ERROR");
  });

  test("the field that does not fit is named, hostile keys cleaned", async () => {
    body = JSON.stringify({ ["x\u202e\n".repeat(100)]: { count: "many" } });
    const fault = await faultOf(propertyNames(server.api(), { event: "A", limit: 1 }));
    expect(fault.code).toBe("UPSTREAM_ERROR");
    expect(fault.message).toMatch(/"x x x .*…" is not what is documented/);
    expect(fault.message.length).toBeLessThan(400);
  });

  test("larger than fits", async () => {
    const megabyte = new Uint8Array(1024 * 1024).fill(32);
    let sent = 0;
    const large = stub(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              if (sent++ > 300) controller.close();
              else controller.enqueue(megabyte);
            },
          }),
        ),
    );
    const fault = await faultOf(eventNames(large.api(), { limit: 5 }));
    expect(fault.code).toBe("LIMIT_EXCEEDED");
    expect(sent).toBeLessThan(200);
    await large.close();
  });
});

describe("mapOf", () => {
  test("names the inner path", () => {
    const parsed = mapOf(mapOf(z.number())).safeParse(JSON.parse('{"a": {"b": "x"}}'));
    expect(parsed.error?.issues[0]?.path).toEqual(["a", "b"]);
  });
  for (const value of [null, [], "x", 3, undefined]) {
    test(`refuses ${JSON.stringify(value)}`, () => expect(mapOf(z.number()).safeParse(value).success).toBe(false));
  }
});
