import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Sample, startSample } from "../../src/sample/service.ts";
import { connect, type Harness } from "../harness.ts";

let sample: Sample;
let t: Harness;
beforeAll(async () => {
  sample = await startSample({ quota: "unlimited", pageSize: 400 });
  t = await connect({ shared: sample });
});
afterAll(async () => {
  await t.close();
  await sample.close();
});

const engage = () => sample.log.filter((entry) => entry.path.includes("/engage"));

describe("fetch_profiles", () => {
  test("downloads every page once, with the session of the first", async () => {
    const { structured } = await t.call("fetch_profiles");
    const { done, total } = structured["pages"] as { done: number; total: number };
    expect(structured).toMatchObject({ status: "completed", table: "profiles", rejected: 0, missing_ranges: [] });
    expect(done).toBe(total);
    expect(total).toBeGreaterThan(3);
    expect(
      engage()
        .map((entry) => Number(entry.params["page"]))
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: total }, (_, page) => page));
    const count = await t.call("sql_scalar", { query: "SELECT count(*) FROM profiles" });
    expect(count.structured["value"]).toBe(structured["rows"]);
    const one = await t.call("sql", { query: "SELECT * FROM profiles LIMIT 1" });
    expect((one.structured["columns"] as { name: string }[]).map((column) => column.name)).toEqual([
      "distinct_id",
      "last_seen",
      "properties",
    ]);
  });

  test("the same table again is TABLE_EXISTS; append updates it", async () => {
    expect((await t.call("fetch_profiles")).error?.code).toBe("TABLE_EXISTS");
    const { structured } = await t.call("fetch_profiles", { mode: "append" });
    expect(structured).toMatchObject({ status: "completed", rows: 0 });
  });

  test("filters are sent as Mixpanel wants them", async () => {
    const id = sample.data.profiles[0]?.distinctId ?? "";
    await t.call("fetch_profiles", { table: "few", distinct_ids: [id, id], output_properties: ["plan"] });
    expect(engage().at(-1)?.params).toMatchObject({
      distinct_ids: JSON.stringify([id]),
      output_properties: '["plan"]',
    });
    await t.call("fetch_profiles", { table: "pros", where: 'properties["plan"] == "pro"' });
    expect(engage().findLast((entry) => entry.params["page"] === "0")?.params).toMatchObject({
      where: 'properties["plan"] == "pro"',
    });
  });

  test("selectors that exclude each other are refused with a sentence", async () => {
    const before = engage().length;
    const refused = async (args: Record<string, unknown>) =>
      (await t.call("fetch_profiles", { table: "x", ...args })).error;
    expect(await refused({ distinct_id: "a", where: 'properties["a"] == 1' })).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect((await refused({ cohort_id: 1, behaviors: [{ window: "7d" }] }))?.message).toContain("cannot be combined");
    expect(await refused({ where: "nonsense(" })).toMatchObject({ code: "QUERY_INVALID" });
    expect(await refused({ mode: "resume" })).toMatchObject({ code: "TABLE_NOT_FOUND" });
    expect(engage().length).toBe(before);
  });

  test("an empty list of ids asks nobody and makes no table", async () => {
    const before = engage().length;
    const { structured } = await t.call("fetch_profiles", { table: "none", distinct_ids: [] });
    expect(structured).toMatchObject({ status: "completed", rows: 0 });
    expect(engage().length).toBe(before);
    expect((await t.call("list_tables")).text).not.toContain("none");
  });
});
