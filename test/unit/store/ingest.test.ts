import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { type Fixture, faultOf, line, openFixture } from "./writer-fixture.ts";

const TIME = 1772439611; // 2026-03-02 08:20:11
let store: Fixture;
beforeEach(() => {
  store = openFixture();
});
afterEach(() => store.close());

const event = (id: string | undefined, more: Record<string, unknown> = {}) =>
  line("Sign Up", { time: TIME, distinct_id: "u-1", ...(id === undefined ? {} : { $insert_id: id }), ...more });

describe("rows", () => {
  test("columns, and the properties exactly as sent", async () => {
    const properties = `{ "time": ${TIME}, "distinct_id":"u-17","$insert_id":"b3k","n":9007199254740993,"x":1e400,"a.b":[1, 2] }`;
    const result = await store.ingest(`{"event":"Sign Up","properties":${properties}}\n`);
    expect(result).toMatchObject({ rows: 1, duplicates: 0, rejected: 0, examples: [], notes: [] });
    expect(store.rows()).toEqual([
      { event_name: "Sign Up", event_time: "2026-03-02 08:20:11", distinct_id: "u-17", insert_id: "b3k", properties },
    ]);
  });

  test("any order of keys, spaces, extra and escaped keys, escaped names", async () => {
    const lines = [
      ` { "labels": [], "properties" : { "\\u0074ime" : ${TIME} , "distinct_id":"\\u00e9\\"" } , "event" : "Sm\\u00f8rrebr\\u00f8d \\ud83d\\udc5f" } `,
      `{"\\u0065vent":"B","properties":{"$distinct_id":"u","time":1}}`,
    ];
    await store.ingest(lines.join("\r\n"));
    expect(
      store.rows().map(({ event_name, distinct_id, event_time }) => [event_name, distinct_id, event_time]),
    ).toEqual([
      ["Smørrebrød 👟", 'é"', "2026-03-02 08:20:11"],
      ["B", "u", "1970-01-01 00:00:01"],
    ]);
    expect(store.db.query("SELECT properties->>'time' AS t FROM events").values()).toEqual([[TIME], [1]]);
  });

  test("ids of other types, missing ones, missing properties", async () => {
    const lines = [
      `{"event":"a","properties":{"distinct_id":12345678901234567890,"$insert_id":7}}`,
      `{"event":"b","properties":{"distinct_id":null,"$distinct_id":"other"}}`,
      `{"event":"c","properties":{"distinct_id":true}}`,
      `{"event":"d","properties":{"distinct_id":""}}`,
      `{"event":"e"}`,
      `{"event":7,"properties":null}`,
    ];
    const result = await store.ingest(lines.join("\n"));
    expect(
      store.rows().map((row) => [row["event_name"], row["distinct_id"], row["insert_id"], row["event_time"]]),
    ).toEqual([
      ["a", "12345678901234567890", "7", null],
      ["b", "other", null, null],
      ["c", "true", null, null],
      ["d", "", null, null],
      ["e", null, null, null],
      ["7", null, null, null],
    ]);
    expect(result.notes.join(" ")).toContain("6 events came without a usable time");
    expect(store.db.query("SELECT properties FROM events WHERE event_name IN ('e', '7')").values()).toEqual([
      ["{}"],
      ["{}"],
    ]);
  });

  test("of duplicate keys the first counts, as for SQLite", async () => {
    await store.ingest(
      `{"event":"a","event":"b","properties":{"time":1,"time":2,"distinct_id":"x","distinct_id":"y"}}`,
    );
    expect(store.rows()[0]).toMatchObject({ event_name: "a", event_time: "1970-01-01 00:00:01", distinct_id: "x" });
    expect(store.db.query("SELECT properties->>'time', properties->>'distinct_id' FROM events").values()).toEqual([
      [1, "x"],
    ]);
  });

  test("keys that are special to JavaScript, SQL or JSON paths", async () => {
    const properties = { __proto__: 1, constructor: 2, toString: 3, select: 4, "a.b": 5, 'q"': 6, "": 7, $: 8 };
    const body = `{"event":"a","properties":{"__proto__":1,${JSON.stringify(properties).slice(1)}}`;
    await store.ingest(body);
    expect(store.db.query(`SELECT properties->>'__proto__', properties->>'a.b' FROM events`).values()).toEqual([
      [1, 5],
    ]);
  });

  test("thousands of properties, a value of megabytes", async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key ${index}`, index]));
    const long = "é".repeat(2_000_000);
    const result = await store.ingest([line("many", many), line("long", { long })].join("\n"));
    expect(result).toMatchObject({ rows: 2, rejected: 0 });
    expect(store.db.query("SELECT properties->>'key 4999', length(properties->>'long') FROM events").values()).toEqual([
      [4999, null],
      [null, 2_000_000],
    ]);
  });
});

describe("lines", () => {
  test("blank lines, CRLF, a byte order mark, several objects in a line, no final newline", async () => {
    const body = `\ufeff\r\n${event("1")}\r\n\n   \n${event("2")}${event("3")} ${event("4")}\n\ufeff${event("5")}`;
    expect(await store.ingest(body)).toMatchObject({ rows: 5, rejected: 0 });
  });

  test("U+2028 does not split, a text with `terminated early` in it is data", async () => {
    const body = [event("1", { text: "a\u2028b\u0085c" }), event("2", { text: "export terminated early" })].join("\n");
    expect(await store.ingest(body)).toMatchObject({ rows: 2, rejected: 0 });
  });

  test("a bad line in the middle is rejected and shown, the rest is stored", async () => {
    const bad = [
      "{oops",
      '{"event":"x","properties":{"a":NaN}}',
      "[1,2]",
      '{"a":1}',
      '{"event":null}',
      '{"event":"x","properties":[1]}',
    ];
    const result = await store.ingest([event("1"), ...bad, event("2")].join("\n"));
    expect(result).toMatchObject({ rows: 2, rejected: 6 });
    expect(result.examples).toHaveLength(5);
    expect(result.examples[0]).toBe('line 2: not JSON: "{oops"');
    expect(result.examples[1]).toContain("NaN");
  });

  test("examples are short and show what cannot be seen", async () => {
    const result = await store.ingest(`{"\u001b[31m\u202e${"x".repeat(500)}\n${event("1")}`);
    expect(result.examples[0]).not.toContain("\u001b");
    expect(result.examples[0]?.length).toBeLessThan(200);
  });

  test("invalid UTF-8 is stored with U+FFFD and announced", async () => {
    const body = Buffer.from(`${event("1", { city: "M?nchen" })}\n${event("2")}\n`);
    body[body.indexOf("?")] = 0xfc;
    const result = await store.ingest(body);
    expect(result).toMatchObject({ rows: 2, rejected: 0 });
    expect(result.notes[0]).toContain("1 line held invalid UTF-8");
    expect(store.db.query("SELECT properties->>'city' FROM events").values()).toEqual([["M\ufffdnchen"], [null]]);
  });

  test("nesting up to what SQLite reads is stored, deeper is rejected", async () => {
    const nested = (depth: number) => `{"event":"x","properties":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
    const result = await store.ingest([nested(999), nested(1000), nested(100_000), event("1")].join("\n"));
    expect(result).toMatchObject({ rows: 2, rejected: 2 });
    expect(result.examples[0]).toContain("nested deeper");
    expect(store.db.query("SELECT min(json_valid(properties)) FROM events").values()).toEqual([[1]]);
  });

  test("every strictness of JSON", async () => {
    const bad = [
      "01",
      "1.",
      ".5",
      "+1",
      "1e",
      "0x1",
      "tru",
      "'a'",
      '"\\x"',
      '"\\u12g4"',
      '"a\tb"',
      "[1,]",
      '{"a":1,}',
      "1 2",
      "Infinity",
    ];
    const good = ["-0", "0.5e-7", "1E+2", '"\\u00e9\\/"', "[]", "{}", "[[],{}]", '"\\ud800"', "null"];
    const lines = [...bad, ...good].map((value) => `{"event":"x","properties":{"a":${value}}}`);
    const result = await store.ingest([...lines, event("1")].join("\n"));
    expect(result).toMatchObject({ rows: good.length + 1, rejected: bad.length });
    expect(store.db.query("SELECT sum(json_valid(properties)) FROM events").values()).toEqual([[good.length + 1]]);
  });
});

describe("duplicates", () => {
  test("same event, time, distinct_id and insert_id is one row; rows without insert_id are never merged", async () => {
    const body = [
      event("1"),
      event("1"),
      event("2"),
      event(undefined),
      event(undefined),
      event("1", { time: TIME + 1 }),
    ].join("\n");
    expect(await store.ingest(body)).toMatchObject({ rows: 5, duplicates: 1 });
  });

  test("spelled differently is the same; an empty insert_id is none", async () => {
    const body = [event("é"), event("é").replace("é", "\\u00e9"), event(""), event("")].join("\n");
    expect(await store.ingest(body)).toMatchObject({ rows: 3, duplicates: 1 });
  });

  test("the copy processed last stays, else the last one seen", async () => {
    const at = (id: string, processed: number | undefined, v: string) =>
      event(id, { v, mp_processing_time_ms: processed });
    const body = [
      at("1", 20, "new"),
      at("1", 10, "old"),
      at("2", 10, "old"),
      at("2", 20, "new"),
      at("3", undefined, "a"),
      at("3", undefined, "b"),
      at("4", 20, "marked"),
      at("4", undefined, "unmarked"),
      at("5", undefined, "unmarked"),
      at("5", 20, "marked"),
    ];
    expect(await store.ingest(body.join("\n"))).toMatchObject({ rows: 5, duplicates: 5 });
    expect(store.db.query("SELECT insert_id, properties->>'v' FROM events").values()).toEqual([
      ["1", "new"],
      ["2", "new"],
      ["3", "b"],
      ["4", "marked"],
      ["5", "marked"],
    ]);
  });

  test("across chunks, also in a process that has not seen the first", async () => {
    await store.ingest([event("1"), event("2")].join("\n"));
    store.session.tables.clear();
    const next = await store.ingest([event("2"), event("3")].join("\n"), {
      fromDate: "2026-03-02",
      toDate: "2026-03-02",
    });
    expect(next).toMatchObject({ rows: 1, duplicates: 1 });
    expect(store.db.query("SELECT row_count, version FROM _mp_table").values()).toEqual([[3, 2]]);
  });

  test("many rows of one hash chain keep their identities", async () => {
    const body = Array.from({ length: 5000 }, (_, index) =>
      line("e", { time: TIME, distinct_id: `u${index}`, $insert_id: "same" }),
    );
    expect(await store.ingest([...body, ...body].join("\n"))).toMatchObject({ rows: 5000, duplicates: 5000 });
  });
});

test("a row that SQL could not read is rejected, one just below is stored", async () => {
  const body = [
    event("small"),
    event("large", { v: "x".repeat(5_000_000) }),
    event("fits", { v: "x".repeat(4_800_000) }),
  ];
  const result = await store.ingest(body.join("\n"));
  expect(result).toMatchObject({ rows: 2, rejected: 1 });
  expect(result.examples[0]).toStartWith("line 2: larger than SQL can read (4.9 MB)");
});

describe("streams that are not whole leave nothing", () => {
  const whole = Array.from({ length: 2000 }, (_, index) =>
    event(String(index), { filler: "x".repeat(index % 50) }),
  ).join("\n");
  const packed = gzipSync(whole);
  const flipped = Buffer.from(packed);
  flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
  const broken: [string, string | Uint8Array, boolean][] = [
    ["cut in the middle", packed.subarray(0, 5000), true],
    ["cut in the trailer", packed.subarray(0, -3), true],
    ["wrong checksum", flipped, true],
    ["empty where gzip was promised", new Uint8Array(0), true],
    ["garbage behind", Buffer.concat([packed, Buffer.from("garbage")]), true],
    ["second member cut", Buffer.concat([packed, packed.subarray(0, -1)]), true],
    ["not gzip", Buffer.from(whole), true],
    ["half a line", whole.slice(0, -10), false],
    ["terminated early", `${whole}\nterminated early`, false],
    ["terminated early, glued", `${whole.slice(0, -10)}export terminated early\n`, false],
    ["terminated early in the middle", `${event("a")}\nterminated early\n${event("b")}`, false],
    ["HTML", "<!DOCTYPE html><html>502</html>\n", false],
    ["HTML after events", `${event("a")}\n<html>\n<body>oops</body>\n</html>`, false],
    ["an error object", `${event("a")}\n{"error":"Query timed out"}\n`, false],
    ["plain text", "to_date cannot be later than today", false],
  ];
  test.each(broken)("%s", async (_, body, raw) => {
    await store.ingest(event("kept"), { fromDate: "2026-01-01", toDate: "2026-01-01" });
    const fault = await faultOf(store.ingest(body, { raw }));
    expect(fault.code).toBe("UPSTREAM_TRUNCATED");
    expect(store.rows()).toHaveLength(1);
    expect(store.db.query("SELECT count(*) FROM _mp_chunk").values()).toEqual([[1]]);
    // The same chunk, whole, is stored afterwards.
    expect(await store.ingest(whole)).toMatchObject({ rows: 2000, duplicates: 0 });
  });

  test.each([
    ["no JSON", '{"event":"e","properties":{"time":1,"n":NaN}}'],
    ["a comma too many", '{"event":"e","properties":{"n":[1,]}}'],
    ["single quotes", "{'event':'e'}"],
    ["a comma behind", `${event("b")},`],
    ["bytes before it", `\u00a0${event("b")}`],
  ])("a last line that was sent to its end is only a bad line: %s", async (_, last) => {
    expect(await store.ingest(`${event("a")}\n${last}\n`)).toMatchObject({ rejected: 1 });
  });

  test.each(['{"event":"e","properties":{"n":NaN}', `${event("b")},{"ev`, '{"event":"e]}}'])(
    "a bad last line that breaks off is a cut: %s",
    async (last) => {
      expect((await faultOf(store.ingest(`${event("a")}\n${last}\n`))).code).toBe("UPSTREAM_TRUNCATED");
    },
  );

  test("what Mixpanel's error says is quoted", async () => {
    const fault = await faultOf(store.ingest('{"error":"Query timed out"}'));
    expect(fault.message).toContain('"Query timed out"');
  });

  test("several gzip members are one stream; an empty export is whole", async () => {
    const members = Buffer.concat([gzipSync(`${event("1")}\n`), gzipSync(`${event("2")}\n`)]);
    expect(await store.ingest(members, { raw: true })).toMatchObject({ rows: 2 });
    expect(await store.ingest("", { fromDate: "2026-03-05", toDate: "2026-03-05" })).toMatchObject({ rows: 0 });
  });

  test("without compression HTTP has to prove the end", async () => {
    expect(await store.ingest(event("1"), { encoding: "identity", framing: "length" })).toMatchObject({ rows: 1 });
    const unproven = store.ingest(event("2"), {
      encoding: "identity",
      framing: "close",
      fromDate: "2026-03-09",
      toDate: "2026-03-09",
    });
    expect((await faultOf(unproven)).code).toBe("UPSTREAM_TRUNCATED");
  });
});

