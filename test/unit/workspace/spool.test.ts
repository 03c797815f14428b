import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/fault.ts";
import type { Download } from "../../../src/mixpanel/api.ts";
import { cleanSpools, spoolDownload, spoolPath } from "../../../src/workspace/spool.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "spool test "));
});
afterAll(() => rmSync(dir, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
function download(parts: (string | Error)[], rest: Partial<Download> = {}): Download {
  const queue = [...parts];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = queue.shift();
      if (next === undefined) controller.close();
      else if (next instanceof Error) controller.error(next);
      else controller.enqueue(bytes(next));
    },
  });
  return { status: 200, encoding: "identity", framing: "chunked", body, ...rest };
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof Fault) return error;
  throw new Error(`no Fault but ${String(error)}`);
}

describe("spoolDownload", () => {
  test("writes the body as it came and counts its bytes", async () => {
    const path = join(dir, "a");
    let seen = 0;
    const size = await spoolDownload(download(["one\n", "two\n"]), path, { onBytes: (count) => (seen += count) });
    expect(size).toBe(8);
    expect(seen).toBe(8);
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  });

  test("refuses and removes a body whose end is not proven", async () => {
    const path = join(dir, "b");
    expect((await faultOf(spoolDownload(download(["x"], { framing: "close" }), path))).code).toBe("UPSTREAM_TRUNCATED");
    expect((await faultOf(spoolDownload(download(["x"], { framing: "length", length: 5 }), path))).code).toBe(
      "UPSTREAM_TRUNCATED",
    );
    expect((await faultOf(spoolDownload(download(["x", new TypeError("reset")]), path))).code).toBe(
      "UPSTREAM_TRUNCATED",
    );
    const own = new Fault("NETWORK_ERROR", "stalled");
    expect((await faultOf(spoolDownload(download(["x", own]), path))).code).toBe("NETWORK_ERROR");
    expect(existsSync(path)).toBe(false);
  });

  test("a close-delimited gzip body is left to its trailer", async () => {
    expect(await spoolDownload(download(["gz"], { framing: "close", encoding: "gzip" }), join(dir, "c"))).toBe(2);
  });

  test("says that the folder cannot be written", async () => {
    const fault = await faultOf(spoolDownload(download(["x"]), join(dir, "missing", "d")));
    expect(fault.code).toBe("STORE_FULL");
    expect(fault.suggestions.join(" ")).toContain("MP_DATA_DIR");
  });
});

test("cleanSpools removes what dead processes left, and nothing else", async () => {
  const mine = spoolPath(dir, "job_1", "2026-01-01");
  const dead = join(dir, "999999-job_2-2026-01-01.spool");
  const other = join(dir, "notes.txt");
  for (const path of [mine, dead, other]) writeFileSync(path, "x");
  await cleanSpools(dir, (pid) => pid === process.pid);
  expect([existsSync(mine), existsSync(dead), existsSync(other)]).toEqual([true, false, true]);
  await cleanSpools(join(dir, "not there"), () => true);
});
