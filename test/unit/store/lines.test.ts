import { expect, test } from "bun:test";
import { LineSplitter, MAX_LINE_BYTES } from "../../../src/store/lines.ts";

function split(pieces: Uint8Array[]): { lines: string[]; tooLong: number } {
  const lines: string[] = [];
  const found = { lines, tooLong: 0 };
  const splitter = new LineSplitter({
    block(bytes, end) {
      expect(bytes[end - 1]).toBe(0x0a);
      lines.push(...bytes.toString("utf8", 0, end - 1).split("\n"));
    },
    tooLong() {
      found.tooLong++;
    },
  });
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return found;
}

const cut = (body: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(body.length / size) }, (_, index) => body.subarray(index * size, (index + 1) * size));

test.each([1, 2, 3, 7, 1000, 1_000_000])("pieces of %d bytes give the same lines", (size) => {
  const expected = ["a", "", "é 東京 👟", "x".repeat(5000), "last"];
  expect(split(cut(Buffer.from(expected.join("\n")), size)).lines).toEqual(expected);
});

test("a final newline adds no line; lines larger than the buffer come whole", () => {
  expect(split([Buffer.from("a\nb\n")]).lines).toEqual(["a", "b"]);
  const long = "y".repeat(3_000_000);
  expect(split(cut(Buffer.from(`a\n${long}\nb`), 300_000)).lines).toEqual(["a", long, "b"]);
});

test("a line without end is skipped, and what follows is read", () => {
  const piece = Buffer.alloc(4 << 20, "z");
  const pieces = Array.from({ length: MAX_LINE_BYTES / piece.length + 1 }, () => piece);
  const found = split([Buffer.from("a\n"), ...pieces, Buffer.from("z\nb\n")]);
  expect(found).toMatchObject({ lines: ["a", "b"], tooLong: 1 });
});
