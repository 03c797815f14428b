import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

let t: Harness;
beforeAll(async () => {
  t = await connect({ anonymous: true });
});
afterAll(() => t.close());

test("one value of any kind", async () => {
  for (const [sql, value] of [
    ["SELECT 1 + 1", 2],
    ["SELECT 'a'", "a"],
    ["SELECT NULL", null],
    ["SELECT 9007199254740993", "9007199254740993"],
    ["VALUES (1.5);", 1.5],
  ] as const)
    expect((await t.call("sql_scalar", { query: sql })).structured).toEqual({ value });
});

test("more or fewer than one says so", async () => {
  for (const [sql, words] of [
    ["SELECT 1, 2", "2 columns"],
    ["SELECT 1 WHERE 0", "no row"],
    ["VALUES (1), (2)", "2 rows"],
    ["VALUES (1), (2), (3)", "more than 2 rows"],
  ] as const) {
    const { error } = await t.call("sql_scalar", { query: sql });
    expect(error?.code).toBe("INVALID_ARGUMENT");
    expect(error?.message).toContain(words);
    expect(error?.suggestions.join(" ")).toContain("sql");
  }
});
