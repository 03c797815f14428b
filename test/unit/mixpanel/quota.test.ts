/** The shared count: rolling hour, refunds, exports by the second, places at once, several processes, broken files. */
import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../../src/fault.ts";
import { path } from "../../../src/mixpanel/api.ts";
import { type Ledger, openLedger } from "../../../src/mixpanel/quota.ts";
import { faultOf, json, stub } from "./stub.ts";

const T0 = Date.parse("2026-03-10T10:00:00Z");
const HOUR = 3_600_000;
const MARGIN = 10_000;

const folders: string[] = [];
const ledgers: Ledger[] = [];
const folder = () => {
  const name = mkdtempSync(join(tmpdir(), "mixpanel-quota-"));
  folders.push(name);
  return name;
};
const ledger = (dataDir?: string, scope = "host project") => {
  const opened = openLedger({ dataDir, scope });
  ledgers.push(opened);
  return opened;
};
afterEach(() => {
  for (const one of ledgers.splice(0)) one.close();
  for (const name of folders.splice(0)) {
    chmodSync(name, 0o700);
    rmSync(name, { recursive: true, force: true });
  }
});

const taken = (reservation: ReturnType<Ledger["reserve"]>) => {
  if ("waitMs" in reservation) throw new Error(`no place for ${reservation.waitMs} ms`);
  return reservation;
};

describe("the hour", () => {
  test("sixty, then the time at which the oldest leaves", () => {
    const quota = ledger();
    for (let i = 0; i < 60; i++) taken(quota.reserve("query", T0 + i * 1_000));
    expect(quota.reserve("query", T0 + 60_000)).toEqual({ waitMs: HOUR + MARGIN - 60_000, used: 60, limit: 60 });
    taken(quota.reserve("query", T0 + HOUR + MARGIN));
    expect(quota.reserve("query", T0 + HOUR + MARGIN)).toMatchObject({ waitMs: 1_000 });
    expect(quota.state("query", T0 + HOUR + MARGIN)).toEqual({
      used: 60,
      limit: 60,
      resets_at: new Date(T0 + HOUR + MARGIN + 1_000).toISOString().replace(".000", ""),
    });
  });

  test("a refund frees its place", () => {
    const quota = ledger();
    const ids = Array.from({ length: 60 }, () => taken(quota.reserve("query", T0)).id);
    expect(quota.reserve("query", T0)).toHaveProperty("waitMs");
    quota.refund(ids[7] ?? 0);
    taken(quota.reserve("query", T0));
    expect(quota.reserve("query", T0)).toHaveProperty("waitMs");
  });

  test("pools, projects and hosts are counted apart", () => {
    const dir = folder();
    const one = ledger(dir, "https://mixpanel.com 1");
    const other = ledger(dir, "https://mixpanel.com 2");
    taken(one.reserve("query", T0));
    taken(one.reserve("export", T0));
    expect([one.state("query", T0).used, one.state("export", T0).used, other.state("query", T0).used]).toEqual([
      1, 1, 0,
    ]);
  });

  test("learnt limits hold, and are kept", () => {
    const dir = folder();
    ledger(dir).learn("query", { quota: 2, windowSeconds: 600, concurrent: 1 });
    const again = ledger(dir);
    taken(again.reserve("query", T0));
    taken(again.reserve("query", T0));
    expect(again.reserve("query", T0)).toEqual({ waitMs: 600_000 + MARGIN, used: 2, limit: 2 });
    expect(again.concurrent("query")).toBe(1);
  });

  test("used up by someone else", () => {
    const quota = ledger();
    quota.exhaust("query", T0 + 900_000);
    expect(quota.reserve("query", T0)).toEqual({ waitMs: 900_000, used: 60, limit: 60 });
    expect(quota.state("query", T0)).toMatchObject({ used: 60, resets_at: "2026-03-10T10:15:00Z" });
    taken(quota.reserve("query", T0 + 900_001));
  });

  test("a clock that was set back does not block for longer than an hour", () => {
    const quota = ledger();
    for (let i = 0; i < 60; i++) taken(quota.reserve("query", T0 + 24 * HOUR));
    quota.exhaust("query", T0 + 80 * HOUR);
    expect(quota.reserve("query", T0)).toHaveProperty("waitMs");
    expect(quota.reserve("query", T0 + HOUR + MARGIN)).toHaveProperty("id");
  });
});

describe("exports", () => {
  test("three a second: later ones get a later start", () => {
    const quota = ledger();
    const starts = Array.from({ length: 8 }, () => taken(quota.reserve("export", T0)).at - T0);
    expect(starts).toEqual([0, 0, 0, 1_020, 1_020, 1_020, 2_040, 2_040]);
    expect(taken(quota.reserve("export", T0 + 10_000)).at).toBe(T0 + 10_000);
  });

  test("sixty an hour", () => {
    const quota = ledger();
    for (let i = 0; i < 60; i++) taken(quota.reserve("export", T0 + i * 400));
    expect(quota.reserve("export", T0 + 30_000)).toHaveProperty("waitMs");
  });
});

