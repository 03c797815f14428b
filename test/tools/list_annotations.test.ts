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
  const server = await scripted({ "app/projects/3000001/annotations": { body } });
  open.push(server);
  return server;
}

describe("list_annotations", () => {
  test("of the sample, at no cost; words as dates are resolved", async () => {
    const all = (await t.call("list_annotations")).structured["annotations"] as object[];
    expect(all.length).toBeGreaterThan(0);
    await t.call("list_annotations", { from_date: "7 days ago", to_date: "today" });
    const asked = t.sample.log.filter(({ path }) => path.endsWith("/annotations")).at(-1)?.params;
    expect(asked?.["fromDate"]).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(asked?.["toDate"]).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(t.sample.quotaUsed().query).toBe(0);
  });

  test("both formats of dates, oldest first; missing users and tags", async () => {
    const server = await serve({
      status: "ok",
      results: [
        {
          id: 2,
          project_id: 1,
          date: "2026-02-15T12:00:00-08:00",
          description: "Relaunch",
          user: null,
          tags: [{ id: 31, name: "marketing" }],
        },
        { id: 1, date: "2026-02-15 09:00:00", description: null, user: { id: 9 } },
      ],
    });
    expect((await server.call("list_annotations")).structured).toEqual({
      annotations: [
        { id: 1, date: "2026-02-15T09:00:00Z", description: "" },
        { id: 2, date: "2026-02-15T12:00:00-08:00", description: "Relaunch", tags: ["marketing"] },
      ],
    });
  });

  test("a wall-clock time gets the project's offset of that day", async () => {
    const dates = ["2026-02-15 09:00:00", "2026-03-08 01:30:00", "2026-03-08 03:30:00", "2026-07-01"];
    const results = dates.map((date, id) => ({ id, date, description: "" }));
    const server = await scripted(
      { "app/projects/3000001/annotations": { body: { results } } },
      { timezone: "US/Pacific" },
    );
    open.push(server);
    const { structured } = await server.call("list_annotations");
    expect((structured["annotations"] as { date: string }[]).map(({ date }) => date)).toEqual([
      "2026-02-15T09:00:00-08:00",
      "2026-03-08T01:30:00-08:00",
      "2026-03-08T03:30:00-07:00",
      "2026-07-01",
    ]);
  });

  test("the older envelope, and none", async () => {
    const server = await serve({ annotations: [] });
    expect((await server.call("list_annotations")).text).toContain("no annotations");
    expect((await server.call("list_annotations", { from_date: "2026-01-01" })).text).toContain(
      "No annotations in this range",
    );
  });

  test("wrong dates", async () => {
    const server = await serve({ results: [] });
    const reversed = await server.call("list_annotations", { from_date: "2026-02-02", to_date: "2026-02-01" });
    expect(reversed.error?.code).toBe("DATE_RANGE");
    expect((await server.call("list_annotations", { from_date: "someday" })).error?.code).toBe("INVALID_ARGUMENT");
  });
});
