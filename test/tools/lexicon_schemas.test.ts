import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));
async function serve(results: unknown): Promise<Scripted> {
  const server = await scripted({ "app/projects/3000001/schemas": { body: { status: "ok", results } } });
  open.push(server);
  return server;
}

const meta = (more: object) => ({ metadata: { "com.mixpanel": more } });
const order = {
  entityType: "event",
  name: "Order Placed",
  schemaJson: {
    description: "Fired on payment success",
    properties: {
      amount: { type: "number", description: "Gross amount", ...meta({ displayName: "Amount", hidden: false }) },
      coupon: { type: ["string", "null"], description: "" },
      odd: 7,
    },
    ...meta({ $source: "api", displayName: "Order placed", tags: ["core"], hidden: true }),
  },
};

describe("lexicon_schemas", () => {
  test("of the sample, at no cost and asked for once", async () => {
    const all = (await t.call("lexicon_schemas")).structured;
    const events = (await t.call("lexicon_schemas", { entity_type: "event" })).structured;
    const profiles = (await t.call("lexicon_schemas", { entity_type: "profile" })).structured;
    expect(all["total"]).toBeGreaterThanOrEqual(Number(events["total"]) + Number(profiles["total"]));
    expect(t.sample.log.filter(({ path }) => path.endsWith("/schemas")).length).toBe(1);
    expect(t.sample.quotaUsed().query).toBe(0);
  });

  test("compact, whatever is missing or of another type", async () => {
    const server = await serve([
      order,
      { entityType: "profile", name: "$user" },
      { entityType: "custom_event", name: null, schemaJson: { properties: [] } },
    ]);
    expect((await server.call("lexicon_schemas")).structured).toEqual({
      schemas: [
        {
          entity_type: "event",
          name: "Order Placed",
          display_name: "Order placed",
          description: "Fired on payment success",
          properties: {
            amount: { type: "number", description: "Gross amount", display_name: "Amount" },
            coupon: { type: "string|null" },
            odd: { type: "" },
          },
          tags: ["core"],
          hidden: true,
        },
        { entity_type: "profile", name: "$user", properties: {} },
        { entity_type: "custom_event", name: "", properties: {} },
      ],
      total: 3,
      truncated: false,
    });
  });

  test("by name: exactly, then without regard to case or by display name; else the nearest", async () => {
    const server = await serve([order, { entityType: "event", name: "order placed" }]);
    const names = async (name: string) =>
      ((await server.call("lexicon_schemas", { name })).structured["schemas"] as { name: string }[]).map(
        (one) => one.name,
      );
    expect(await names("Order Placed")).toEqual(["Order Placed"]);
    expect(await names("ORDER PLACED")).toEqual(["Order Placed", "order placed"]);
    const { structured, text } = await server.call("lexicon_schemas", { name: "Order Place" });
    expect(structured["total"]).toBe(0);
    expect(text).toContain('Nearest described names: "order placed"');
  });

  test("hundreds of properties are cut to the budget, and counted", async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [
        `property number ${i}`,
        { type: "string", description: "what it is about, in some words" },
      ]),
    );
    const server = await serve([
      order,
      { entityType: "event", name: "Wide", schemaJson: { properties } },
      { entityType: "event", name: "Last" },
    ]);
    const { structured, text } = await server.call("lexicon_schemas");
    const schemas = structured["schemas"] as { name: string; properties: object; properties_omitted?: number }[];
    expect(schemas.map(({ name }) => name)).toEqual(["Order Placed", "Wide"]);
    expect(Object.keys(schemas[1]?.properties ?? {}).length + (schemas[1]?.properties_omitted ?? 0)).toBe(600);
    expect([structured["total"], structured["truncated"]]).toEqual([3, true]);
    expect(text.length).toBeLessThan(12_000);
  });

  test("an empty Lexicon is told so", async () => {
    const server = await serve([]);
    expect((await server.call("lexicon_schemas")).text).toContain("Lexicon is empty");
  });
});