describe("chunks", () => {
  test("replace takes the chunk's earlier rows away in the same transaction", async () => {
    await store.ingest([event("1"), event("2")].join("\n"));
    await store.ingest(event("other day"), { fromDate: "2026-03-02", toDate: "2026-03-02" });
    const result = await store.ingest([event("2"), event("3"), event("4")].join("\n"), { replace: true });
    expect(result).toMatchObject({ rows: 3, duplicates: 0 });
    expect(
      store
        .rows()
        .map((row) => row["insert_id"])
        .sort(),
    ).toEqual(["2", "3", "4", "other day"]);
    expect(store.db.query("SELECT row_count FROM _mp_table").values()).toEqual([[4]]);
    expect(store.db.query("SELECT count(*) FROM _mp_chunk").values()).toEqual([[2]]);
  });

  test("a replacement that fails leaves the earlier rows", async () => {
    await store.ingest([event("1"), event("2")].join("\n"));
    await faultOf(store.ingest("terminated early", { replace: true }));
    expect(store.rows()).toHaveLength(2);
    expect(
      await store.ingest([event("1"), event("9")].join("\n"), { fromDate: "2026-04-01", toDate: "2026-04-01" }),
    ).toMatchObject({
      rows: 1,
      duplicates: 1,
    });
  });

  test("the same request again, whose answer was lost, is answered from the ledger", async () => {
    const first = await store.ingest([event("1"), event("1"), "oops", event("2")].join("\n"));
    const again = await store.ingest([event("1"), event("1"), "oops", event("2")].join("\n"));
    expect(again).toMatchObject({
      rows: first.rows,
      duplicates: first.duplicates,
      rejected: first.rejected,
      bytes: first.bytes,
    });
    expect(store.rows()).toHaveLength(2);
  });

  test("cancelling leaves nothing", async () => {
    await store.ingest(event("0"), { fromDate: "2026-01-01", toDate: "2026-01-01" });
    const abort = new AbortController();
    abort.abort();
    const chunk = {
      table: "events",
      jobId: "j",
      fromDate: "2026-02-01",
      toDate: "2026-02-01",
      path: `${store.dir}/0.spool`,
    };
    const args = { ...chunk, encoding: "gzip", framing: "chunked", timezone: { kind: "utc" }, replace: false };
    expect((await faultOf(store.run("ingest_events", args, abort.signal))).code).toBe("CANCELLED");
    expect(store.rows()).toHaveLength(1);
  });

  test("times of old projects are wall clock: the zone's offset goes, daylight saving included", async () => {
    const at = (iso: string) => line("e", { time: Date.parse(iso) / 1000 });
    await store.ingest([at("2021-01-15T12:00:00Z"), at("2021-07-15T12:00:00Z")].join("\n"), {
      timezone: { kind: "local", zone: "US/Pacific" },
    });
    expect(store.rows().map((row) => row["event_time"])).toEqual(["2021-01-15 20:00:00", "2021-07-15 19:00:00"]);
  });

  test("a first load does not wait for the disk; a moment later everything is there", async () => {
    const durability = () =>
      Object.values(store.db.query<Record<string, number>, []>("PRAGMA synchronous").get() ?? {})[0];
    await store.ingest(`${event("1")}\n`);
    expect(durability()).toBe(0);
    await store.settle();
    expect(durability()).toBe(1);
    await store.run("finish", { table: "events" });
    await store.run("create", { name: "other", type: "events" });
    store.db.run("UPDATE _mp_table SET fetched_at = '2026-03-02T00:00:00Z' WHERE name = 'events'");
    await store.ingest(`${event("2")}\n`, { table: "other" });
    expect(durability()).toBe(1);
  });

  test("an unknown table", async () => {
    const fault = await faultOf(store.ingest(event("1"), { table: "evnets" }));
    expect(fault.code).toBe("TABLE_NOT_FOUND");
    expect(fault.suggestions.join(" ")).toContain("events");
  });
});
