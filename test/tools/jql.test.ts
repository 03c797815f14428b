import { afterAll, describe, expect, test } from "bun:test";
import { type Answer, type Scripted, scripted } from "./scripted.ts";

const open: Scripted[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

async function serve(answer: Answer): Promise<Scripted> {
  const server = await scripted({ jql: answer });
  open.push(server);
  return server;
}

const script =
  "function main() { return Events({from_date: params.from, to_date: params.from}).reduce(mixpanel.reducer.count()); }";

describe("jql", () => {
  test("a form whose params are JSON once; the rows as they come; what to use instead", async () => {
    const server = await serve({
      body: [
        { key: ["pro", 1772323200000], value: [12, 540.5] },
        { key: [null], value: 1 },
      ],
    });
    const { structured, text } = await server.call("jql", { script, params: { from: "2026-03-01", text: 'a&b="c"' } });
    expect(structured).toMatchObject({
      result: [
        { key: ["pro", 1772323200000], value: [12, 540.5] },
        { key: [null], value: 1 },
      ],
      row_count: 2,
      truncated: false,
    });
    expect(text).toContain("maintenance mode");
    const form = new URLSearchParams(server.queries[0]?.body);
    expect(form.get("script")).toBe(script);
    expect(JSON.parse(form.get("params") ?? "")).toEqual({ from: "2026-03-01", text: 'a&b="c"' });
  });
  test("a single number", async () => {
    const server = await serve({ body: [20417] });
    expect((await server.call("jql", { script })).structured).toMatchObject({ result: [20417], row_count: 1 });
    expect(new URLSearchParams(server.queries[0]?.body).has("params")).toBe(false);
  });
  test("many rows are cut and counted", async () => {
    const server = await serve({
      body: Array.from({ length: 5000 }, (_, index) => ({ key: [`user-${index}`], value: index })),
    });
    const { structured, text } = await server.call("jql", { script });
    expect(structured).toMatchObject({ truncated: true, row_count: 5000 });
    expect(text.split("\n")[0]).toContain("of 5000 rows shown");
  });
  test("a failed script: type, message, line and source", async () => {
    const error =
      "UserVisiblePreconditionFailedError: Uncaught exception TypeError: Events(...).limit is not a function\n  .limit(10);\n   ^\n\nStack trace:\nTypeError: Events(...).limit is not a function\n    at main (<anonymous>:7:4)\n";
    const server = await serve({ status: 412, body: { request: "/api/query/jql?project_id=3000001", error } });
    const reply = await server.call("jql", { script });
    expect(reply.error?.code).toBe("QUERY_INVALID");
    expect(reply.error?.message).toContain("TypeError");
    expect(reply.error?.message).toContain("line 7");
    expect(reply.error?.message).toContain(".limit(10)");
    expect(reply.error?.suggestions.join(" ")).toContain(".limit()");
    expect(server.queries).toHaveLength(1);
  });
  test("nothing", async () => {
    const server = await serve({ body: [] });
    expect((await server.call("jql", { script })).structured).toMatchObject({ result: [], row_count: 0 });
  });
});
