/** kill -9 at random moments of a fetch, again and again: nothing that was reported done is lost, nothing half-done is seen. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { dayLines, type RawExport, startRawExport } from "../raw-export.ts";

const ROUNDS = Number(process.env["KILLS"] ?? 100);
const EVENTS = 6_000;
const RANGE = { from_date: "2026-01-01", to_date: "2026-01-30" };
const DAYS = Array.from({ length: 30 }, (_, day) => `2026-01-${String(day + 1).padStart(2, "0")}`);
const binary = join(import.meta.dir, "../../dist/mixpanel-data-mcp");
const command = existsSync(binary) ? [binary] : [process.execPath, join(import.meta.dir, "../../src/main.ts")];

let raw: RawExport;
let dataDir: string;
beforeAll(async () => {
  raw = await startRawExport({ eventsPerDay: EVENTS, fault: () => ({ kind: "none" }) });
  dataDir = mkdtempSync(join(tmpdir(), "kill test "));
});
afterAll(async () => {
  await raw.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function server(): Promise<{ client: Client; pid: number }> {
  const [executable = "", ...args] = command;
  const transport = new StdioClientTransport({
    command: executable,
    args: [...args, "serve"],
    stderr: "ignore",
    env: {
      HOME: dataDir,
      MP_DATA_DIR: dataDir,
      MP_API_URL: raw.url,
      MP_USERNAME: "kill-test",
      MP_SECRET: "not-a-real-secret",
      MP_PROJECT_ID: "1",
    },
  });
  const client = new Client({ name: "kill", version: "0" });
  await client.connect(transport);
  return { client, pid: transport.pid ?? 0 };
}

/** The days of `from..to`, or the one day. */
function daysOf(range: string): string[] {
  const [from = "", to = from] = range.split("..");
  return DAYS.filter((day) => day >= from && day <= to);
}

const file = () => join(dataDir, "1.sqlite");

/** Days that are in the ledger (undefined: no table), and whether all that must hold after any death holds. */
function inspect(table: string): string[] | undefined {
  if (!existsSync(file())) return undefined;
  const db = new Database(file(), { readonly: true });
  try {
    expect(db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    const known = db.query<{ id: number }, [string]>("SELECT id FROM _mp_table WHERE name = ?").get(table);
    if (known === null) return undefined;
    const days = db
      .query<{ from_date: string; to_date: string }, [number]>(
        "SELECT from_date, to_date FROM _mp_chunk WHERE table_id = ? ORDER BY 1",
      )
      .all(known.id)
      .flatMap(({ from_date, to_date }) => daysOf(`${from_date}..${to_date}`));
    const stored = db
      .query<{ day: string; n: number }, []>(
        `SELECT date(event_time) AS day, count(*) AS n FROM "${table}" GROUP BY 1 ORDER BY 1`,
      )
      .all();
    // No partial day: what has rows is in the ledger, with all of its rows.
    expect(stored.map((row) => row.day)).toEqual(days);
    for (const { day, n } of stored) expect([day, n]).toEqual([day, new Set(dayLines(day, EVENTS)).size]);
    return days;
  } finally {
    db.close();
  }
}

test("100 kills over fetches of 30 days", async () => {
  let kills = 0;
  for (let table = 0; kills < ROUNDS; table++) {
    const name = `t${table}`;
    let reported: string[] = [];
    for (;;) {
      const { client, pid } = await server();
      raw.asked.length = 0;
      const args = inspect(name) !== undefined ? { table: name, mode: "resume" } : { table: name, ...RANGE };
      const call = client.callTool({ name: "fetch_events", arguments: args }, undefined, { timeout: 120_000 });
      const outcome = call.then(
        (result) => result.structuredContent as { status?: string } | undefined,
        () => undefined,
      );
      const ended = await Promise.race([outcome, Bun.sleep(100 + Math.random() * 2_500).then(() => "kill" as const)]);
      const asked = raw.asked.flatMap(daysOf);
      expect(asked.filter((day) => reported.includes(day))).toEqual([]);
      if (ended !== "kill" && ended?.status === "completed") {
        await client.close();
        break;
      }
      process.kill(pid, "SIGKILL");
      kills++;
      await client.close().catch(() => undefined);
      // The writer notices within a moment that its parent is gone.
      await Bun.sleep(150);
      const days = inspect(name) ?? [];
      expect(reported.filter((day) => !days.includes(day))).toEqual([]);
      reported = days;
    }
    expect(inspect(name)).toEqual(DAYS);
    console.log(`${name}: complete, ${kills} kills so far`);
  }
}, 600_000);
