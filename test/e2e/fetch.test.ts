/** Two copies of the server on one store: who writes is told, what one left the other finishes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ERROR_META } from "../../src/server/reply.ts";
import { dayLines, type RawExport, startRawExport } from "../raw-export.ts";
import { connectBinary, temporaryHome } from "./binary.ts";

const EVENTS = 2_000;
/** So few days are asked for one by one, three a second: a fetch takes three seconds. */
const DAYS = 10;
const RANGE = { from_date: "2026-01-01", to_date: `2026-01-${DAYS}` };
const PER_DAY = new Set(dayLines("2026-01-01", EVENTS)).size;

let raw: RawExport;
let home: ReturnType<typeof temporaryHome>;
let env: Record<string, string>;
const clients: Client[] = [];
beforeAll(async () => {
  raw = await startRawExport({ eventsPerDay: EVENTS, fault: () => ({ kind: "none" }) });
  home = temporaryHome();
  env = { ...home.env, MP_USERNAME: "e2e", MP_SECRET: "not-a-real-secret", MP_PROJECT_ID: "1", MP_API_URL: raw.url };
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await raw.close();
  home.remove();
});

async function connect(): Promise<{ client: Client; pid: number }> {
  const client = await connectBinary([], env);
  clients.push(client);
  return { client, pid: (client.transport as StdioClientTransport).pid ?? 0 };
}

type Job = { job_id: string; status: string; rows: number; days: { done: number; total: number } };
type Failure = { code: string; message: string };

async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 });
  return { value: result.structuredContent as Record<string, unknown>, error: result._meta?.[ERROR_META] as Failure };
}

async function jobOf(client: Client, args: Record<string, unknown> = {}): Promise<Job> {
  const { value } = await call(client, "fetch_status", args);
  const [job] = value["jobs"] as Job[];
  if (job === undefined) throw new Error("no job");
  return job;
}

describe("two processes", () => {
  test("the second is told which job of which process writes, and can watch it", async () => {
    const one = await connect();
    const two = await connect();
    const started = (await call(one.client, "fetch_events", { ...RANGE, wait_seconds: 0 })).value as Job;
    for (const mode of ["create", "append", "resume"]) {
      const { error } = await call(two.client, "fetch_events", { ...RANGE, mode });
      expect(error.code).toBe("STORE_BUSY");
      expect(error.message).toContain(started.job_id);
      expect(error.message).toContain(`process ${one.pid}`);
    }
    const other = await call(two.client, "fetch_events", {
      from_date: "2026-02-01",
      to_date: "2026-02-01",
      table: "other",
    });
    expect(other.value).toMatchObject({ status: "completed", rows: PER_DAY });
    const watched = await jobOf(two.client, { job_id: started.job_id, wait_seconds: 40 });
    expect(watched).toMatchObject({ status: "completed", days: { done: DAYS, total: DAYS } });
    const count = await call(two.client, "sql_scalar", { query: "SELECT count(*) FROM events" });
    expect(count.value["value"]).toBe(DAYS * PER_DAY);
  }, 60_000);

  test("a killed process' job is interrupted, its table partial, and the other one resumes it", async () => {
    const one = await connect();
    const two = await connect();
    const started = (await call(one.client, "fetch_events", { ...RANGE, table: "killed", wait_seconds: 2 }))
      .value as Job;
    expect(started.status).toBe("running");
    process.kill(one.pid, "SIGKILL");
    await Bun.sleep(200);
    const { value } = await call(two.client, "list_tables");
    const table = (value["tables"] as { name: string; status: string; missing_ranges: unknown[] }[]).find(
      ({ name }) => name === "killed",
    );
    expect(table?.status).toBe("partial");
    expect(table?.missing_ranges).not.toEqual([]);
    expect(await jobOf(two.client, { job_id: started.job_id })).toMatchObject({ status: "interrupted" });
    raw.asked.length = 0;
    const resumed = (await call(two.client, "fetch_events", { table: "killed", mode: "resume" })).value as Job;
    expect(resumed.status).toBe("completed");
    expect(raw.asked.length).toBe(resumed.days.total);
    expect(resumed.days.total).toBeLessThan(DAYS);
    const count = await call(two.client, "sql_scalar", { query: "SELECT count(*) FROM killed" });
    expect(count.value["value"]).toBe(DAYS * PER_DAY);
  }, 60_000);

  for (const [how, table] of [
    ["SIGTERM", "terminated"],
    ["end of input", "gone"],
  ] as const) {
    test(`${how}: the job is interrupted, finished days are kept, the next server resumes`, async () => {
      const one = await connect();
      const started = (await call(one.client, "fetch_events", { ...RANGE, table, wait_seconds: 1.5 })).value as Job;
      expect(started.status).toBe("running");
      if (how === "SIGTERM") process.kill(one.pid, "SIGTERM");
      else await one.client.close();
      for (let waited = 0; isAlive(one.pid) && waited < 5_000; waited += 50) await Bun.sleep(50);
      expect(isAlive(one.pid)).toBe(false);
      const two = await connect();
      const job = await jobOf(two.client, { job_id: started.job_id });
      expect(job.status).toBe("interrupted");
      raw.asked.length = 0;
      const resumed = (await call(two.client, "fetch_events", { table, mode: "resume" })).value as Job;
      expect(resumed.status).toBe("completed");
      expect(resumed.days.total).toBeLessThan(DAYS);
      expect(raw.asked.length).toBe(resumed.days.total);
      const count = await call(two.client, "sql_scalar", { query: `SELECT count(*) FROM ${table}` });
      expect(count.value["value"]).toBe(DAYS * PER_DAY);
    }, 60_000);
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
