import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";
import { type Scripted, scripted } from "./scripted.ts";

let t: Harness;
const open: (Harness | Scripted)[] = [];
beforeAll(async () => {
  t = await connect();
});
afterAll(() => Promise.all([t, ...open].map((one) => one.close())));

describe("workspace_info", () => {
  test("asks Mixpanel nothing", async () => {
    const { structured } = await t.call("workspace_info");
    expect(t.sample.log.length).toBe(0);
    expect(structured).toMatchObject({
      account: "environment",
      project_id: "3000001",
      region: "us",
      size_bytes: 0,
      tables: [],
      jobs: [],
      quota: { used: 0, limit: 60, resets_at: null, export: { used: 0, limit: 60, resets_at: null } },
      demo: false,
    });
    expect(structured["data_path"]).toStartWith(t.dataDir);
    expect(structured).not.toHaveProperty("connected");
  });

  test("checks the connection for free, and learns the time zone", async () => {
    const { structured } = await t.call("workspace_info", { check_connection: true });
    expect(structured).toMatchObject({ connected: true, timezone: "UTC" });
    expect(t.sample.quotaUsed().query).toBe(0);
    expect((await t.call("workspace_info")).structured["timezone"]).toBe("UTC");
  });

  test("shows the quota as it is used", async () => {
    await t.call("list_events");
    const { structured, text } = await t.call("workspace_info");
    expect(structured["quota"]).toMatchObject({ used: 1, limit: 60 });
    expect(text).toContain("1 of 60 queries of the hour used");
  });

  test("credentials without access to the project", async () => {
    const other = await connect({
      shared: t.sample,
      env: { MP_USERNAME: t.sample.outsider.username, MP_SECRET: t.sample.outsider.secret },
    });
    open.push(other);
    const { structured } = await other.call("workspace_info", { check_connection: true });
    expect(structured["connected"]).toBe(false);
    expect(structured["connection_problem"]).toContain("no access to project 3000001");
  });

  test("wrong credentials, HTML, another shape", async () => {
    for (const [reply, says] of [
      [{ status: 401, body: { error: "not authenticated" } }, /AUTH_FAILED.*MP_USERNAME/],
      [{ body: "<html>sign in</html>" }, /UPSTREAM_ERROR/],
      [{ body: { results: 5 } }, /UPSTREAM_ERROR/],
    ] as const) {
      const server = await scripted({ "app/me": reply });
      open.push(server);
      const { structured } = await server.call("workspace_info", { check_connection: true });
      expect([structured["connected"], structured["connection_problem"]]).toEqual([false, expect.stringMatching(says)]);
    }
  });

  test("without credentials: what is stored, and why nothing else", async () => {
    const anonymous = await connect({ shared: t.sample, anonymous: true });
    open.push(anonymous);
    const { structured } = await anonymous.call("workspace_info");
    expect(structured).toMatchObject({ account: null, project_id: null, connected: false, quota: null });
    expect(structured["connection_problem"]).toContain("CONFIG_MISSING");
    expect((await anonymous.call("workspace_info", { check_connection: true })).error?.code).toBe("CONFIG_MISSING");
    expect((await anonymous.call("list_events")).error?.code).toBe("CONFIG_MISSING");
  });
});
