import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { Fault } from "../../../src/fault.ts";
import type { Download } from "../../../src/mixpanel/api.ts";
import { readLines, readText } from "../../../src/mixpanel/lines.ts";

function download(bytes: Uint8Array, pieceBytes: number, rest: Partial<Download> = {}): Download {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + pieceBytes));
      at += pieceBytes;
    },
  });
  return { status: 200, encoding: "identity", framing: "chunked", body, ...rest };
}

async function lines(source: Download): Promise<string[]> {
  const found: string[] = [];
  for await (const line of readLines(source)) found.push(line);
  return found;
}

const TEXT = '{"a":"é\u2028x"}\r\n\n{"b":2}\n{"c":"😀"}';
const EXPECTED = ['{"a":"é\u2028x"}', '{"b":2}', '{"c":"😀"}'];

describe("readLines", () => {
  test("splits at newlines only, wherever the pieces end", async () => {
    for (let size = 1; size < 50; size++) expect(await lines(download(Buffer.from(TEXT), size))).toEqual(EXPECTED);
  });

  test("inflates, and proves the end by the trailer", async () => {
    const gzip = gzipSync(TEXT);
    expect(await lines(download(gzip, 7, { encoding: "gzip", framing: "close" }))).toEqual(EXPECTED);
    for (const cut of [1, 4, 8, 20]) {
      const source = download(gzip.subarray(0, gzip.length - cut), 7, { encoding: "gzip" });
      await expect(lines(source)).rejects.toMatchObject({ code: "UPSTREAM_TRUNCATED" });
    }
  });

  test("an end that nothing proves is refused, a short length too", async () => {
    const text = Buffer.from(TEXT);
    await expect(lines(download(text, 9, { framing: "close" }))).rejects.toMatchObject({ code: "UPSTREAM_TRUNCATED" });
    await expect(lines(download(text, 9, { framing: "length", length: 999 }))).rejects.toBeInstanceOf(Fault);
  });

  test("leaving early cancels the download", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from('{"a":1}\n')),
      cancel() {
        cancelled = true;
      },
    });
    for await (const line of readLines({ status: 200, encoding: "identity", framing: "chunked", body })) {
      expect(line).toBe('{"a":1}');
      break;
    }
    expect(cancelled).toBe(true);
  });

  test("an endless line is refused", async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1 << 20).fill(97)),
    });
    const source: Download = { status: 200, encoding: "identity", framing: "chunked", body };
    await expect(lines(source)).rejects.toMatchObject({ code: "UPSTREAM_ERROR" });
  });
});

test("readText stops at its limit", async () => {
  const gzip = gzipSync(Buffer.alloc(1 << 20, 97));
  await expect(readText(download(gzip, 100, { encoding: "gzip" }), 1000)).rejects.toMatchObject({
    code: "UPSTREAM_ERROR",
  });
  expect(await readText(download(gzip, 100, { encoding: "gzip" }), 2 << 20)).toHaveLength(1 << 20);
});
