import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: Scripted[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));
async function serve(body: unknown, status = 200): Promise<Scripted> {
  const server = await scripted({ "app/projects/3000001/bookmarks": { body, status } });
  open.push(server);
  return server;
}

const report = {
  id: 51230001,
  name: "Weekly signups",
  type: "insights",
  project_id: 3000001,
  created: "2025-10-01T08:00:00",
  modified: "2026-02-11T15:20:09",
  creator_name: "Ana",
  creator_email: "ana@example.org",
  description: "",
  params: { sections: { huge: "x".repeat(50_000) } },
  can_view: true,
};
const shown = {
  id: 51230001,
  name: "Weekly signups",
  type: "insights",
  created: "2025-10-01T08:00:00Z",
  modified: "2026-02-11T15:20:09Z",
  creator: "Ana",
};

describe("list_bookmarks", () => {
  test("of the sample, every type, at no cost", async () => {
    const { structured } = await t.call("list_bookmarks");
    const types = new Set((structured["bookmarks"] as { type: string }[]).map(({ type }) => type));
    expect(types.has("insights") && types.has("funnels") && types.has("retention") && types.has("flows")).toBe(true);
    expect(t.sample.quotaUsed().query).toBe(0);
    const flows = (await t.call("list_bookmarks", { type: "flows" })).structured["bookmarks"] as { type: string }[];
    expect(flows.length).toBeGreaterThan(0);
    expect(flows.every(({ type }) => type === "flows")).toBe(true);
  });

  for (const [name, results] of [
    ["a list", [report]],
    ["a list nested once more", { results: [report] }],
  ] as const) {
    test(`${name}; definitions dropped, times with their zone`, async () => {
      const server = await serve({ status: "ok", results });
      const { structured, text } = await server.call("list_bookmarks");
      expect(structured).toEqual({ bookmarks: [shown], total: 1, truncated: false });
      expect(text.length).toBeLessThan(600);
    });
  }

  test("null and missing fields, older types", async () => {
    const server = await serve({
      results: [
        { id: 5, name: null, original_type: "segmentation3", creator_email: "b@example.org", description: "d" },
        { id: "6" },
      ],
    });
    expect((await server.call("list_bookmarks")).structured["bookmarks"]).toEqual([
      {
        id: 5,
        name: "",
        type: "segmentation3",
        description: "d",
        created: null,
        modified: null,
        creator: "b@example.org",
      },
      { id: 6, name: "", type: "", created: null, modified: null },
    ]);
  });

  test("a reply without its list is reported, not read as none", async () => {
    const server = await serve({ status: "ok" });
    expect((await server.call("list_bookmarks")).error?.code).toBe("UPSTREAM_ERROR");
  });

  test("no role", async () => {
    const server = await serve({ status: "error", error: "Permission denied" }, 403);
    expect((await server.call("list_bookmarks")).error?.code).toBe("PERMISSION_DENIED");
  });
});
