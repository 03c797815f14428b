import { expect, test } from "bun:test";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { estimateTokens } from "../../../src/server/tokens.ts";

const days = Array.from({ length: 30 }, (_, index) => [
  `2026-03-${String(index + 1).padStart(2, "0")}`,
  index * 137,
  0.1234 * index,
  null,
]);
const SAMPLES: Record<string, string> = {
  "a series as JSON": JSON.stringify({ series: { columns: ["date", "pro", "rate", "x"], rows: days } }),
  "a series as text": days.map((row) => row.join("\t")).join("\n"),
  "event names": [
    "Sign Up",
    "Order Placed",
    "$session_start",
    "checkout_step_2_viewed",
    "Página vista",
    "購入完了",
  ].join("\n"),
  "an event": JSON.stringify({
    event: "Order Placed",
    properties: {
      time: 1772440002,
      distinct_id: "18c4f-9d-0001",
      $insert_id: "Zr91VfQm2KxHt7NwbEaS",
      amount: 49.5,
      items: ["sku-1", "sku-9"],
      $current_url: "https://shop.example.com/a/b?utm_source=mail&x=1",
    },
  }),
  "random ids": Array.from({ length: 50 }, (_, index) => Bun.hash(String(index)).toString(36)).join("\n"),
  hex: Array.from({ length: 20 }, (_, index) => new Bun.CryptoHasher("md5").update(String(index)).digest("hex")).join(
    ",",
  ),
  prose:
    "Unique users do not add up over days or segments; an unfinished day is not a drop. Compare complete weeks only.",
  emoji: "🎉👩‍👩‍👧‍👦 ok 🚀🚀🚀 naïve façade Ünïcödé",
};

for (const [name, text] of Object.entries(SAMPLES)) {
  test(`${name}: not below the real count, and not far above`, () => {
    const real = encode(text).length;
    const ratio = estimateTokens(text) / real;
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThanOrEqual(1.8);
  });
}
