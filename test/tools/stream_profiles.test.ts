import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ sample: { quota: "unlimited", pageSize: 100 } });
});
afterAll(() => t.close());

describe("stream_profiles", () => {
  test("shows a few profiles, how many there are, and stores nothing", async () => {
    const { structured } = await t.call("stream_profiles", { limit: 3 });
    const profiles = structured["profiles"] as { distinct_id: string; last_seen: string; properties: object }[];
    expect(profiles).toHaveLength(3);
    expect(profiles[0]?.distinct_id).toBeString();
    expect(structured["total"]).toBeGreaterThan(100);
    expect(structured["truncated"]).toBe(true);
    expect((await t.call("list_tables")).structured["tables"]).toEqual([]);
  });

  test("goes on to the next page for more than a page holds", async () => {
    const { structured } = await t.call("stream_profiles", { limit: 150, output_properties: ["plan"] });
    const ids = (structured["profiles"] as { distinct_id: string }[]).map((profile) => profile.distinct_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(150);
  });

  test("one by its id", async () => {
    const id = t.sample.data.profiles[3]?.distinctId;
    const { structured } = await t.call("stream_profiles", { distinct_id: id });
    expect(structured).toMatchObject({ profiles: [{ distinct_id: id }], total: 1, truncated: false });
  });

  test("refuses selectors that exclude each other", async () => {
    const { error } = await t.call("stream_profiles", { distinct_id: "a", cohort_id: 1 });
    expect(error?.code).toBe("INVALID_ARGUMENT");
  });
});
