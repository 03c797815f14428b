import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { guessTimezone, zoneOffset } from "../../../src/workspace/old-project.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "old-project-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const START = Date.UTC(2026, 0, 10, 12) / 1000;

/** Lines whose `time` is `shift` seconds from true UTC. */
function spool(options: { shift: number; count?: number; imported?: boolean; late?: number; gzip?: boolean }) {
  const { shift, count = 400, imported = false, late = 0, gzip = true } = options;
  const lines = Array.from({ length: count }, (_, i) => {
    const utc = START + i * 60;
    const delay = i % 10 < late * 10 ? 86_400 : 20;
    const properties = { time: utc + shift, $import: imported, mp_processing_time_ms: (utc + delay) * 1000 };
    return JSON.stringify({ event: "e", properties });
  });
  const path = join(dir, `${Math.random()}`);
  writeFileSync(path, gzip ? gzipSync(lines.join("\n")) : lines.join("\n"));
  return { path, encoding: gzip ? ("gzip" as const) : ("identity" as const) };
}

const zone = (name: string | undefined) => async () => name;

describe("guessTimezone", () => {
  test("times near their processing are UTC, and the project's zone is not even asked for", async () => {
    const ask = async () => {
      throw new Error("asked");
    };
    expect(await guessTimezone(spool({ shift: 0 }), ask)).toEqual({ kind: "utc" });
    expect(await guessTimezone(spool({ shift: 0, late: 0.3, gzip: false }), ask)).toEqual({ kind: "utc" });
  });

  test("a steady distance that equals the zone's offset is local time", async () => {
    expect(await guessTimezone(spool({ shift: -8 * 3600 }), zone("US/Pacific"))).toEqual({
      kind: "local",
      zone: "US/Pacific",
    });
    expect(await guessTimezone(spool({ shift: 9 * 3600, late: 0.2 }), zone("Asia/Tokyo"))).toEqual({
      kind: "local",
      zone: "Asia/Tokyo",
    });
    expect(await guessTimezone(spool({ shift: 5.5 * 3600 }), zone("Asia/Kolkata"))).toMatchObject({ kind: "local" });
  });

  test("any other distance stays UTC", async () => {
    expect(await guessTimezone(spool({ shift: -8 * 3600 }), zone("Asia/Tokyo"))).toEqual({ kind: "utc" });
    expect(await guessTimezone(spool({ shift: -8 * 3600 }), zone(undefined))).toEqual({ kind: "utc" });
  });

  test("imported or few events tell nothing", async () => {
    expect(await guessTimezone(spool({ shift: -8 * 3600, imported: true }), zone("US/Pacific"))).toBeUndefined();
    expect(await guessTimezone(spool({ shift: -8 * 3600, count: 5 }), zone("US/Pacific"))).toBeUndefined();
    writeFileSync(join(dir, "junk"), "no gzip");
    expect(await guessTimezone({ path: join(dir, "junk"), encoding: "gzip" }, zone("US/Pacific"))).toBeUndefined();
  });
});

test("offsets follow daylight saving", () => {
  expect(zoneOffset("America/New_York", Date.UTC(2026, 0, 1) / 1000)).toBe(-5 * 3600);
  expect(zoneOffset("America/New_York", Date.UTC(2026, 6, 1) / 1000)).toBe(-4 * 3600);
  expect(zoneOffset("Asia/Kathmandu", START)).toBe(5.75 * 3600);
  expect(zoneOffset("UTC", START)).toBe(0);
});
