import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));
async function serve(body: unknown): Promise<Scripted> {
  const server = await scripted({ "events/properties/values": { body } }, { names: ["Order Placed"] });
  open.push(server);
  return server;
}
const ask = { event: "Order Placed", property: "plan" };

describe("list_property_values", () => {
  test("of the sample", async () => {
    const { structured } = await t.call("list_property_values", ask);
    expect([...(structured["values"] as string[])].sort()).toEqual(["basic", "free", "pro", "team"]);
    expect(structured).toMatchObject({ ...ask, truncated: false });
  });

  test("keep their types as sent, large integers their digits", async () => {
    const server = await serve('[12, "12", true, null, ["a", 1], {"k": 1}, 1.5, "", "<null>", 9007199254740993]');
    const { structured } = await server.call("list_property_values", ask);
    expect(structured["values"]).toEqual([
      12,
      "12",
      true,
      null,
      ["a", 1],
      { k: 1 },
      1.5,
      "",
      "<null>",
      "9007199254740993",
    ]);
  });

  test("of a property written as an accessor; other expressions are refused", async () => {
    const server = await serve(["a"]);
    await server.call("list_property_values", { event: "Order", property: 'properties["a \\"b\\""]' });
    expect(server.queries[0]?.params.get("name")).toBe('a "b"');
    const { error } = await server.call("list_property_values", { event: "Order", property: 'user["plan"]' });
    expect([error?.code, server.queries.length]).toEqual(["QUERY_INVALID", 1]);
  });

  test("say when there are more", async () => {
    const server = await serve(Array.from({ length: 255 }, (_, i) => `v${i}`));
    const { structured, text } = await server.call("list_property_values", ask);
    expect([(structured["values"] as string[]).length, structured["truncated"]]).toEqual([50, true]);
    expect(text).toStartWith("The first 50 values");
    expect(server.queries[0]?.params.get("name")).toBe("plan");
  });

  test("exactly as many as asked are not cut", async () => {
    const server = await serve(["a", "b"]);
    expect((await server.call("list_property_values", { ...ask, limit: 2 })).structured["truncated"]).toBe(false);
    expect((await server.call("list_property_values", { ...ask, limit: 1 })).structured["truncated"]).toBe(true);
  });

  test("none: says why that may be", async () => {
    const server = await serve([]);
    await server.call("list_events");
    expect((await server.call("list_property_values", { event: "order placed", property: "x" })).text).toContain(
      '"Order Placed"',
    );
  });
});