describe("places at once", () => {
  test("five, until one ends or expires", () => {
    const quota = ledger();
    const slots = Array.from({ length: 5 }, () => quota.start("query", undefined, T0, 1_000));
    expect(quota.start("query", undefined, T0, 1_000)).toBeUndefined();
    quota.finish(slots[0] ?? 0);
    expect(quota.start("query", undefined, T0, 1_000)).toBeDefined();
    expect(quota.start("query", undefined, T0 + 999, 1_000)).toBeUndefined();
    expect(quota.start("query", undefined, T0 + 1_000, 1_000)).toBeDefined();
  });

  test("a process that is gone holds none", async () => {
    const dir = folder();
    const code = `import { openLedger } from ${JSON.stringify(join(import.meta.dir, "../../../src/mixpanel/quota.ts"))};
      const l = openLedger({ dataDir: ${JSON.stringify(dir)}, scope: "host project" });
      for (let i = 0; i < 5; i++) l.start("query", undefined, Date.now(), 60000);
      process.kill(process.pid, "SIGKILL");`;
    await Bun.spawn([process.execPath, "-e", code], { env: { ...process.env, BUN_BE_BUN: "1" } }).exited;
    expect(ledger(dir).start("query", undefined, Date.now(), 1_000)).toBeDefined();
  });

  test("sending moves the reservation to the time of sending", () => {
    const quota = ledger();
    const { id } = taken(quota.reserve("query", T0));
    quota.start("query", id, T0 + 15_000, 1_000);
    expect(quota.nextSlotMs("query", T0 + 15_000)).toBe(HOUR + MARGIN);
  });
});

describe("several processes", () => {
  test("two of them share sixty and five", async () => {
    let running = 0;
    let most = 0;
    const server = stub(async () => {
      running++;
      most = Math.max(most, running);
      await Bun.sleep(5);
      running--;
      return json([]);
    });
    const root = join(import.meta.dir, "../../../src");
    const code = `import { createApi } from "${root}/mixpanel/client.ts"; import { path } from "${root}/mixpanel/path.ts";
      import { Secret } from "${root}/secret.ts"; import { z } from "zod";
      const api = createApi({ username: "u.mp-service-account", secret: new Secret("not-a-secret-1"), projectId: "3000001", region: "us" },
        { apiUrl: ${JSON.stringify(server.url)}, dataDir: ${JSON.stringify(server.dataDir)} });
      const ask = () => api.call({ family: "query", path: path\`/events/names\`, reply: z.unknown() }).then(() => "ok", (fault) => fault.code);
      const answers = await Promise.all(Array.from({ length: 50 }, ask));
      process.stdout.write(JSON.stringify({ ok: answers.filter((a) => a === "ok").length, limited: answers.filter((a) => a === "RATE_LIMITED").length }));`;
    const run = async () => {
      const child = Bun.spawn([process.execPath, "-e", code], {
        cwd: join(root, ".."),
        env: { ...process.env, BUN_BE_BUN: "1" },
        stderr: "inherit",
      });
      return JSON.parse(await new Response(child.stdout).text()) as { ok: number; limited: number };
    };
    const [one, two] = await Promise.all([run(), run()]);
    expect(one.ok + two.ok).toBe(60);
    expect(one.limited + two.limited).toBe(40);
    expect(server.seen.length).toBe(60);
    expect(most).toBeLessThanOrEqual(5);
    await server.close();
  });

  test("a refusal says when, and what can be done meanwhile", async () => {
    const server = stub(() => json([]));
    const api = server.api({ dataDir: server.dataDir });
    const ask = () => api.call({ family: "query", path: path`/events/names`, reply: z.unknown() });
    await Promise.all(Array.from({ length: 60 }, ask));
    const fault = await faultOf(ask());
    expect(fault.code).toBe("RATE_LIMITED");
    expect(fault.message).toMatch(/60 of 60 queries .* next slot opens at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    expect(fault.retryAfterSeconds).toBeGreaterThan(3_500);
    expect(fault.suggestions.join()).toContain("sql");
    expect(server.seen.length).toBe(60);
    await server.close();
  });
});

describe("a wait for the hour", () => {
  const ask = async (leavesInMs: number) => {
    const server = stub(() => json([]));
    const shared = ledger(server.dataDir, `${server.url} 3000001`);
    const now = Date.now();
    shared.reserve("query", now - HOUR - MARGIN + leavesInMs);
    for (let i = 0; i < 59; i++) shared.reserve("query", now - 1_000);
    const answer = await server
      .api({ dataDir: server.dataDir })
      .call({ family: "query", path: path`/events/names`, reply: z.unknown() })
      .catch((fault) => fault);
    const sent = server.seen.length;
    await server.close();
    return { answer, sent };
  };
  test("is slept when it is short", async () => {
    expect(await ask(300)).toEqual({ answer: [], sent: 1 });
  });
  test("is refused at once when it is long", async () => {
    const { answer, sent } = await ask(30_000);
    expect(answer).toMatchObject({ code: "RATE_LIMITED" });
    const seconds = answer instanceof Fault ? (answer.retryAfterSeconds ?? 0) : 0;
    expect([seconds > 25, seconds <= 30, sent]).toEqual([true, true, 0]);
  });
});

describe("a file that cannot be used", () => {
  const works = (dataDir: string) => {
    const quota = ledger(dataDir);
    taken(quota.reserve("query", T0));
    expect(quota.state("query", T0).used).toBe(1);
    expect(quota.note()).toContain("quota.sqlite");
  };
  test("no database", () => {
    const dir = folder();
    writeFileSync(join(dir, "quota.sqlite"), "this is no database, and long enough to be read as a header".repeat(40));
    works(dir);
  });
  test("a folder in its place", () => {
    const dir = folder();
    mkdirSync(join(dir, "quota.sqlite"));
    works(dir);
  });
  test("a data folder that is a file", () => {
    const file = join(folder(), "file");
    writeFileSync(file, "");
    works(file);
  });
  test("a good file needs no note", () => {
    const quota = ledger(folder());
    quota.reserve("query", T0);
    expect(quota.note()).toBeUndefined();
  });
});
