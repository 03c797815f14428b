import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect();
});
afterAll(() => t.close());

test("a preview drops nothing; confirm drops by type, then all", async () => {
  await t.call("fetch_events", { from_date: "yesterday", to_date: "yesterday" });
  await t.call("create_table", { table: "a", query: "VALUES (1), (2)" });
  await t.call("create_table", { table: "b", query: "SELECT 1" });
  const names = async () =>
    ((await t.call("list_tables")).structured["tables"] as { name: string }[]).map(({ name }) => name);

  const preview = await t.call("drop_all_tables");
  expect(preview.structured).toMatchObject({
    dropped: [],
    rows: 0,
    preview: [{ name: "a", row_count: 2 }, { name: "b" }, { name: "events", type: "events" }],
  });
  expect(preview.text).toContain("Nothing dropped");
  expect(await names()).toEqual(["a", "b", "events"]);

  expect((await t.call("drop_all_tables", { type: "result", confirm: true })).structured).toEqual({
    dropped: ["a", "b"],
    rows: 3,
  });
  expect(await names()).toEqual(["events"]);
  expect((await t.call("drop_all_tables", { confirm: true })).structured).toMatchObject({ dropped: ["events"] });
  expect(await names()).toEqual([]);
  expect((await t.call("drop_all_tables", { confirm: true })).structured).toEqual({ dropped: [], rows: 0 });
});
