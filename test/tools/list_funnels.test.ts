import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));

describe("list_funnels", () => {
  test("of the sample, with the number of steps and no query per funnel", async () => {
    const { structured } = await t.call("list_funnels");
    const funnels = structured["funnels"] as { funnel_id: number; name: string; steps?: number }[];
    expect(funnels.length).toBe(4);
    expect(funnels.every(({ funnel_id, name, steps }) => funnel_id > 0 && name !== "" && (steps ?? 0) >= 2)).toBe(true);
    expect(t.sample.quotaUsed().query).toBe(1);
  });

  test("paged and searched; without steps where the reports cannot be read", async () => {
    const server = await scripted({
      "funnels/list": { body: Array.from({ length: 130 }, (_, i) => ({ funnel_id: i + 1, name: `Funnel ${i + 1}` })) },
      "app/projects/3000001/bookmarks": { status: 500, body: "<html>" },
    });
    open.push(server);
    const { structured } = await server.call("list_funnels");
    expect([(structured["funnels"] as object[]).length, structured["total"], structured["truncated"]]).toEqual([
      100,
      130,
      true,
    ]);
    expect((structured["funnels"] as object[])[0]).toEqual({ funnel_id: 1, name: "Funnel 1" });
    expect(JSON.stringify(structured["notes"])).toContain("number of steps is not known");
    const found = (await server.call("list_funnels", { search: "funnel 13", offset: 1 })).structured;
    expect(found).toMatchObject({ funnels: [{ funnel_id: 130, name: "Funnel 130" }], total: 2, truncated: false });
  });

  test("a project without funnels is told so", async () => {
    const server = await scripted({ "funnels/list": { body: [] } });
    open.push(server);
    expect((await server.call("list_funnels")).text).toContain("no saved funnels");
  });

  test("a plan without the Query API says what still works", async () => {
    const server = await scripted({
      "funnels/list": { status: 402, body: { error: "Your plan does not allow API calls." } },
    });
    open.push(server);
    const { error } = await server.call("list_funnels");
    expect([error?.code, error?.suggestions.join()]).toEqual(["PLAN_LIMIT", expect.stringContaining("fetch_events")]);
  });
});
