/** The checks of `doctor`, in the order a person would mend them. Each says ok, or what is wrong and what to do. */
import { homedir } from "node:os";
import type { Config, Environment } from "../../config.ts";
import { Fault } from "../../fault.ts";
import type { Log } from "../../log.ts";
import { createApi } from "../../mixpanel/client.ts";
import { type Verified, verify } from "../setup/verify.ts";
import { checkClientFiles } from "./client-files.ts";
import { checkClock } from "./clock.ts";
import { checkDataFolder, checkSqlite } from "./local.ts";

export type Check = { name: string; ok: boolean; message: string; fix?: string };

export async function runChecks(config: Config, env: Environment, log: Log): Promise<Check[]> {
  const checks: Check[] = [checkConfig(config)];
  for (const warning of config.warnings) checks.push({ name: "warning", ok: false, message: warning });
  if (!(config.account instanceof Fault)) checks.push(...(await checkMixpanel(config, log)));
  checks.push(checkDataFolder(config.dataDir), checkSqlite());
  checks.push(...checkClientFiles({ platform: process.platform, home: homedir(), env }));
  return checks;
}

function checkConfig({ account, configPath, apiUrl }: Config): Check {
  if (account instanceof Fault) return failed("config", account);
  const where = account.name === "environment" ? "the environment" : `account "${account.name}" of ${configPath}`;
  return {
    name: "config",
    ok: true,
    message: `${where}: project ${account.projectId}, region ${account.region}${apiUrl ? `, asking ${apiUrl}` : ""}`,
  };
}

function failed(name: string, fault: Fault): Check {
  return { name, ok: false, message: `${fault.code}: ${fault.message}`, fix: fault.suggestions.join(" ") };
}

/** Credentials, project, region, plan, quota and clock: one unmetered request and one query. */
async function checkMixpanel(config: Config, log: Log): Promise<Check[]> {
  const { account } = config;
  if (account instanceof Fault) return [];
  const checks: Check[] = [];
  let gone = false;
  // Asked at the same time: without a network each of them waits.
  const clock = checkClock(config);
  try {
    const verified = await verify(account, { dataDir: config.dataDir, apiUrl: config.apiUrl, log });
    checks.push(...verifiedChecks(verified, account.region));
    gone = verified.quotaGone;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    checks.push(failed(CHECK_OF[error.code] ?? "connection", error));
  }
  checks.push(await clock);
  checks.push(checkQuota(config, log, gone));
  return checks;
}

const CHECK_OF: Partial<Record<Fault["code"], string>> = {
  AUTH_FAILED: "credentials",
  PERMISSION_DENIED: "project",
  CONFIG_INVALID: "region",
  NETWORK_ERROR: "connection",
  RATE_LIMITED: "quota",
};

function verifiedChecks(verified: Verified, configured: string): Check[] {
  const { account, projectName, timezone, queryApi } = verified;
  const right = account.region === configured;
  return [
    { name: "credentials", ok: true, message: `accepted for ${account.username}` },
    {
      name: "region",
      ok: right,
      message: right ? configured : `the project is in region ${account.region}, not ${configured}.`,
      ...(right ? {} : { fix: `Set MP_REGION=${account.region}, or region = "${account.region}" in the config file.` }),
    },
    {
      name: "project",
      ok: true,
      message: `${account.projectId}${projectName ? ` "${projectName}"` : ""}${timezone ? `, time zone ${timezone}` : ""}`,
    },
    {
      name: "plan",
      ok: queryApi,
      message: queryApi ? "includes the Query API" : "this Mixpanel plan does not include the Query API (402).",
      ...(queryApi ? {} : { fix: "Live queries need Growth or Enterprise; fetch_events and SQL work without." }),
    },
  ];
}

function checkQuota(config: Config, log: Log, gone: boolean): Check {
  if (config.account instanceof Fault) return { name: "quota", ok: true, message: "unknown without an account" };
  const api = createApi(config.account, { dataDir: config.dataDir, apiUrl: config.apiUrl, log });
  try {
    const { query, export: raw } = api.quota();
    const left = query.limit - query.used;
    const message = `${query.used} of ${query.limit} queries and ${raw.used} of ${raw.limit} exports used in the last hour`;
    return left > 0 && !gone
      ? { name: "quota", ok: true, message }
      : {
          name: "quota",
          ok: false,
          message: `${message}.`,
          fix: `The next query is possible at ${query.resets_at ?? "the end of the hour"}; SQL on fetched tables works meanwhile.`,
        };
  } finally {
    api.close();
  }
}
