/** A disk that is full half-way, and space again: finished days stay, resume goes on. Needs the right to mount a small one. */

import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTable } from "../../src/store/tables.ts";
import { openFetchWorkspace } from "../fetch-workspace.ts";
import { startRawExport } from "../raw-export.ts";

const mountPoint = join(mkdtempSync(join(tmpdir(), "disk-")), "small");
mkdirSync(mountPoint);
const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", mountPoint]).exitCode === 0;
afterAll(() => {
  if (mounted) Bun.spawnSync(["umount", mountPoint]);
  rmSync(join(mountPoint, ".."), { recursive: true, force: true });
});

test.skipIf(!mounted)(
  "full disk",
  async () => {
    const raw = await startRawExport({ eventsPerDay: 8_000, fault: () => ({ kind: "none" }) });
    const ballast = join(mountPoint, "ballast");
    writeFileSync(ballast, Buffer.alloc(54 * 1024 * 1024, 1));
    const fetching = await openFetchWorkspace({ url: raw.url, dataDir: mountPoint });
    const range = { from_date: "2026-01-01", to_date: "2026-01-08" };
    const first = await fetching.fetch(range).catch((error: unknown) => error as { code: string });
    if ("code" in first) expect(first.code).toBe("STORE_FULL");
    else {
      expect(first.status).toBe("partial");
      expect(first.missing_ranges.at(-1)?.reason).toContain("STORE_FULL");
      expect(fetching.value("SELECT count(*) % 7840 FROM events")).toBe(0);
    }
    expect(fetching.value("PRAGMA integrity_check")).toBe("ok");
    unlinkSync(ballast);
    raw.asked.length = 0;
    const more = "code" in first ? range : { mode: "resume" as const };
    const second = await fetching.fetch(more);
    expect(second).toMatchObject({ status: "completed", missing_ranges: [] });
    expect(findTable(fetching.workspace.store, "events")).toMatchObject({ status: "complete", row_count: 8 * 7_840 });
    await fetching.close();
    await raw.close();
    const db = new Database(join(mountPoint, "1.sqlite"), { readonly: true });
    expect(db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    db.close();
  },
  120_000,
);
