import { expect, test } from "bun:test";
import { inspect } from "node:util";
import { Secret } from "../../src/secret.ts";

test("a secret shows itself in no form but reveal()", () => {
  const secret = new Secret("s3cr3t-value");
  const shown = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }),
    Bun.inspect({ deep: [{ secret }] }),
    inspect(new Error("x", { cause: { secret } })),
    JSON.stringify(Object.entries(secret)),
  ].join("\n");
  expect(shown).not.toContain("s3cr3t");
  expect(secret.reveal()).toBe("s3cr3t-value");
});
