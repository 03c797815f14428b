/** SQL in the built executable: its child process, what that may reach, and how both end. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ERROR_META } from "../../src/server/reply.ts";
import { hostileStatements } from "../unit/store/hostile-sql.ts";
import { connectBinary, temporaryHome } from "./binary.ts";

const SECRET = "canary-secret-7f3a9c";
const ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

let home: ReturnType<typeof temporaryHome>;
let client: Client;
let pid: number;
beforeAll(async () => {
  home = temporaryHome();
  client = await connect();
  pid = pidOf(client);
});
afterAll(async () => {
  await client.close();
  home.remove();
});

function connect(): Promise<Client> {
  return connectBinary([], {
    ...home.env,
    MP_USERNAME: "canary-user-7f3a9c",
    MP_SECRET: SECRET,
    MP_PROJECT_ID: "1",
    MP_SQL_TIMEOUT_MS: "3000",
  });
}

function pidOf(of: Client): number {
  return (of.transport as StdioClientTransport).pid ?? 0;
}

async function sql(query: string, from = client, signal?: AbortSignal) {
  const result = await from.callTool({ name: "sql", arguments: { query } }, undefined, { signal });
  const error = result._meta?.[ERROR_META] as { code: string; message: string } | undefined;
  return { rows: (result.structuredContent as { rows?: unknown[][] } | undefined)?.rows, error };
}

test("hostile statements are refused, legitimate ones answered", async () => {
  const kept = await client.callTool({
    name: "create_table",
    arguments: { table: "events", query: "SELECT 'a' AS event_name, '{\"plan\":\"pro\"}' AS properties" },
  });
  expect(kept.isError).toBeFalsy();
  const files = () => readdirSync(home.home, { recursive: true }).map(String).sort();
  const before = files();
  const codes = new Set<string>();
  for (const statement of hostileStatements(join(home.home, "other.sqlite"), join(home.home, "escaped"))) {
    const { error, rows } = await sql(statement);
    expect([statement, rows]).toEqual([statement, undefined]);
    codes.add(error?.code ?? "");
  }
  expect([...codes].sort()).toEqual(["INVALID_ARGUMENT", "SQL_ERROR", "SQL_FORBIDDEN"]);
  expect(files()).toEqual(before);
  expect((await sql("SELECT event_name, properties->>'$.plan', median(1), 'ab' REGEXP '^a' FROM events")).rows).toEqual(
    [["a", "pro", 1, 1]],
  );
});

test("the time limit, a cancelled call, and the next one", async () => {
  expect((await sql(ENDLESS)).error?.code).toBe("SQL_TIMEOUT");
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 200);
  await expect(sql(ENDLESS, client, abort.signal)).rejects.toThrow();
  expect((await sql("SELECT 1")).rows).toEqual([[1]]);
});

const linux = test.skipIf(process.platform !== "linux");

linux("the child's arguments and environment hold nothing", async () => {
  await sql("SELECT 1");
  const children = childrenOf(pid);
  expect(children.length).toBeGreaterThan(0);
  for (const child of children) {
    const all = `${readFileSync(`/proc/${child}/cmdline`, "latin1")} ${readFileSync(`/proc/${child}/environ`, "latin1")}`;
    expect(all).not.toContain("canary");
    expect(all).not.toContain(home.home);
  }
});

linux("a child dies with a server that is killed in the middle of a query", async () => {
  const other = await connect();
  void sql(ENDLESS, other).catch(() => undefined);
  while (childrenOf(pidOf(other)).length === 0) await Bun.sleep(10);
  const children = childrenOf(pidOf(other));
  process.kill(pidOf(other), "SIGKILL");
  for (let waited = 0; children.some(alive); waited += 10) {
    expect(waited).toBeLessThan(1_000);
    await Bun.sleep(10);
  }
});

linux("a server that is closed in the middle of a query takes its child along", async () => {
  const other = await connect();
  void sql(ENDLESS, other).catch(() => undefined);
  while (childrenOf(pidOf(other)).length === 0) await Bun.sleep(10);
  const children = [pidOf(other), ...childrenOf(pidOf(other))];
  await other.close();
  for (let waited = 0; children.some(alive); waited += 10) {
    expect(waited).toBeLessThan(5_000);
    await Bun.sleep(10);
  }
});

test("two servers on one store see each other's tables", async () => {
  const other = await connect();
  await client.callTool({ name: "create_table", arguments: { table: "shared", query: "SELECT 42 AS n" } });
  expect((await sql("SELECT n FROM shared", other)).rows).toEqual([[42]]);
  await other.callTool({ name: "drop_table", arguments: { table: "shared" } });
  expect((await sql("SELECT n FROM shared")).error?.code).toBe("SQL_ERROR");
  await other.close();
});

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && statOf(Number(name))[1] === String(parent))
    .map(Number);
}

/** Of /proc/PID/stat, what follows the name: state, parent, ... Empty when the process is gone. */
function statOf(of: number): string[] {
  try {
    const stat = readFileSync(`/proc/${of}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function alive(of: number): boolean {
  const [status] = statOf(of);
  return status !== undefined && status !== "Z";
}
