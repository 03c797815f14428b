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
  const server = await scripted({ "cohorts/list": { body } });
  open.push(server);
  return server;
}

describe("list_cohorts", () => {
  test("of the sample, asked for with POST and an empty body", async () => {
    const { structured } = await t.call("list_cohorts");
    expect((structured["cohorts"] as object[]).length).toBeGreaterThan(2);
    expect(t.sample.log.find(({ path }) => path.endsWith("/cohorts/list"))?.method).toBe("POST");
  });

  test("0 and 1, null and missing, digits as text", async () => {
    const server = await serve([
      {
        id: 61001,
        name: "Power users",
        description: "10+ orders",
        count: 1520,
        created: "2025-11-03 09:12:44",
        project_id: 1,
        is_visible: 1,
        data_group_id: null,
      },
      { id: "61002", name: null, description: null, count: null, is_visible: 0 },
      { id: 61003, name: "C", description: "", count: 0, created: "2026-01-01T00:00:00Z", is_visible: true },
    ]);
    const { structured } = await server.call("list_cohorts");
    expect(structured["cohorts"]).toEqual([
      {
        id: 61001,
        name: "Power users",
        description: "10+ orders",
        count: 1520,
        created: "2025-11-03T09:12:44Z",
        is_visible: true,
      },
      { id: 61002, name: "", description: null, count: null, created: null, is_visible: false },
      { id: 61003, name: "C", description: "", count: 0, created: "2026-01-01T00:00:00Z", is_visible: true },
    ]);
  });

  test("searched in names and descriptions, paged", async () => {
    const server = await serve(
      Array.from({ length: 120 }, (_, i) => ({ id: i + 1, name: `c${i}`, description: i === 7 ? "Whales" : "" })),
    );
    expect((await server.call("list_cohorts", { search: "whale" })).structured).toMatchObject({
      total: 1,
      truncated: false,
    });
    expect((await server.call("list_cohorts")).structured).toMatchObject({ total: 120, truncated: true });
  });

  test("an id that is none is reported, not guessed", async () => {
    const server = await serve([{ id: "x", name: "A" }]);
    const { error } = await server.call("list_cohorts");
    expect([error?.code, error?.message]).toEqual(["UPSTREAM_ERROR", expect.stringContaining("0.id")]);
  });
});
